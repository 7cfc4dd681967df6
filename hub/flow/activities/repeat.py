"""Activities that repeat: looked ahead a while, and told apart where one occurrence differs.

A rule without an end costs nothing: only the coming weeks are ever looked at.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain import hosting
from hub.domain.activities import Activity, Planned, key_of, part_of
from hub.domain.details import MOST_EXCLUDED
from hub.domain.offers import Window
from hub.flow.home import Home
from hub.store.tx import Tx

LOOK_BACK = timedelta(days=1)
LOOK_AHEAD = timedelta(days=62)
MOST_AHEAD = 200
"""Occurrences of one activity that are looked ahead at."""
LOOK_AGAIN = timedelta(days=1)
FARTHEST = timedelta(days=3660)
"""How far the next occurrence is looked for before an activity counts as over."""


def looked_ahead(tx: Tx, home: Home, planned: Planned) -> Planned:
    """Return it with its next occurrences. ActivityError for a rule that is not taken."""
    what = planned.what
    if not isinstance(what, Activity) or not what.details.recurrence or not what.open:
        return replace(planned, occurrences=())
    if home.invitations is None:
        return planned
    within = Window(tx.now - LOOK_BACK, tx.now + LOOK_AHEAD)
    found = home.invitations.occurrences(what.details, within, MOST_AHEAD)
    apart = tuple(one for one in planned.apart if one >= within.start)
    coming = tuple(one for one in found if one.start not in apart)
    return replace(planned, occurrences=coming, apart=apart)


def ends_at(tx: Tx, home: Home, planned: Planned) -> datetime | None:
    """Return when to look at an activity again: when it is over, or its next ones are to be seen.

    None where it is cancelled or over.
    """
    what = planned.what
    if not isinstance(what, Activity) or not what.open:
        return None
    if not what.details.recurrence:
        return what.details.window.end
    return tx.now + LOOK_AGAIN


def all_over(tx: Tx, home: Home, planned: Planned) -> bool:
    """Tell whether a repeated activity does not happen any more."""
    if home.invitations is None or any(one.end > tx.now for one in planned.occurrences):
        return False
    far = Window(tx.now, tx.now + FARTHEST)
    details = planned.activity.details
    # Those that are left out of the list stand for themselves, and end by themselves.
    found = home.invitations.occurrences(details, far, len(planned.apart) + 1)
    return all(one.start in planned.apart for one in found)


def occurrence(tx: Tx, home: Home, key: str) -> Planned | None:
    """Return the occurrence that a key names of an activity that is kept as a whole, or None."""
    named = part_of(key)
    series = tx.house.activities.get(named[0]) if named is not None else None
    if named is None or series is None or home.invitations is None:
        return None
    details = series.activity.details
    if not details.recurrence:
        return None
    at = named[1]
    found = home.invitations.occurrences(details, Window(at, at + timedelta(seconds=1)), 2)
    window = next((one for one in found if one.start == at), None)
    if window is None:
        return None
    return Planned(hosting.occurrence(series.activity, window), series.going)


def set_apart(tx: Tx, part: Activity) -> None:
    """Note that one occurrence stands for itself now."""
    series = tx.house.activities.get(part.uid)
    at = part.recurrence_id
    if series is None or at is None or at in series.apart:
        return
    apart = (*series.apart, at)[-MOST_EXCLUDED:]
    coming = tuple(one for one in series.occurrences if one.start != at)
    tx.save(replace(series, apart=apart, occurrences=coming))


def set_apart_of(tx: Tx, series: Planned) -> tuple[Planned, ...]:
    """Return the occurrences of an activity that stand for themselves, also cancelled ones."""
    keys = (key_of(series.what.uid, at) for at in series.apart)
    found = (tx.activity(key) for key in keys)
    return tuple(one for one in found if one is not None and isinstance(one.what, Activity))


def parts(tx: Tx, uid: str) -> tuple[Planned, ...]:
    """Return the occurrences of an activity that stand for themselves and are still to happen."""
    return tuple(one for key, one in list(tx.house.activities.items()) if key.startswith(f"{uid}#"))
