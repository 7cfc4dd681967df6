"""Reading single properties of iCalendar components, each fault with the property's name."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hub.domain.activities import ActivityError, zone_of
from hub.domain.geo import read_gps, write_gps
from hub.domain.offers import Window
from integrations.calendar.limits import Limits, checked

if TYPE_CHECKING:
    from icalendar import Calendar, Component

FIRST_YEAR, LAST_YEAR = 1970, 2199

_parsing = threading.Lock()


def parse(raw: bytes, limits: Limits) -> Calendar:
    """Return a calendar within ``limits``. Raises ActivityError.

    A VTIMEZONE of a name that is no IANA zone's is believed for this calendar only: the library
    would keep it, and take the next sender's zone of that name for the same.
    """
    text = checked(raw, limits)
    import icalendar
    from icalendar.timezone import tzp

    with _parsing, understood(limits.name), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tzp.use_zoneinfo()
        try:
            calendar = icalendar.Calendar.from_ical(text)
        finally:
            tzp.use_zoneinfo()
    if not isinstance(calendar, icalendar.Calendar):
        raise ActivityError(f"{limits.name}: expected BEGIN:VCALENDAR")
    return calendar


def value(component: Component, name: str) -> Any:
    """Return the one value of a property, None when it is not there.

    Raises ActivityError when it is there twice, or was not understood.
    """
    _check(component, name)
    found = component.get(name)
    if isinstance(found, list):
        raise ActivityError(f"{name}: expected once")
    return found


def values(component: Component, name: str) -> list[Any]:
    """Return the values of a property that may be there more than once, as ``value``."""
    _check(component, name)
    found = component.get(name)
    return found if isinstance(found, list) else [found] if found is not None else []


def dates(component: Component, name: str, floating: ZoneInfo, most: int) -> list[datetime]:
    """Return the instants of EXDATE or RDATE, at most ``most`` of them, as ``moment``."""
    found: list[datetime] = []
    for one in values(component, name):
        for each in one.dts:
            if len(found) >= most:
                raise ActivityError(f"{name}: expected at most {most} dates")
            found.append(instant(each, name, floating)[0])
    return found


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Turn what the library raises over somebody else's text into an ActivityError."""
    try:
        yield
    except ActivityError:
        raise
    except (
        ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError
    ) as error:  # fmt: skip
        # OSError: a TZID such as Europe is looked for as a file, and is a folder.
        raise ActivityError(f"{what}: {one_line(error)}") from None


def text(component: Component, name: str, most: int, *, lines: bool = False) -> str:
    """Return a text without control characters, cut at ``most`` characters; "" when not there."""
    found = value(component, name)
    if found is None:
        return ""
    raw = str(found).replace("\r\n", "\n")
    clean = "".join(c if c.isprintable() or (lines and c == "\n") else " " for c in raw)
    clean = clean.strip() if lines else " ".join(clean.split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def moment(component: Component, name: str, floating: ZoneInfo) -> tuple[datetime, bool] | None:
    """Return a DATE-TIME or DATE as an instant in UTC, and whether it was a DATE.

    What has no zone hangs on the clock in ``floating``. Raises ActivityError, also for a zone
    that does not exist.
    """
    found = value(component, name)
    return None if found is None else instant(found, name, floating)


def instant(found: Any, name: str, floating: ZoneInfo) -> tuple[datetime, bool]:
    """Return one value of type DATE-TIME or DATE, as ``moment``."""
    when = found.dt
    tzid = found.params.get("TZID") if hasattr(found, "params") else None
    if isinstance(when, datetime):
        if when.tzinfo is None:
            if tzid:
                raise ActivityError(
                    f"{name};TZID={one_line(tzid)[:60]}: there is no such time zone, and no"
                    " VTIMEZONE says what it is"
                )
            when = when.replace(tzinfo=floating)
        return _bounded(when, name), False
    if isinstance(when, date):
        return _bounded(datetime.combine(when, time(), floating), name), True
    raise ActivityError(f"{name}: expected a date or a time")


def zone_name(component: Component, floating: ZoneInfo) -> str:
    """Return the IANA name of the zone that DTSTART is meant by.

    Outlook's names are translated. A zone of the sender's own making has none; its instants are
    right all the same, and are told in UTC.
    """
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    found = value(component, "DTSTART")
    zone: tzinfo | None = getattr(found.dt, "tzinfo", None)
    if zone is None:
        return floating.key
    key = getattr(zone, "key", None) or WINDOWS_TO_OLSON.get(str(found.params.get("TZID", "")))
    if key is None:
        return "UTC"
    return zone_of(str(key), "DTSTART").key


def window(component: Component, floating: ZoneInfo) -> tuple[Window, bool]:
    """Return from when to when a VEVENT lasts, and whether it is of whole days.

    RFC 5545, 3.6.1: without DTEND and DURATION a DATE lasts its day. What takes no time at all is
    given a minute, to be seen.
    """
    begin = moment(component, "DTSTART", floating)
    if begin is None:
        raise ActivityError("DTSTART: expected when it begins")
    start, all_day = begin
    finish = moment(component, "DTEND", floating)
    if finish is not None:
        end, end_is_day = finish
        if end_is_day != all_day:
            raise ActivityError("DTEND: expected a date where DTSTART is one, else a time")
    else:
        end = _after(component, start, all_day, floating)
    if end < start:
        raise ActivityError("DTEND: it ends before it begins")
    return Window(start, max(end, start + timedelta(minutes=1))), all_day


def gps(component: Component) -> str | None:
    """Return GEO as ``"lat,lon"``, None where there is none that can be on the earth."""
    found = value(component, "GEO")
    if found is None:
        return None
    latitude, longitude = found.latitude, found.longitude
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    try:
        return write_gps(read_gps(f"{latitude},{longitude}"))
    except ValueError:
        return None


def _after(component: Component, start: datetime, all_day: bool, floating: ZoneInfo) -> datetime:
    lasts = value(component, "DURATION")
    if lasts is None:
        if not all_day:
            return start
        tomorrow = start.astimezone(floating).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), floating).astimezone(UTC)
    try:
        return _bounded(start + lasts.dt, "DURATION")
    except (OverflowError, TypeError):
        raise ActivityError("DURATION: expected a length of time") from None


def _bounded(when: datetime, name: str) -> datetime:
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise ActivityError(f"{name}: expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    return when.astimezone(UTC)


def _check(component: Component, name: str) -> None:
    for fault, words in getattr(component, "errors", ()):
        if fault is not None and fault.upper() == name:
            raise ActivityError(f"{name}: {one_line(words)}")


def one_line(words: object) -> str:
    """Return somebody else's words so that they can be shown in one line."""
    clean = "".join(c if c.isprintable() else " " for c in str(words))
    return " ".join(clean.split())[:200] or "it cannot be read"
