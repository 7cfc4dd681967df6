"""What a calendar may be before a library looks at it: bytes, parts, people, depth, zones.

Bounds come first because parsing is where an endless rule or a deep nest does its harm. The lines
are looked at unfolded (RFC 5545, 3.1), nothing is understood yet.
"""

from __future__ import annotations

import re

from hub.domain.activities import MOST_ATTENDEES, ActivityError
from hub.domain.values import dataclass

_FOLD = re.compile(r"(?:\r?\n)+[ \t]")
_LINE = re.compile(r"\r?\n")
_NAME = re.compile(r"([A-Za-z0-9-]+)[;:]")
_ZONE_RULE = re.compile(
    r"FREQ=YEARLY(?:;(?:BYMONTH=\d{1,2}|BYDAY=[+-]?\d?[A-Z]{2}|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2}){0,6}"
    r"|UNTIL=\d{8}(?:T\d{6}Z?)?|COUNT=\d{1,3}|INTERVAL=\d{1,3}|WKST=[A-Z]{2}))*"
)
MOST_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a calendar may be: bytes, components (zones and alarms too), lines of one part."""

    bytes: int
    components: int
    name: str = "the calendar"


MESSAGE = Limits(512 * 1024, 80, "the invitation")
"""For one iTIP message."""

FEED = Limits(8 * 1024 * 1024, 40_000, "the calendar")
"""For a whole calendar that is subscribed to."""


def checked(raw: bytes, limits: Limits) -> str:
    """Return the text of a calendar that keeps within ``limits``, unfolded.

    Raises ActivityError, one line that says what was expected.
    """
    if len(raw) > limits.bytes:
        raise ActivityError(
            f"{limits.name}: expected at most {limits.bytes // 1024} KiB, got {len(raw) // 1024}"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ActivityError(f"{limits.name}: expected UTF-8 (byte {error.start})") from None
    text = _FOLD.sub("", text)
    _check_lines(text, limits)
    return text


def _check_lines(text: str, limits: Limits) -> None:
    open_parts: list[str] = []
    components = people = zone_lines = 0
    # Lines end as the parser takes them to, and nowhere else: or something could hide between.
    for number, line in enumerate(_LINE.split(text), 1):
        match = _NAME.match(line)
        name = match[1].upper() if match else ""
        if name == "BEGIN":
            components, people = components + 1, 0
            open_parts.append(line[6:].strip().upper())
            zone_lines = 0 if open_parts[-1] == "VTIMEZONE" else zone_lines
        elif name == "END":
            if not open_parts or open_parts.pop() != line[4:].strip().upper():
                raise ActivityError(f"line {number}: END without its BEGIN")
        elif name == "ATTENDEE":
            people += 1
        elif "VTIMEZONE" in open_parts:
            zone_lines += 1
            if name == "RRULE" and not _ZONE_RULE.fullmatch(line[6:].strip()):
                raise ActivityError(f"line {number}: expected a yearly rule in a VTIMEZONE")
        if len(open_parts) > MOST_DEPTH:
            raise ActivityError(f"line {number}: expected parts at most {MOST_DEPTH} deep")
        if components > limits.components:
            raise ActivityError(f"{limits.name}: expected at most {limits.components} parts")
        if people > MOST_ATTENDEES:
            raise ActivityError(f"ATTENDEE: expected at most {MOST_ATTENDEES} people")
        if zone_lines > 2000:
            raise ActivityError(f"line {number}: the VTIMEZONE goes on for ever")
    if open_parts:
        raise ActivityError(f"{limits.name}: {open_parts[-1]} is not ended")
    if components == 0:
        raise ActivityError(f"{limits.name}: expected BEGIN:VCALENDAR")
