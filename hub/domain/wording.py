"""Sentences for members: amounts, windows and offers in words, in the household's zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.orders import Line, Window
from hub.domain.suggestions import Option, Suggestion


def listed(names: Sequence[str]) -> str:
    """Join names as people do: ``milk, eggs and butter``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def basket(lines: Sequence[Line]) -> str:
    """Say what is in a basket: ``2 × Milk 1 l, 1 × Eggs``."""
    return ", ".join(f"{line.count} × {line.name}" for line in lines)


def window_text(window: Window, zone: ZoneInfo, now: datetime) -> str:
    """Say a window: ``today 18:00-20:00``, ``Sat 28 Nov 09:00-11:00``."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    days = (start.date() - now.astimezone(zone).date()).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"{start:%a} {start.day} {start:%b}")
    return f"{day} {start:%H:%M}-{end:%H:%M}"


def offer(option: Option, zone: ZoneInfo, now: datetime) -> str:
    """Say one option in a line: who, what, how much, when."""
    parts = [f"{option.provider_name}: {basket(option.lines)}", str(option.total)]
    if option.window is not None:
        parts.append(window_text(option.window, zone, now))
    if option.note:
        parts.append(option.note)
    parts += [reason for reason in option.because if reason not in option.note]
    if option.over:
        parts.append(f"not to be ordered: {option.over}")
    return ", ".join(parts)


def question(suggestion: Suggestion, zone: ZoneInfo, now: datetime) -> str:
    """Say what a member is asked: the reason, and each offer on a line of its own."""
    offers = [offer(option, zone, now) for option in suggestion.options]
    return "\n".join(line for line in (suggestion.body, *offers) if line)
