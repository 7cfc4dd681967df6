"""VTIMEZONE (RFC 5545, 3.6.5) for a zone as it is in the years that matter.

Where the clock changes by a rule (*the last Sunday of March*) the rule is written, as all programs
understand it; where it does not, each change by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hub.domain.values import dataclass

if TYPE_CHECKING:
    from icalendar import Timezone

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of the clock: ``onset`` is local time as it was until then (``before``)."""

    onset: datetime
    before: timedelta
    after: timedelta
    name: str
    summer: bool

    @property
    def kind(self) -> tuple[timedelta, timedelta, str, bool]:
        return self.before, self.after, self.name, self.summer


def timezone_of(zone: ZoneInfo, first: datetime, last: datetime) -> Timezone:
    """Return the VTIMEZONE of ``zone`` for what lies between two aware instants."""
    import icalendar

    written = icalendar.Timezone()
    written.add("TZID", zone.key)
    years = range(first.year - 1, last.year + 2)
    changes = _changes(zone, years)
    if not changes or changes[0].onset.replace(tzinfo=UTC) - changes[0].before > first:
        start = datetime(years[0], 1, 1, tzinfo=UTC)
        offset = start.astimezone(zone).utcoffset() or timedelta(0)
        name = start.astimezone(zone).tzname() or zone.key
        initial = _Change(start.replace(tzinfo=None), offset, offset, name, False)
        _add(written, initial, None)
    for kind in dict.fromkeys(change.kind for change in changes):
        group = [change for change in changes if change.kind == kind]
        rule = _rule(group, years)
        for change in group[:1] if rule else group:
            _add(written, change, rule)
    return written


def _changes(zone: ZoneInfo, years: range) -> list[_Change]:
    found = []
    moment, end = datetime(years[0], 1, 1, tzinfo=UTC), datetime(years[-1] + 1, 1, 1, tzinfo=UTC)
    day = timedelta(days=1)
    state = _state(zone, moment)
    while moment < end:
        following = _state(zone, moment + day)
        if following != state:
            at = _bisect(zone, moment, moment + day)
            offset, name, summer = _state(zone, at)
            onset = (at + state[0]).replace(tzinfo=None)
            found.append(_Change(onset, state[0], offset, name, summer))
        moment, state = moment + day, following
    return found


def _state(zone: ZoneInfo, moment: datetime) -> tuple[timedelta, str, bool]:
    local = moment.astimezone(zone)
    return local.utcoffset() or timedelta(0), local.tzname() or zone.key, bool(local.dst())


def _bisect(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first second of the new state between two instants of which it begins."""
    state = _state(zone, before)
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _state(zone, middle) == state:
            before = middle
        else:
            after = middle
    return after


def _rule(group: Sequence[_Change], years: range) -> dict[str, object] | None:
    """Return the yearly rule by which all changes of one kind happen, None when there is none."""
    onsets = [change.onset for change in group]
    first = onsets[0]
    if [onset.year for onset in onsets] != list(years):
        return None
    same = {(onset.month, onset.weekday(), onset.time()) for onset in onsets}
    if len(same) != 1:
        return None
    weekday = _DAYS[first.weekday()]
    if all((onset + timedelta(days=7)).month != onset.month for onset in onsets):
        return {"FREQ": "YEARLY", "BYMONTH": first.month, "BYDAY": f"-1{weekday}"}
    numbers = {(onset.day - 1) // 7 + 1 for onset in onsets}
    if len(numbers) != 1:
        return None
    return {"FREQ": "YEARLY", "BYMONTH": first.month, "BYDAY": f"{numbers.pop()}{weekday}"}


def _add(written: Timezone, change: _Change, rule: dict[str, object] | None) -> None:
    import icalendar

    part: icalendar.TimezoneDaylight | icalendar.TimezoneStandard
    part = icalendar.TimezoneDaylight() if change.summer else icalendar.TimezoneStandard()
    part.add("DTSTART", change.onset)
    part.add("TZOFFSETFROM", change.before)
    part.add("TZOFFSETTO", change.after)
    part.add("TZNAME", change.name)
    if rule is not None:
        part.add("RRULE", rule)
    written.add_component(part)
