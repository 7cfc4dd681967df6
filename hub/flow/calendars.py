"""Calendars kept elsewhere: what was read of them is kept, so that the agenda has it offline."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import timedelta

from hub.domain.calendars import MOST_CALENDARS, MOST_ENTRIES, Entry, OtherCalendar
from hub.domain.tongue import date_text, phrase
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.tx import Entry as Noted
from hub.store.tx import Tx

LOOK_BACK = timedelta(days=1)
LOOK_AHEAD = timedelta(days=62)
"""How far around now a calendar is looked at."""
WRITE_EVERY = timedelta(hours=12)
"""How old the time of the last reading may be where nothing else changed: cards wear out."""
PATIENCE = timedelta(days=1)
"""How long a calendar may be out of reach before members are told."""


def keep_calendar(
    tx: Tx,
    home: Home,
    name: str,
    entries: Sequence[Entry],
    members: Sequence[str] = (),
    skipped: Sequence[str] = (),
) -> None:
    """Keep all that a calendar holds around now, in the place of what it held before.

    ``members`` are whose time its entries take, none: every adult's. ``skipped`` says what was not
    understood. More than MOST_CALENDARS are not kept, which is parked.
    """
    known = tx.house.calendars.get(name)
    if known is None and len(tx.house.calendars) >= MOST_CALENDARS:
        reason = phrase(
            "expected at most {most} calendars; this one is not kept",
            most=MOST_CALENDARS,
        )
        tx.park(f"calendars/{name}", b"", reason)
        return
    ordered = sorted(entries, key=lambda one: (one.window.start, one.window.end, one.uid))
    found = OtherCalendar(
        name, tuple(ordered[:MOST_ENTRIES]), tuple(members), tuple(skipped), tx.now
    )
    if (
        known is not None
        and replace(found, read_at=known.read_at) == known
        and known.read_at is not None
        and tx.now - known.read_at < WRITE_EVERY
    ):
        return
    tx.save_calendar(found)
    new = [one for one in found.skipped if known is None or one not in known.skipped]
    for reason in new:
        tx.park(f"calendars/{name}", b"", f"not understood: {reason}")
    if known is not None and known.told:
        cause = tx.append(Noted("calendar_read", name, {}))
        body = phrase("It could be read again.")
        tell(tx, home, home.adults(), tag=_tag(name), title=_title(name), body=body, cause=cause)


def calendar_failed(tx: Tx, home: Home, name: str, problem: str, *, lasting: bool = False) -> None:
    """Note that a calendar could not be read; what was read of it before stays.

    Members are told once: at once where waiting will not help (``lasting``), else after PATIENCE.
    """
    known = tx.house.calendars.get(name) or OtherCalendar(name)
    since = known.failing_since or tx.now
    due = lasting or tx.now - since >= PATIENCE
    failed = replace(known, problem=problem[:300], failing_since=since, told=known.told or due)
    if failed == known:
        return
    tx.save_calendar(failed)
    if known.problem != failed.problem:
        tx.park(f"calendars/{name}", b"", failed.problem)
    if due and not known.told:
        cause = tx.append(Noted("calendar_failed", name, {"problem": failed.problem}))
        body = phrase(
            "It cannot be read: {problem}. The hub goes on trying.", problem=failed.problem
        )
        if known.read_at is not None:
            last = known.read_at.astimezone(home.settings.home.zone)
            body += phrase(
                " What it held on {last} is still believed.",
                last=f"{date_text(last.date())} {last:%H:%M}",
            )
        tell(tx, home, home.adults(), tag=_tag(name), title=_title(name), body=body, cause=cause)


def forget_calendars(tx: Tx, keep: Container[str], prefix: str = "") -> None:
    """Forget calendars that are read no more: those not in ``keep`` whose name begins so.

    A prefix, such as ``ha/``, says who reads them; names without a slash are those of hub.yaml.
    """
    for name in list(tx.house.calendars):
        reader, slash, _ = name.rpartition("/")
        if reader + slash == prefix and name not in keep:
            tx.forget_calendar(name)


def _tag(name: str) -> str:
    return tag_of(f"calendar:{name}")


def _title(name: str) -> str:
    return phrase("Calendar {name}", name=name)
