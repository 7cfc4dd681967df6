"""Consent: what can leave the home, under which grant it may, and what did leave (pure).

``SCHEMA`` names every field that can leave. A message to a provider or a friend's hub is built from
fields that a *grant* covers, and from no others (``hub.flow.gate``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple, get_args

from hub.domain.values import dataclass

Field = Literal[
    "name",
    "address",
    "area_code",
    "gps",
    "area",
    "phone",
    "email",
    "items",
    "window",
    "people",
    "diet",
    "words",
    "activity",
    "busy",
    "presence",
    "card",
    "log",
    "sheet",
]
FIELDS: tuple[Field, ...] = get_args(Field)

SCHEMA: dict[Field, str] = {
    "name": "how the household is called",
    "address": "street and house number",
    "area_code": "the postal code",
    "gps": "where exactly the home is",
    "area": "where about the home is, to some hundred metres",
    "phone": "a telephone number",
    "email": "an e-mail address",
    "items": "what is wanted and how much of it, so what is lacking at home",
    "window": "when somebody is to come, or people are to be somewhere",
    "people": "how many people there are",
    "diet": "what people do not eat",
    "words": "what a member wrote: a complaint, a rating",
    "activity": "what is planned, when, where and with whom",
    "busy": "when the household is busy",
    "presence": "who is at home",
    "card": "the household's name, its keys and how its hub is reached",
    "log": "the name of the log, how many entries it has, and a hash of them",
    "sheet": "a sheet of the recovery words, which alone tells nothing",
}
"""Every field that can leave the home, and what it tells."""

Purpose = Literal["offer", "order", "friends"]
"""What for: to be made an *offer*, to have an *order* carried out, to live with *friends*."""

ERASE = "Please erase the personal data that you were told for this order."
"""What a provider is asked by a ``support`` message, for Beckn has no word for it."""

ERASED = "erased"
"""How the answer of one who did begins (``SupportContact.text``)."""

Scope = Literal["once", "always", "never"]
"""How far a member's answer reaches: for this order, for this provider, or not at all."""
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Grant:
    """A member's word that ``fields`` may be told to ``recipient`` for ``purpose``.

    ``recipient`` is a subscriber's id, or ``contact:`` and a contact's id; ``called`` is its name
    as members know it. ``about`` binds it to one order or activity, "" to none. ``until`` ends it.
    ``uses`` is for how many more orders it holds, None for any number; messages of one order are
    one use. A grant with ``never`` forbids instead, whatever other grants say. ``given_by`` is a
    member, ``rule:`` and a rule that may decide, or ``hub.yaml``. ``because`` is the suggestion.
    """

    id: str
    fields: tuple[Field, ...]
    recipient: str
    called: str
    purpose: Purpose
    given_by: str
    given_at: datetime
    about: str = ""
    until: datetime | None = None
    uses: int | None = None
    used_for: tuple[str, ...] = ()
    never: bool = False
    because: str = ""
    revoked_at: datetime | None = None
    revoked_by: str = ""

    def holds(self, recipient: str, purpose: Purpose, about: str, now: datetime) -> bool:
        """Tell whether it lets ``recipient`` be told something for ``purpose``, or forbids it."""
        return (
            self.recipient == recipient
            and self.purpose == purpose
            and self.about in ("", about)
            and self.revoked_at is None
            and (self.until is None or now < self.until)
            and (self.uses is None or about in self.used_for or len(self.used_for) < self.uses)
        )

    def used(self, about: str) -> Grant:
        """Return it as used for one more order; the same one twice counts once."""
        if self.uses is None or about in self.used_for:
            return self
        return replace(self, used_for=(*self.used_for, about))

    def revoked(self, member: str, now: datetime) -> Grant:
        """Return it taken back."""
        return replace(self, revoked_at=now, revoked_by=member)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request to erase: by whom, when and with which message, and what the recipient says."""

    asked_at: datetime
    asked_by: str
    message_id: str = ""
    answer: str = ""
    answered_at: datetime | None = None

    @property
    def erased(self) -> bool:
        """Whether the recipient says that it was done."""
        return self.answer.startswith(ERASED)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One message that left, and what of the schema was in it.

    ``id`` is the message's own. ``grants`` are the ids of those it left under. ``about`` is the
    order, activity or contact. ``digest`` is SHA-256 (hex) of the bytes that were sent, "" until
    they were. ``erasure`` is what came of asking the recipient to erase it.
    """

    id: str
    at: datetime
    recipient: str
    called: str
    purpose: Purpose
    fields: tuple[Field, ...]
    grants: tuple[str, ...]
    about: str = ""
    digest: str = ""
    sent_at: datetime | None = None
    erasure: Erasure | None = None

    @property
    def askable(self) -> bool:
        """Whether its recipient may be asked to erase it: not asked yet, or said something else."""
        said = self.erasure
        return said is None or (said.answered_at is not None and not said.erased)


class Allowed(NamedTuple):
    """What of some wanted fields may be told: ``fields`` under ``grants``, and what lacks one."""

    fields: tuple[Field, ...]
    grants: tuple[Grant, ...]
    lacking: tuple[Field, ...]
    forbidden: tuple[Field, ...]


def allowed(
    grants: Iterable[Grant],
    wanted: Iterable[Field],
    recipient: str,
    purpose: Purpose,
    about: str,
    now: datetime,
) -> Allowed:
    """Hold wanted fields, each named once, against the grants: deny by default.

    A field needs one grant that holds; a ``never`` that holds takes it away again. ``forbidden``
    are those of ``lacking`` about which members need not be asked: they said never.
    """
    never: tuple[Field, ...] = ()
    under: dict[Field, Grant] = {}
    for grant in grants:
        if grant.holds(recipient, purpose, about, now):
            if grant.never:
                never += grant.fields
            # What binds to this very order comes first, so that a standing grant is not used up.
            elif grant.about:
                under.update(dict.fromkeys(grant.fields, grant))
            else:
                under = dict.fromkeys(grant.fields, grant) | under
    told, lacking, used = [], [], {}
    for name in wanted:
        found = under.get(name)
        if found is None or name in never:
            lacking.append(name)
        else:
            told.append(name)
            used[found.id] = found
    forbidden = tuple([name for name in lacking if name in never]) if never else ()
    return Allowed(tuple(told), tuple(used.values()), tuple(lacking), forbidden)


TO_CONTACTS: dict[str, tuple[Field, ...]] = {
    "card": ("card",),
    "welcome": ("card",),
    "goodbye": (),
    "itip": ("activity", "words"),
    "freebusy": ("window",),
    "freebusy-answer": ("busy",),
    "ride-offer": ("area", "window", "activity"),
    "ride-join": ("address", "gps", "people", "activity"),
    "ride-shared": ("window", "activity"),
    "ride-off": ("activity",),
    "checkpoint": ("log",),
    "cosigned": (),
    "sheet": ("sheet",),
    "sheet-kept": (),
    "sheet-shown": (),
    "sheet-drop": (),
    "erase": (),
    "erase-answer": (),
}
"""What a message to a contact's hub tells, by its type; one that is not named here cannot be sent.

A contact is told by a member's own doing: made a contact, invited, let see busy times, offered a
seat.
"""
