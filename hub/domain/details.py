"""When and where something is, and who a person is, in the words of iCalendar (RFC 5545)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hub.domain.geo import read_gps
from hub.domain.offers import Place, Window
from hub.domain.values import dataclass

MOST_EXCLUDED = 400
LONGEST = timedelta(days=366)
"""The longest one occurrence may take."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,30}:[^\s\x00-\x1f\x7f<>\"]{1,300}")
_RULE = re.compile(r"FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;[A-Z-]+=[A-Z0-9,+:-]+)*")
_SIZES = {"uid": 255, "summary": 200, "description": 4000, "location": 300, "name": 100}


class ActivityError(ValueError):
    """Something that cannot be an activity, or cannot be done with one: one line for a person."""


def address(text: str) -> str:
    """Return a calendar address as it is compared: ``mailto:ben@home.example``.

    RFC 5545, 3.3.3: a URI. Upper and lower case do not matter in the addresses hubs use. Raises
    ActivityError for anything else.
    """
    plain = text.strip().lower()
    if "@" in plain and ":" not in plain:
        plain = f"mailto:{plain}"
    if not _ADDRESS.fullmatch(plain):
        raise ActivityError(
            f"expected an address such as mailto:ben@home.example, got {text!r:.80}"
        )
    return plain


def zone_of(name: str, field: str = "zone") -> ZoneInfo:
    """Return a zone by its IANA name. ActivityError, naming ``field``, when there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ActivityError(
            f"{field}: there is no time zone {name[:60]!r}; expected one such as Europe/Berlin"
        ) from None


def whole_seconds(moment: datetime) -> datetime:
    """Return an instant as iCalendar can write it (RFC 5545, 3.3.5)."""
    return moment.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody by calendar address, as ``address`` writes it."""

    address: str
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no address, or a name that goes on for ever (ActivityError)."""
        object.__setattr__(self, "address", address(self.address))
        check_length("name", self.name)


@dataclass(frozen=True, slots=True)
class Details:
    """What it is, when and where.

    ``window`` is the first occurrence where ``recurrence`` (the text of an RRULE) makes more;
    ``excluded`` are the starts that are left out (EXDATE). ``all_day``: from midnight to midnight
    in ``zone``. ``gps`` is ``"lat,lon"``. ``answer_by`` is until when answers are awaited.
    """

    window: Window
    zone: str
    summary: str
    all_day: bool = False
    description: str = ""
    location: str = ""
    gps: str | None = None
    recurrence: str = ""
    excluded: tuple[datetime, ...] = ()
    answer_by: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what nobody could go to (ActivityError, naming the field)."""
        zone_of(self.zone)
        for name in ("summary", "description", "location"):
            check_length(name, getattr(self, name))
        if not self.summary.strip():
            raise ActivityError("summary: expected a few words saying what it is")
        if self.window.end - self.window.start > LONGEST:
            raise ActivityError(f"an activity may take {LONGEST.days} days at most")
        if self.gps is not None:
            try:
                read_gps(self.gps)
            except ValueError as error:
                raise ActivityError(f"gps: {error}") from None
        if self.recurrence and (len(self.recurrence) > 300 or not _RULE.fullmatch(self.recurrence)):
            raise ActivityError(
                f"recurrence: expected a rule such as FREQ=WEEKLY;COUNT=10,"
                f" got {self.recurrence!r:.80}"
            )
        if len(self.excluded) > MOST_EXCLUDED:
            raise ActivityError(f"excluded: expected at most {MOST_EXCLUDED} dates")
        whole = Window(whole_seconds(self.window.start), whole_seconds(self.window.end))
        object.__setattr__(self, "window", whole)
        object.__setattr__(self, "excluded", tuple(sorted(map(whole_seconds, self.excluded))))
        if self.answer_by is not None:
            object.__setattr__(self, "answer_by", whole_seconds(self.answer_by))

    @property
    def place(self) -> Place | None:
        """Return where it is, None when that is not known well enough to be driven to."""
        return Place(self.gps, self.location) if self.gps else None

    def same_question(self, other: Details) -> bool:
        """Tell whether who said yes to one said yes to the other: same times, same place."""
        return (
            self.window == other.window
            and self.all_day == other.all_day
            # The parts of a rule may come in any order (RFC 5545, 3.3.10).
            and sorted(self.recurrence.split(";")) == sorted(other.recurrence.split(";"))
            and self.excluded == other.excluded
            and (self.gps or self.location) == (other.gps or other.location)
            # A repeated activity in another zone is at other times.
            and (not self.recurrence or self.zone == other.zone)
        )


def check_length(field: str, text: str) -> None:
    """Refuse more text than a field takes (ActivityError)."""
    most = _SIZES[field]
    if len(text) > most:
        raise ActivityError(f"{field}: expected at most {most} characters, got {len(text)}")
