"""Activities: what people do together, in the words of iCalendar (RFC 5545).

An activity has one organizer, who alone may change or cancel it, and attendees who answer. What
follows from a message of somebody else is decided in ``hub/domain/itip.py``, what a member of
this household does in ``hub/domain/hosting.py``. Instants are aware and in UTC, to the second, as
iCalendar writes them; ``zone`` is where the clock hangs that they are meant by.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from hub.domain.details import MOST_EXCLUDED as MOST_EXCLUDED
from hub.domain.details import ActivityError as ActivityError
from hub.domain.details import Details as Details
from hub.domain.details import Person as Person
from hub.domain.details import address as address
from hub.domain.details import check_length
from hub.domain.details import whole_seconds as whole_seconds
from hub.domain.details import zone_of as zone_of
from hub.domain.life import Life
from hub.domain.offers import Window
from hub.domain.sharing import Share
from hub.domain.values import dataclass

ActivityState = Literal["tentative", "confirmed", "cancelled", "over"]

ACTIVITY_LIFE: Life[ActivityState] = Life(
    "activity",
    {
        "tentative": frozenset({"tentative", "confirmed", "cancelled", "over"}),
        "confirmed": frozenset({"confirmed", "tentative", "cancelled", "over"}),
        # Its organizer may call for it again, under a higher SEQUENCE.
        "cancelled": frozenset({"tentative", "confirmed"}),
        "over": frozenset(),
    },
)

PartStat = Literal["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"]
PARTSTATS: tuple[PartStat, ...] = ("NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE")
ANSWERS: tuple[PartStat, ...] = ("ACCEPTED", "DECLINED", "TENTATIVE")

Role = Literal["REQ-PARTICIPANT", "OPT-PARTICIPANT"]

Method = Literal["REQUEST", "REPLY", "CANCEL", "COUNTER", "DECLINECOUNTER"]
METHODS: tuple[Method, ...] = ("REQUEST", "REPLY", "CANCEL", "COUNTER", "DECLINECOUNTER")

MOST_ATTENDEES = 200
"""People of one activity: a hub is for friends; a mailing list is none."""
HIGHEST_SEQUENCE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody invited, and what they said.

    ``sequence`` and ``stamp`` are those of the answer taken last: an older one changes nothing.
    """

    address: str
    name: str = ""
    partstat: PartStat = "NEEDS-ACTION"
    role: Role = "REQ-PARTICIPANT"
    sequence: int = 0
    stamp: datetime | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no address, or words that go on for ever (ActivityError)."""
        object.__setattr__(self, "address", address(self.address))
        check_length("name", self.name)
        check_length("description", self.comment)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another time that an attendee proposed (COUNTER), as the organizer keeps it."""

    by: str
    window: Window
    sequence: int
    stamp: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity as this household knows it.

    ``sequence`` and ``stamp`` are the organizer's latest revision and when it was written
    (SEQUENCE, DTSTAMP). ``asked`` is the SEQUENCE since which times and place are what they are;
    an answer to an older one answers another question. ``recurrence_id`` is set where it stands
    for one occurrence of a repeated activity with the same ``uid``. ``proposals`` are open ones.
    """

    uid: str
    sequence: int
    stamp: datetime
    state: ActivityState
    organizer: Person
    details: Details
    attendees: tuple[Attendee, ...] = ()
    asked: int = 0
    recurrence_id: datetime | None = None
    proposals: tuple[Proposal, ...] = ()

    def __post_init__(self) -> None:
        """Refuse more people than MOST_ATTENDEES, or a UID nobody could keep (ActivityError)."""
        check_identity(self.uid, self.sequence)
        check_crowd(self.attendees)

    def moved(self, state: ActivityState, **changes: object) -> Activity:
        """Return it in ``state`` with ``changes``; IllegalMove when its life does not allow it."""
        return replace(self, state=ACTIVITY_LIFE.move(self.state, state), **changes)  # type: ignore[arg-type]

    @property
    def key(self) -> str:
        """Return what identifies it: the UID, and which occurrence where it is one."""
        return key_of(self.uid, self.recurrence_id)

    @property
    def open(self) -> bool:
        """Tell whether it is still to happen."""
        return self.state in ("tentative", "confirmed")

    def attendee(self, who: str) -> Attendee | None:
        """Return the attendee with this address, None when they were not invited."""
        wanted = address(who)
        return next((one for one in self.attendees if one.address == wanted), None)

    def with_attendee(self, changed: Attendee) -> Activity:
        """Return it with one attendee's line replaced."""
        return replace(
            self,
            attendees=tuple(
                changed if one.address == changed.address else one for one in self.attendees
            ),
        )

    def coming(self) -> tuple[Attendee, ...]:
        """Return who said yes."""
        return tuple(one for one in self.attendees if one.partstat == "ACCEPTED")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A cancellation that came before what it cancels, so that this is known when it comes."""

    uid: str
    sequence: int
    stamp: datetime
    organizer: Person
    recurrence_id: datetime | None = None

    @property
    def key(self) -> str:
        """Return what identifies it, as ``Activity.key``."""
        return key_of(self.uid, self.recurrence_id)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a household keeps of an activity: how it stands, and which of its members go.

    Of one that repeats ``occurrences`` are the next ones, as far as is looked ahead, and ``apart``
    those that stand for themselves (RECURRENCE-ID), changed or cancelled. ``late`` are answers
    after the deadline that wait for a member's word. ``shares`` are rides shared with contacts.
    """

    what: Activity | Tombstone
    going: tuple[str, ...] = ()
    occurrences: tuple[Window, ...] = ()
    apart: tuple[datetime, ...] = ()
    late: tuple[Attendee, ...] = ()
    shares: tuple[Share, ...] = ()

    def share(self, contact: str) -> Share | None:
        """Return what was said with a contact about sharing a ride there."""
        return next((one for one in self.shares if one.contact == contact), None)

    def with_share(self, contact: str, share: Share | None) -> Planned:
        """Return it with what is said with a contact now; None: nothing any more."""
        others = tuple(one for one in self.shares if one.contact != contact)
        return replace(self, shares=others if share is None else (*others, share))

    @property
    def activity(self) -> Activity:
        """Return the activity. ActivityError where only its cancellation has come."""
        if isinstance(self.what, Tombstone):
            raise ActivityError("it was cancelled before it was known here")
        return self.what

    @property
    def windows(self) -> tuple[Window, ...]:
        """Return when it happens: once, or at its next occurrences."""
        details = self.activity.details
        return self.occurrences if details.recurrence else (details.window,)

    def next_start(self, now: datetime) -> datetime:
        """Return when it begins next; when it began where it does not any more."""
        starts = [window.start for window in self.windows if window.start > now]
        return min(starts, default=self.activity.details.window.start)


@dataclass(frozen=True, slots=True)
class Message:
    """One iTIP message (RFC 5546), from whom the transport has proved.

    ``sender`` is that address. ``attendees`` are all of them with REQUEST, the one who answers
    with REPLY and COUNTER, who is no longer invited (empty: everybody) with CANCEL. ``details``
    go with REQUEST and COUNTER. ``status`` is the organizer's STATUS.
    """

    method: Method
    sender: str
    uid: str
    sequence: int
    stamp: datetime
    organizer: Person
    attendees: tuple[Attendee, ...] = ()
    details: Details | None = None
    status: Literal["TENTATIVE", "CONFIRMED"] = "CONFIRMED"
    recurrence_id: datetime | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        """Refuse more people than MOST_ATTENDEES, or a UID nobody could keep (ActivityError)."""
        check_identity(self.uid, self.sequence)
        check_crowd(self.attendees)
        if self.method in ("REQUEST", "COUNTER") and self.details is None:
            raise ActivityError(f"{self.method}: expected what it is and when")
        if self.method in ("REPLY", "COUNTER") and len(self.attendees) != 1:
            raise ActivityError(f"{self.method}: expected one ATTENDEE, who it is from")
        object.__setattr__(self, "sender", address(self.sender))
        object.__setattr__(self, "stamp", whole_seconds(self.stamp))

    @property
    def key(self) -> str:
        """Return what it is about, as ``Activity.key``."""
        return key_of(self.uid, self.recurrence_id)


def key_of(uid: str, recurrence_id: datetime | None) -> str:
    """Return the key of an activity, or of one occurrence of a repeated one."""
    return uid if recurrence_id is None else f"{uid}#{recurrence_id:%Y%m%dT%H%M%SZ}"


def part_of(key: str) -> tuple[str, datetime] | None:
    """Return the UID and the RECURRENCE-ID that a key names, None where it names a whole."""
    uid, mark, text = key.rpartition("#")
    if not mark:
        return None
    try:
        return uid, datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def check_identity(uid: str, sequence: int) -> None:
    """Refuse a UID that is empty, endless or unreadable, and a SEQUENCE that cannot be."""
    if not uid.strip() or not uid.isprintable():
        raise ActivityError("UID: expected printable text")
    check_length("uid", uid)
    if not 0 <= sequence <= HIGHEST_SEQUENCE:
        raise ActivityError(f"SEQUENCE: expected 0 to {HIGHEST_SEQUENCE}, got {sequence}")


def check_crowd(attendees: tuple[Attendee, ...]) -> None:
    """Refuse more attendees than MOST_ATTENDEES, and one that is named twice."""
    if len(attendees) > MOST_ATTENDEES:
        raise ActivityError(
            f"ATTENDEE: expected at most {MOST_ATTENDEES} people, got {len(attendees)}"
        )
    named = {one.address for one in attendees}
    if len(named) != len(attendees):
        raise ActivityError("ATTENDEE: somebody is named twice")
