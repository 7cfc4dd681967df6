"""The form of an activity: read into its details, or refused naming the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hub.domain.activities import ActivityError, Details
from hub.domain.offers import Window
from hub.domain.values import dataclass
from hub.web.i18n import N_
from hub.web.words import Words

REPEATS = {
    "": N_("just once"),
    "DAILY": N_("each day"),
    "WEEKLY": N_("each week"),
    "MONTHLY": N_("each month"),
    "YEARLY": N_("each year"),
}
MOST_TIMES = 100
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form shows in its fields. ``repeat`` is ``kept`` where it is none of REPEATS."""

    summary: str = ""
    day: str = ""
    start: str = ""
    end: str = ""
    until: str = ""
    all_day: bool = False
    location: str = ""
    gps: str = ""
    description: str = ""
    answer_by: str = ""
    repeat: str = ""
    times: str = "10"
    emails: str = ""
    guests: frozenset[str] = frozenset()

    def on(self, day: date) -> Filled:
        """Return it on another day."""
        return replace(self, day=str(day))


def empty(words: Words, day: date | None = None) -> Filled:
    """Return the fields of a new activity: the next full hour but one, for two hours."""
    soon = (words.now + timedelta(hours=2)).astimezone(words.zone).replace(minute=0)
    on = day or soon.date()
    end = soon + timedelta(hours=2)
    return Filled(day=str(on), start=f"{soon:%H:%M}", end=f"{end:%H:%M}")


def filled(details: Details, words: Words) -> Filled:
    """Return the fields of an activity that is there."""
    start, end = (
        each.astimezone(words.zone) for each in (details.window.start, details.window.end)
    )
    last = end - _DAY if details.all_day else end
    parts = dict(part.partition("=")[::2] for part in details.recurrence.split(";") if part)
    simple = set(parts) == {"FREQ", "COUNT"} and parts["FREQ"] in REPEATS
    until = "" if last.date() == start.date() else str(last.date())
    by = details.answer_by
    return Filled(
        summary=details.summary,
        day=str(start.date()),
        start="" if details.all_day else f"{start:%H:%M}",
        end="" if details.all_day else f"{end:%H:%M}",
        until=until,
        all_day=details.all_day,
        location=details.location,
        gps=details.gps or "",
        description=details.description,
        answer_by=f"{by.astimezone(words.zone):%Y-%m-%dT%H:%M}" if by else "",
        repeat=parts["FREQ"] if simple else ("kept" if details.recurrence else ""),
        times=parts["COUNT"] if simple else "10",
    )


def given(form: Mapping[str, str]) -> Filled:
    """Return the fields as they were sent, to be shown again where one is wrong."""
    guests = frozenset(name.partition(":")[2] for name in form if name.startswith("guest:"))
    names = ("summary", "day", "start", "end", "until", "location", "gps", "description",
             "answer_by", "repeat", "times", "emails")  # fmt: skip
    texts = {name: form.get(name, "").strip() for name in names}
    return Filled(**texts, all_day=bool(form.get("all_day")), guests=guests)


def details_of(fields: Filled, words: Words, now: Details | None = None) -> Details:
    """Return what the fields mean; ``now`` is what is changed. ActivityError names the field."""
    window = window_of(fields, words)
    by = instant_of(fields.answer_by, "answer_by", words) if fields.answer_by else None
    made = Details(
        window,
        # A friend's or a calendar's zone stays: what repeats hangs on its clock.
        now.zone if now else words.zone.key,
        " ".join(fields.summary.split()),
        all_day=fields.all_day,
        description=fields.description.replace("\r\n", "\n"),
        location=" ".join(fields.location.split()),
        gps=fields.gps or None,
        recurrence=_recurrence(fields, now),
        answer_by=by,
    )
    return (
        replace(made, excluded=now.excluded) if now and made.recurrence == now.recurrence else made
    )


def window_of(fields: Filled, words: Words) -> Window:
    """Return the span of a form's date and times. An end before the start is of the next day.

    ActivityError names the field that is wrong.
    """
    day = _day(fields.day, "date")
    until = _day(fields.until, "until") if fields.until else day
    if until < day:
        raise ActivityError("until: expected a day that is not before the first")
    if fields.all_day:
        return _span(_at(day, time(), words), _at(until + _DAY, time(), words))
    start, end = _time(fields.start, "start"), _time(fields.end, "end")
    if until == day and end <= start:
        until = day + _DAY
    return _span(_at(day, start, words), _at(until, end, words))


def _span(start: datetime, end: datetime) -> Window:
    try:
        return Window(start, end)
    except ValueError as error:
        raise ActivityError(str(error)) from None


def _recurrence(fields: Filled, now: Details | None) -> str:
    if fields.repeat == "kept" and now is not None:
        return now.recurrence
    if not fields.repeat:
        return ""
    if fields.repeat not in REPEATS:
        raise ActivityError(f"repeat: expected one of {', '.join(filter(None, REPEATS))}")
    text = fields.times
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 < int(text) <= MOST_TIMES):
        raise ActivityError(f"times: expected 2 to {MOST_TIMES}")
    return f"FREQ={fields.repeat};COUNT={int(text)}"


def _day(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not 2000 <= found.year <= 2200:
        raise ActivityError(f"{field}: expected a day such as 2026-11-28, got {text!r:.40}")
    return found


def _time(text: str, field: str) -> time:
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise ActivityError(f"{field}: expected a time such as 18:30, got {text!r:.40}") from None


def _at(day: date, clock: time, words: Words) -> datetime:
    return datetime.combine(day, clock, words.zone).astimezone(UTC)


def instant_of(text: str, field: str, words: Words) -> datetime:
    """Return the instant of a local date and time, ``2026-11-28T18:30``. ActivityError."""
    day, _, clock = text.partition("T")
    return _at(_day(day, field), _time(clock, field), words)
