"""Contacts: the households we know, what they may ask and see, and the circles they belong to.

A contact is another hub, or a friend without one who is reached by e-mail. Its life and what is
allowed are here; keys and messages are the peers' matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from hub.domain.activities import ActivityError, Message, address
from hub.domain.life import Life
from hub.domain.offers import Window
from hub.domain.spans import clipped, union
from hub.domain.values import dataclass

ContactState = Literal["offered", "known", "removed"]

CONTACT_LIFE: Life[ContactState] = Life(
    "contact",
    {
        # Until a member here has agreed, nothing of theirs is shown and nothing is told.
        "offered": frozenset({"known", "removed"}),
        "known": frozenset({"known", "removed"}),
        # Becoming friends again takes a new code, and so a new contact.
        "removed": frozenset(),
    },
)

Sight = Literal["nothing", "busy"]
"""What a contact may see of us: nothing, or when we are busy, never with what."""

MOST_CIRCLES = 20
MOST_ADDRESSES = 10
MOST_INVITATIONS = 20
"""Invitations of one contact a day that members are asked about."""
FARTHEST = timedelta(days=31)
"""How long a time a contact may ask about at once."""

_CIRCLE = re.compile(r"[^\W_][\w -]{0,39}")


@dataclass(frozen=True, slots=True)
class Contact:
    """Another household. ``addresses`` are the calendar addresses it may speak for.

    ``peer`` is its hub's id, "" for a friend without a hub; ``email`` is where such a friend gets
    invitations. ``muted``: what it sends is kept and nobody is asked. ``sees`` is what it may
    see. ``gps`` is where it lives, where it has told. ``witness``: each countersigns the other's
    log.
    """

    id: str
    name: str
    state: ContactState
    addresses: tuple[str, ...]
    peer: str = ""
    email: str = ""
    sees: Sight = "nothing"
    muted: bool = False
    circles: tuple[str, ...] = ()
    gps: str | None = None
    since: datetime | None = None
    witness: bool = False

    def __post_init__(self) -> None:
        """Refuse a contact nobody could reach, and a circle's name that cannot be shown."""
        if not 0 < len(self.name.strip()) <= 80:
            raise ActivityError("name: expected 1 to 80 characters")
        if not 0 < len(self.addresses) <= MOST_ADDRESSES:
            raise ActivityError(f"addresses: expected 1 to {MOST_ADDRESSES}")
        object.__setattr__(self, "addresses", tuple(map(address, self.addresses)))
        if not self.peer and not self.email:
            raise ActivityError(f"{self.name} has neither a hub nor an e-mail address")
        if len(self.circles) > MOST_CIRCLES:
            raise ActivityError(f"circles: expected at most {MOST_CIRCLES}")
        for circle in self.circles:
            if not _CIRCLE.fullmatch(circle):
                raise ActivityError(f"circles: expected a short name, got {circle!r:.60}")

    def moved(self, state: ContactState, **changes: object) -> Contact:
        """Return it in ``state`` with ``changes``; IllegalMove when its life does not allow it."""
        return replace(self, state=CONTACT_LIFE.move(self.state, state), **changes)  # type: ignore[arg-type]


Handling = Literal["ask", "keep", "refuse"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is done with a message: members are asked, it is kept silently, or it is refused."""

    handling: Handling
    reason: str = ""


def admit(contact: Contact | None, message: Message, invitations_today: int) -> Ruling:
    """Say what is done with a message whose sender the transport has proved.

    ``invitations_today`` is how many new activities this contact has invited us to since
    midnight. A stranger, one who speaks for another, and a flood are refused with the reason.
    """
    if contact is None or contact.state == "offered":
        return Ruling("refuse", f"{message.sender} is not among this household's contacts")
    if contact.state == "removed":
        return Ruling("refuse", f"{contact.name} is no contact of this household any more")
    if message.sender not in contact.addresses:
        return Ruling("refuse", f"{contact.name} cannot speak for {message.sender}")
    if message.method == "REQUEST" and invitations_today >= MOST_INVITATIONS:
        return Ruling(
            "refuse",
            f"{contact.name} has sent {invitations_today} invitations today; that is enough",
        )
    if contact.muted and message.method == "REQUEST":
        return Ruling("keep", f"{contact.name} is muted")
    return Ruling("ask")


def shown(
    contact: Contact | None, busy: Iterable[Window], asked: Window
) -> tuple[Window, ...] | None:
    """Return the busy times a contact may see in ``asked``, None when it may see nothing.

    Times that meet are joined: how many things there are is nobody's business either.
    """
    if contact is None or contact.state != "known" or contact.sees == "nothing":
        return None
    if asked.end - asked.start > FARTHEST:
        return None
    parts = (clipped(window, asked) for window in busy)
    return union(part for part in parts if part is not None)


def by_address(contacts: Iterable[Contact]) -> Mapping[str, Contact]:
    """Return the known contacts by each of their addresses."""
    return {
        each: contact
        for contact in contacts
        if contact.state == "known"
        for each in contact.addresses
    }


def circle(contacts: Iterable[Contact], name: str) -> tuple[Contact, ...]:
    """Return who belongs to a circle, by name of the contact; muted ones are left out."""
    wanted = name.casefold()
    found = (
        one
        for one in contacts
        if one.state == "known"
        and not one.muted
        and any(own.casefold() == wanted for own in one.circles)
    )
    return tuple(sorted(found, key=lambda one: (one.name, one.id)))


def placed(contact: Contact, circles: Sequence[str]) -> Contact:
    """Return it in these circles and no others, each once. ActivityError for a bad name."""
    return replace(contact, circles=tuple(sorted(dict.fromkeys(one.strip() for one in circles))))
