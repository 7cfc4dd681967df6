"""iCalendar written (RFC 5545): iTIP messages, and the household's agenda as a feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from hub.domain.activities import Attendee, Details, Message, Person, zone_of
from hub.domain.agenda import ALWAYS, Block
from hub.domain.geo import read_gps
from hub.domain.offers import Window
from integrations.calendar.zones import timezone_of

if TYPE_CHECKING:
    from icalendar import Calendar, Event, vCalAddress

PRODID = "-//Commonhearth//Home hub//EN"

_NO_QUOTES = str.maketrans({'"': "'", "\\": "/", "^": "'"})
_UTC = ("UTC", "Etc/UTC")
_TAKES_TIME = ("activity", "meal", "ride", "cooking", "absence")


def to_ics(message: Message) -> bytes:
    """Return an iTIP message as ``text/calendar``, in UTF-8 with CRLF.

    ``details.answer_by`` has no property in iCalendar and is not written.
    """
    import icalendar

    calendar = _calendar()
    calendar.add("METHOD", message.method)
    event = icalendar.Event()
    event.add("UID", message.uid)
    event.add("SEQUENCE", message.sequence)
    event.add("DTSTAMP", message.stamp)
    event.add("ORGANIZER", _person(message.organizer))
    for one in message.attendees:
        event.add("ATTENDEE", _attendee(one, asked=message.method == "REQUEST"), encode=False)
    if message.details is not None:
        _add_details(event, message.details)
    if message.recurrence_id is not None:
        zone = zone_of(message.details.zone) if message.details else UTC
        local = message.recurrence_id.astimezone(zone)
        # It is of the same kind as DTSTART (RFC 5545, 3.8.4.4).
        whole_day = message.details is not None and message.details.all_day
        event.add("RECURRENCE-ID", local.date() if whole_day else local)
    if message.comment:
        event.add("COMMENT", message.comment)
    if message.method == "CANCEL":
        event.add("STATUS", "CANCELLED")
    elif message.method in ("REQUEST", "COUNTER"):
        event.add("STATUS", message.status)
    calendar.add_component(event)
    if message.details is not None:
        _add_zone(calendar, message.details)
    return bytes(calendar.to_ical())


def agenda_ics(
    blocks: Iterable[Block], name: str, now: datetime, revisions: Mapping[str, int] | None = None
) -> bytes:
    """Return blocks as a calendar to subscribe to, called ``name``.

    ``revisions`` are SEQUENCE numbers by a block's id, 0 for others. Only what takes somebody's
    time is shown as busy. What is known of a time that has no end yet is shown for a day from
    ``now`` on.
    """
    import icalendar

    calendar = _calendar()
    calendar.add("NAME", name)
    # What calendars knew before RFC 7986 said NAME.
    calendar.add("X-WR-CALNAME", name)
    calendar.add("REFRESH-INTERVAL", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    for block in sorted(blocks, key=lambda one: (one.window.start, one.id)):
        if block.kind == "presence":
            continue
        window = _shown(block.window, now)
        event = icalendar.Event()
        # A block's id may hold what a UID should not, such as another's UID in full.
        event.add("UID", f"{sha256(block.id.encode()).hexdigest()[:32]}@commonhearth")
        event.add("SEQUENCE", (revisions or {}).get(block.id, 0))
        event.add("DTSTAMP", now.replace(microsecond=0))
        event.add("DTSTART", window.start)
        event.add("DTEND", window.end)
        event.add("SUMMARY", block.title)
        event.add("CATEGORIES", [block.kind])
        event.add("STATUS", "TENTATIVE" if block.tentative else "CONFIRMED")
        event.add("TRANSP", "OPAQUE" if block.kind in _TAKES_TIME else "TRANSPARENT")
        if block.place is not None:
            if block.place.address:
                event.add("LOCATION", block.place.address)
            event.add("GEO", read_gps(block.place.gps))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODID)
    calendar.add("CALSCALE", "GREGORIAN")
    return calendar


def _add_details(event: Event, details: Details) -> None:
    import icalendar

    zone = zone_of(details.zone)
    start, end = details.window.start.astimezone(zone), details.window.end.astimezone(zone)
    if details.all_day:
        event.add("DTSTART", start.date())
        event.add("DTEND", end.date())
    else:
        event.add("DTSTART", _hung(start, details))
        event.add("DTEND", _hung(end, details))
    event.add("SUMMARY", details.summary)
    if details.description:
        event.add("DESCRIPTION", details.description)
    if details.location:
        event.add("LOCATION", details.location)
    if details.gps:
        event.add("GEO", read_gps(details.gps))
    if details.recurrence:
        event.add("RRULE", icalendar.vRecur.from_ical(details.recurrence))
    for one in details.excluded:
        local = one.astimezone(zone)
        event.add("EXDATE", local.date() if details.all_day else _hung(local, details))


def _hung(moment: datetime, details: Details) -> datetime:
    """Return an instant on its zone's clock; UTC is written as such, without a TZID."""
    return moment.astimezone(UTC) if details.zone in _UTC else moment


def _add_zone(calendar: Calendar, details: Details) -> None:
    """Add the VTIMEZONE that RFC 5545 (3.2.19) asks for, where a time names its zone."""
    if details.all_day or details.zone in _UTC:
        return
    last = details.window.end + timedelta(days=3650 if details.recurrence else 0)
    zone = timezone_of(zone_of(details.zone), details.window.start, last)
    # Before what refers to it: some programs read once from top to bottom.
    calendar.subcomponents.insert(0, zone)


def _person(person: Person) -> vCalAddress:
    import icalendar

    written = icalendar.vCalAddress(person.address)
    if person.name:
        # What quotes or escapes could end the parameter, and begin one of the guest's choosing.
        written.params["CN"] = person.name.translate(_NO_QUOTES)
    return written


def _attendee(one: Attendee, *, asked: bool) -> vCalAddress:
    written = _person(Person(one.address, one.name))
    written.params["CUTYPE"] = "INDIVIDUAL"
    written.params["ROLE"] = one.role
    written.params["PARTSTAT"] = one.partstat
    if asked:
        written.params["RSVP"] = "TRUE"
    return written


def _shown(window: Window, now: datetime) -> Window:
    if window.end - window.start < ALWAYS:
        return window
    return Window(window.start, max(now, window.start) + timedelta(days=1))
