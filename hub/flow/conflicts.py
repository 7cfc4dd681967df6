"""Conflicts in the agenda: looked for at each change, one suggestion each that resolves it.

``look`` runs at the end of every unit of work, over the times that it touched. What is to be done
follows from the state alone, so that it may run as often as it likes: what is asked is not asked
again, and what has gone away is taken back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import OperationalError

from hub.domain import spans
from hub.domain.agenda import Agenda
from hub.domain.cases import Case, cause_of
from hub.domain.conflicts import Conflict, recheck
from hub.domain.offers import Window
from hub.flow.agenda import whole_around
from hub.flow.home import Home
from hub.flow.presence import holding
from hub.flow.resolving import let_go, pursue
from hub.store.tx import Tx

log = logging.getLogger(__name__)
FARTHEST = timedelta(days=400)
"""What is farther off is looked at when it comes nearer: at each start, and once a day."""
_A_DAY = timedelta(days=1)
_READ = "activity:calendar/"
_LONG = timedelta(hours=20)


def look(tx: Tx, home: Home) -> None:
    """Look again at the times this unit of work touched, and act on what has changed there.

    It costs what these times hold. Where it fails, what it did is undone, and nothing else.
    """
    if not tx.touched:
        return
    touched, tx.touched = tx.touched, []
    try:
        tx.attempt(partial(_look, tx, home, touched))
    except OperationalError:
        # The machine's fault: nothing of all this is committed.
        raise
    except Exception as error:
        log.exception("the agenda could not be looked at")
        tx.park("hub/conflicts", b"", f"the agenda could not be looked at: {error!r}")
    tx.touched = []


def look_at_all(tx: Tx) -> None:
    """Have everything that is to come looked at: at start, after a change of settings, daily."""
    tx.touch(Window(tx.now, tx.now + FARTHEST))


def wake(tx: Tx, home: Home, name: str, subject: str, due: object) -> None:
    """Look at the coming day: somebody is still away, a meal draws near (a timer)."""
    tx.touch(Window(tx.now, tx.now + _A_DAY))


def ask_again(tx: Tx, home: Home, name: str, subject: str, due: object) -> None:
    """Ask a provider once more who did not answer (a timer)."""
    case = tx.house.cases.get(name)
    if case is not None:
        tx.touch(*(one.overlap for one in case.conflicts))


def _look(tx: Tx, home: Home, touched: Iterable[Window]) -> None:
    coming = Window(tx.now, tx.now + FARTHEST)
    windows = [part for one in touched if (part := spans.clipped(one, coming)) is not None]
    cases = dict(tx.house.cases)
    known = {one.key: one for case in cases.values() for one in case.conflicts}
    past = [key for key, one in known.items() if one.overlap.end <= tx.now]
    if not windows and not past:
        return
    agenda, whole = whole_around(tx.house, home, windows or [coming], tx.now)
    clipped = [part for one in whole if (part := spans.clipped(one, coming)) is not None]
    result = recheck(agenda, clipped, known, home.doors())
    found = {
        one.key: one for one in result.found if one.overlap.end > tx.now and _worth_a_word(one)
    }
    gone = {one.key for one in result.gone} | {key for key in past if key not in found}
    gone |= {one.key for one in result.found} - set(found)
    _act(tx, home, clipped, found, gone)
    _set_clock(tx, home, agenda)


def _worth_a_word(conflict: Conflict) -> bool:
    """Tell whether anybody wants to hear of it: who keeps a calendar elsewhere sees it there.

    Nor is a day marked in one, a birthday, anything that one cannot go out on; nor is the same
    thing at once with itself, which a calendar may have from here.
    """
    one, other = conflict.block, conflict.against
    if conflict.kind != "double_booked" or other is None:
        return True
    read = [block for block in (one, other) if block.id.startswith(_READ)]
    if len(read) == 2 or any(block.window.end - block.window.start > _LONG for block in read):
        return False
    same = (one.window, one.title.casefold()) == (other.window, other.title.casefold())
    return not (read and same)


def _act(
    tx: Tx, home: Home, looked_at: Sequence[Window], found: dict[str, Conflict], gone: set[str]
) -> None:
    """Bring the cases up to what was found, and pursue those that were looked at."""
    cases = dict(tx.house.cases)
    now_of: dict[str, list[Conflict]] = {}
    for one in found.values():
        now_of.setdefault(one.block.id, []).append(one)
    affected = set(now_of)
    for case in cases.values():
        mentioned = any(one.key in gone or one.key in found for one in case.conflicts)
        way_out = case.slot.window if case.slot is not None else None
        if mentioned or (way_out and any(spans.overlaps(way_out, one) for one in looked_at)):
            affected.add(case.id)
    for block_id in sorted(affected):
        known = cases.get(block_id)
        rest = [
            one
            for one in (known.conflicts if known else ())
            if one.key not in gone and one.key not in found
        ]
        conflicts = tuple(
            sorted([*rest, *now_of.get(block_id, ())], key=lambda c: (c.overlap.start, c.key))
        )
        if not conflicts:
            if known is not None:
                let_go(tx, home, known)
            continue
        case = replace(known, conflicts=conflicts) if known else Case(block_id, conflicts)
        tx.save_case(case)
        pursue(tx, home, case, cause_of(conflicts))


def _set_clock(tx: Tx, home: Home, agenda: Agenda) -> None:
    """Have the agenda looked at when time alone may change it, and once a day in any case."""
    now, day = tx.now, Window(tx.now, tx.now + _A_DAY)
    holds = holding(home)
    instants = [
        at
        for block in agenda.during(day)
        if block.needs_home
        for at in (block.window.start - holds, block.window.end - holds)
    ]
    instants += [one.overlap.end for case in tx.house.cases.values() for one in case.conflicts]
    set_at = tx.house.timers.get(("agenda", "", ""))
    if set_at is not None:
        instants.append(set_at)
    tx.set_timer("agenda", "", "", min([at for at in instants if at > now] or [now + _A_DAY]))
