"""What the hub needs of the outside, as small capabilities. Adapters live in ``integrations/``.

Each port has a fake in ``tests/`` that passes the same contract test as the real adapter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.domain.activities import Details, Message
from hub.domain.effects import Notification
from hub.domain.homeassistant import ServiceCall
from hub.domain.offers import Window
from hub.domain.orders import OrderAnswer, OrderRequest, Signed, Subscriber
from hub.domain.peers import Peer, PeerMessage, Receipt, Refusal
from hub.domain.push import PushSubscription
from hub.domain.shopping import ListItem
from hub.domain.values import dataclass


class DeliveryError(Exception):
    """Something could not be delivered.

    ``retry`` is true when trying again later may help and cannot do harm. ``unknown`` is true when
    it may have arrived all the same: ask for the status, never send blindly again.
    """

    def __init__(self, message: str, *, retry: bool = True, unknown: bool = False) -> None:
        """Say what failed in one line a person can act on."""
        super().__init__(message)
        self.retry = retry
        self.unknown = unknown


class Clock(Protocol):
    """Where *now* comes from, and how long to wait for an instant (``hub.clock`` has two)."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def seconds_until(self, instant: datetime) -> float:
        """Return for how many real seconds to sleep before looking again whether ``instant`` came.

        0 when it is past. A clock whose pace may change says less than is left.
        """
        ...


class Notifier(Protocol):
    """A way to reach a member: ntfy, Apprise, …"""

    async def notify(self, notification: Notification) -> None:
        """Deliver it; a later one with the same tag replaces it. Raises DeliveryError."""
        ...


class PushSubscriptions(Protocol):
    """The browsers that members allowed to notify them."""

    def of(self, member: str) -> Sequence[PushSubscription]:
        """Return a member's."""
        ...

    def drop(self, subscription_id: str) -> None:
        """Forget one that its push service says is gone."""
        ...


class Provider(Protocol):
    """A way to send Beckn messages; the answers come back through the inbox."""

    async def send(self, request: OrderRequest) -> Signed:
        """Return the message as it was sent, when the other side has acknowledged (ACK).
        Raises DeliveryError; a NACK is a DeliveryError with ``retry=False``."""
        ...

    async def find(self, domain: str) -> Sequence[Subscriber]:
        """Return the providers to ask for ``domain`` (e.g. ``grocery``)."""
        ...


AnswerSink = Callable[[OrderAnswer], Awaitable[bool]]
"""Called with each verified callback; returns after it is committed (True) or, when it was known
already, False. Raises when it could not be stored: then no ACK may be given."""


class PeerTransport(Protocol):
    """A way to another household's hub: signs, encrypts and carries."""

    async def send(self, peer: Peer, message: PeerMessage) -> Receipt | None:
        """Return what the hub says once it has committed; None when a relay has the message, whose
        receipt comes as a message of its own. Raises DeliveryError: ``retry`` is false only for an
        introduction (``hello``) that was refused."""
        ...


PeerSink = Callable[[PeerMessage, bool], Awaitable[Receipt | Refusal]]
"""Called with each proven message of another hub, and whether a relay brought it. Returns, after it
is committed, what its sender is told; raises when it could not be stored: then nothing is."""


@dataclass(frozen=True, slots=True)
class InMessage:
    """One MQTT message as received.

    ``mid`` is the packet id (0 for QoS 0), ``dup`` the DUP flag, ``retain`` whether it was
    retained, ``connection`` counts the connections of this process; ``received_at`` is UTC.
    ``size`` is the bytes of the original payload when it was too large and was cut, else 0.
    """

    topic: str
    payload: bytes
    qos: int
    mid: int
    dup: bool
    retain: bool
    connection: int
    received_at: datetime
    handle: object = None
    size: int = 0


class HomeControl(Protocol):
    """A Home Assistant beside the hub, as something that can be asked."""

    async def call(self, call: ServiceCall, *, answer: bool = False) -> Mapping[str, object]:
        """Have it do something; returns its answer where one is wanted, else nothing.

        Raises DeliveryError: ``retry`` while it is away, ``unknown`` when it did not answer.
        """
        ...


class ShoppingLists(Protocol):
    """Shopping lists kept elsewhere, each under the name the household uses for it.

    All of it raises DeliveryError.
    """

    async def read(self, todo: str) -> Sequence[ListItem]:
        """Return what stands open on a list."""
        ...

    async def complete(self, todo: str, text: str, uid: str) -> None:
        """Tick an item off, if it still stands there. Doing it twice is as doing it once."""
        ...


class BackupPlace(Protocol):
    """A folder on another machine that keeps backups. All of it raises DeliveryError."""

    async def names(self) -> Sequence[str]:
        """Return the names of the files in it."""
        ...

    async def put(self, file: Path, name: str, sha256: str) -> None:
        """Send a file. It gets its ``name`` only once the other side gave back the same bytes
        (``sha256``, in hex); until then it is ``<name>.part``, which counts for nothing."""
        ...

    async def get(self, name: str, file: Path) -> None:
        """Bring a file here."""
        ...

    async def remove(self, name: str) -> None:
        """Delete a file; one that is gone already is no mistake."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


class MessageSink(Protocol):
    """Where an MQTT adapter hands its messages over: called in its network thread."""

    def put(self, message: InMessage) -> None:
        """Take one message; may block when too many wait (back-pressure). Never raises."""
        ...

    def connected(self, connection: int, session_present: bool) -> None:
        """Tell that a connection was made; ``session_present`` False: nothing is redelivered."""
        ...


class MessageSource(Protocol):
    """An MQTT connection that outlives the broker."""

    def ack(self, messages: Sequence[InMessage]) -> None:
        """Acknowledge messages whose transaction is committed; safe from any thread."""
        ...

    def subscribe(self, filters: Sequence[str]) -> None:
        """Add topic filters at QoS 1, now and after each reconnection. Safe from any thread."""
        ...

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Drop topic filters."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Queue a message for sending."""
        ...


class InvitationFormat(Protocol):
    """Writes and reads iTIP messages (RFC 5546) as text that other programs understand."""

    def write(self, message: Message) -> str:
        """Return a message as ``text/calendar``."""
        ...

    def read(
        self, text: str, sender: str, zone: ZoneInfo, answer_by: datetime | None
    ) -> Sequence[Message]:
        """Return what a text says; ActivityError names the property that is wrong.

        ``sender`` is the calendar address that is proved; ``zone`` is for times without one.
        """
        ...

    def occurrences(self, details: Details, within: Window, most: int) -> tuple[Window, ...]:
        """Return when an activity happens within a time, the first ``most``, in order.

        ActivityError for a rule that is not taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class RenderJob:
    """One template over one payload: Home Assistant's ``value`` and ``value_json``.

    ``payload`` is the MQTT payload as text; ``variables`` are further ones, e.g. ``this``.
    """

    template: str
    payload: str
    variables: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class RenderFailure:
    """A template that could not be rendered: its own error, or it hit the memory or time limit."""

    reason: str


class TemplateRenderer(Protocol):
    """Renders device templates where they can do no harm."""

    def render(self, jobs: Sequence[RenderJob]) -> list[str | RenderFailure]:
        """Return one result for each job, in order. Never raises for a job's own fault."""
        ...
