"""iTIP messages read from iCalendar (RFC 5545, 5546), whoever wrote them.

Experimental properties (X-) are left out. Nothing is believed that the transport has not proved:
who sent it is handed in.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hub.domain.activities import (
    METHODS,
    MOST_EXCLUDED,
    PARTSTATS,
    ActivityError,
    Attendee,
    Details,
    Message,
    Method,
    Person,
    address,
)
from integrations.calendar import fields
from integrations.calendar.limits import MESSAGE
from integrations.calendar.repeats import check_rule

if TYPE_CHECKING:
    from icalendar import Component

MOST_EVENTS = 50
"""VEVENTs of one message: a repeated activity and the occurrences that differ."""


def from_ics(
    raw: bytes, sender: str, zone: ZoneInfo, answer_by: datetime | None = None
) -> tuple[Message, ...]:
    """Return the messages in a ``text/calendar`` part: one, or more where occurrences differ.

    ``sender`` is the calendar address the transport has proved. Times without a zone hang on the
    clock in ``zone``. iCalendar has no property for ``answer_by``, which comes beside it. Raises
    ActivityError, one line that names the property.
    """
    calendar = fields.parse(raw, MESSAGE)
    method = str(fields.value(calendar, "METHOD") or "").upper()
    if method not in METHODS:
        raise ActivityError(f"METHOD: expected one of {', '.join(METHODS)}, got {method[:40]!r}")
    events = [part for part in calendar.subcomponents if part.name == "VEVENT"]
    if not 0 < len(events) <= MOST_EVENTS:
        raise ActivityError(f"VEVENT: expected 1 to {MOST_EVENTS}, got {len(events)}")
    with fields.understood(MESSAGE.name):
        found = tuple(_message(event, method, sender, zone, answer_by) for event in events)
    if len({one.uid for one in found}) != 1:
        raise ActivityError("UID: expected the same in each VEVENT of a message")
    return found


def _message(
    event: Component, method: Method, sender: str, zone: ZoneInfo, answer_by: datetime | None
) -> Message:
    organizer = fields.value(event, "ORGANIZER")
    if organizer is None:
        raise ActivityError("ORGANIZER: expected whose activity it is")
    stamp = fields.moment(event, "DTSTAMP", ZoneInfo("UTC"))
    if stamp is None:
        raise ActivityError("DTSTAMP: expected when it was written")
    whose = Person(address(str(organizer)), _name(organizer))
    occurrence = fields.moment(event, "RECURRENCE-ID", zone)
    details = None
    if method in ("REQUEST", "COUNTER") or event.get("DTSTART") is not None:
        details = _details(event, zone, answer_by, repeats=occurrence is None)
    status = fields.text(event, "STATUS", 20).upper()
    return Message(
        method=method,
        sender=sender,
        uid=_uid(event),
        sequence=_sequence(event),
        stamp=stamp[0],
        organizer=whose,
        attendees=_attendees(event, whose),
        details=details,
        status="TENTATIVE" if status == "TENTATIVE" else "CONFIRMED",
        recurrence_id=occurrence[0] if occurrence else None,
        comment=_comment(event),
    )


def _details(
    event: Component, zone: ZoneInfo, answer_by: datetime | None, *, repeats: bool
) -> Details:
    window, all_day = fields.window(event, zone)
    rule = fields.value(event, "RRULE") if repeats else None
    if rule is None and event.get("RDATE") is not None and repeats:
        raise ActivityError("RDATE: expected dates by a rule (RRULE)")
    excluded = fields.dates(event, "EXDATE", zone, MOST_EXCLUDED)
    # A name that goes on for ever is cut, not refused: calendars allow it.
    return Details(
        window=window,
        zone=zone.key if all_day else fields.zone_name(event, zone),
        summary=fields.text(event, "SUMMARY", 200) or "(no title)",
        all_day=all_day,
        description=fields.text(event, "DESCRIPTION", 4000, lines=True),
        location=fields.text(event, "LOCATION", 300),
        gps=fields.gps(event),
        recurrence=check_rule(rule.to_ical().decode()) if rule is not None else "",
        excluded=tuple(sorted(set(excluded))) if rule is not None else (),
        answer_by=answer_by,
    )


def _attendees(event: Component, organizer: Person) -> tuple[Attendee, ...]:
    """Return who is invited, each once; the organizer comes anyway."""
    attendees: dict[str, Attendee] = {}
    for one in fields.values(event, "ATTENDEE"):
        who = address(str(one))
        if who == organizer.address or who in attendees:
            continue
        partstat = str(one.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
        optional = str(one.params.get("ROLE", "")).upper() == "OPT-PARTICIPANT"
        attendees[who] = Attendee(
            who,
            _name(one),
            partstat if partstat in PARTSTATS else "NEEDS-ACTION",
            "OPT-PARTICIPANT" if optional else "REQ-PARTICIPANT",
        )
    return tuple(attendees.values())


def _name(person: Any) -> str:
    raw = str(person.params.get("CN", ""))
    clean = " ".join("".join(c if c.isprintable() else " " for c in raw).split())
    return clean[:100]


def _uid(event: Component) -> str:
    found = fields.value(event, "UID")
    if found is None:
        raise ActivityError("UID: expected what identifies it")
    return str(found).strip()


def _sequence(event: Component) -> int:
    found = fields.value(event, "SEQUENCE")
    try:
        return int(found) if found is not None else 0
    except (TypeError, ValueError):
        raise ActivityError("SEQUENCE: expected a whole number") from None


def _comment(event: Component) -> str:
    found = event.get("COMMENT")
    first = found[0] if isinstance(found, list) and found else found
    if first is None:
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in str(first)).split())[:1000]
