"""Whether a delivery window suits the day of those it is for."""

from __future__ import annotations

from collections.abc import Iterable

from hub.domain.offers import Window
from hub.domain.tongue import phrase
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Busy:
    """A time in which a delivery is unwelcome: ``what`` says why, e.g. ``Trip to Leipzig``.

    ``absent``: nobody is at home to open; else somebody is there, with other things to do.
    """

    window: Window
    what: str
    absent: bool = True


def clash(window: Window, busy: Iterable[Busy]) -> int:
    """Return how badly a window suits: 0 it is free, 1 somebody is busy, 2 nobody is at home."""
    return max((2 if b.absent else 1 for b in busy if _meet(window, b.window)), default=0)


def why_not(window: Window, busy: Iterable[Busy]) -> str:
    """Say what the window collides with, the worst of it; empty where it suits."""
    against = [one for one in busy if _meet(window, one.window)]
    worst = min(against, key=lambda one: (not one.absent, one.window.start, one.what), default=None)
    if worst is None:
        return ""
    what = f" ({worst.what})" if worst.what else ""
    return (
        f"{phrase('nobody is at home then') if worst.absent else phrase('you are busy then')}{what}"
    )


def _meet(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end
