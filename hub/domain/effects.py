"""What is to be done outside, in the imperative: rows of the outbox.

An effect is written in the transaction of its cause. ``key`` identifies it for ever, so that the
receiver (or the pump) can recognise a second sending.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.domain.activities import Message, Person
from hub.domain.homeassistant import ServiceCall
from hub.domain.orders import OrderRequest
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class NotificationAction:
    """A button: ``token`` authorises exactly this verb once, by POST to ``/a/<token>``.

    ``spends``: it costs money, so a phone may want to see who presses it.
    """

    verb: str
    label: str
    token: str
    spends: bool = False


@dataclass(frozen=True, slots=True)
class Notification:
    """What a member reads on the phone.

    ``tag`` replaces an older notification with the same tag (``suggestion id``). ``priority`` is
    1 (least) to 5. ``expires`` is when it is no longer worth showing. With ``withdraw`` the
    question with this tag is over and there is nothing left to do about it: a channel that can
    take a notification back does that, another shows this one in its place.
    """

    tag: str
    title: str
    body: str
    member: str
    priority: int = 3
    actions: tuple[NotificationAction, ...] = ()
    link: str = ""
    expires: datetime | None = None
    withdraw: bool = False


@dataclass(frozen=True, slots=True)
class AskMember:
    """Ask one member about one version of a suggestion, over each of their channels."""

    suggestion_id: str
    version: int
    member: str
    channel: str


@dataclass(frozen=True, slots=True)
class TellMember:
    """Tell one member something that needs no answer; ``tag``, ``withdraw`` as in Notification."""

    tag: str
    title: str
    body: str
    member: str
    channel: str
    priority: int = 3
    withdraw: bool = False


@dataclass(frozen=True, slots=True)
class SendOrderRequest:
    """Send one Beckn message; ``order_id`` is the hub's order, empty for ``discover``."""

    request: OrderRequest
    order_id: str
    suggestion_id: str


@dataclass(frozen=True, slots=True)
class SendPeerMessage:
    """Send another household's hub what waits for it.

    ``messages``: all that waits, in order; ``upto`` is the number of the last one when it was asked
    for, and a later such effect stands for the earlier ones. ``hello``: introduce us with an
    invitation's token. ``receipt``: say what was committed, and about the message ``re`` why it was
    refused, or that its number was used before.
    """

    peer: str
    kind: Literal["messages", "hello", "receipt"]
    upto: int
    re: str = ""
    refused: str = ""
    used: bool = False


@dataclass(frozen=True, slots=True)
class SendMail:
    """Bring a guest without a hub an iTIP message by e-mail (RFC 6047), with ``text`` for people.

    The same message to the same guest is the same mail, however often it is sent. ``contact`` is
    the guest's id as a contact.
    """

    message: Message
    to: Person
    contact: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class CallHome:
    """Have Home Assistant do what a member agreed to: ``calls``, one after another, once."""

    suggestion_id: str
    calls: tuple[ServiceCall, ...]


@dataclass(frozen=True, slots=True)
class ChangeList:
    """Change a list of Home Assistant: ``add`` or ``complete`` what ``text`` says.

    ``uid`` is the item's own id, "" where only its words are known; ``about`` the suggestion that
    is added. Doing it twice is the same as doing it once.
    """

    todo: str
    verb: Literal["add", "complete"]
    text: str
    uid: str = ""
    about: str = ""


Effect = (
    AskMember | TellMember | SendOrderRequest | SendPeerMessage | SendMail | CallHome | ChangeList
)
EffectKind = Literal["ask", "tell", "order", "peer", "mail", "home", "list"]
