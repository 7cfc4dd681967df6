"""Activities looked up and kept; what hangs on them is told."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from sqlalchemy.exc import OperationalError

from hub.domain.activities import Activity, ActivityError, ActivityState, Person, Planned
from hub.flow.activities.repeat import ends_at, looked_ahead, occurrence, parts, set_apart
from hub.flow.home import Home
from hub.ports import InvitationFormat
from hub.store.tx import Entry, Tx

log = logging.getLogger(__name__)


def ready(home: Home) -> tuple[InvitationFormat, Person]:
    """Return how invitations are written and who this household is in them. ActivityError."""
    if home.invitations is None or home.own is None:
        raise ActivityError("this hub cannot write invitations")
    return home.invitations, home.own


def known(tx: Tx, home: Home, key: str) -> Planned:
    """Return an activity, or one occurrence of a repeated one. ActivityError when there is none."""
    planned = tx.activity(key) or occurrence(tx, home, key)
    if planned is None:
        raise ActivityError("there is no such activity")
    return planned


def ours(tx: Tx, home: Home, key: str) -> Planned:
    """Return an activity of this household. ActivityError when it is another's."""
    planned = known(tx, home, key)
    _, own = ready(home)
    organizer = planned.activity.organizer
    if organizer.address != own.address:
        raise ActivityError(f"it is {organizer.name or organizer.address}'s, who alone may do that")
    return planned


def keep(tx: Tx, home: Home, planned: Planned, *entries: Entry) -> int:
    """Keep how an activity stands, and tell what hangs on it; return the last entry's index.

    ActivityError for one that repeats by a rule that is not taken.
    """
    what = planned.what
    before = tx.activity(what.key)
    earlier = before if before and isinstance(before.what, Activity) else None
    if isinstance(what, Activity) and what.recurrence_id is None and earlier is not None:
        planned = _whole(tx, home, earlier.activity, planned)
    planned = looked_ahead(tx, home, planned)
    indexes = tx.save(planned, *entries)
    tx.set_timer("activity", what.key, "", ends_at(tx, home, planned))
    if isinstance(what, Activity):
        if what.recurrence_id is not None:
            set_apart(tx, what)
        if not what.open:
            tx.set_timer("roster", what.key, "", None)
        _follow(tx, home, earlier, planned)
    return indexes[-1] if indexes else 0


def _whole(tx: Tx, home: Home, before: Activity, planned: Planned) -> Planned:
    """End the occurrences that stood for themselves, where the whole has ended or is another."""
    now = planned.activity
    if now.open and before.details.same_question(now.details):
        return planned
    for part in parts(tx, now.uid):
        state: ActivityState = "over" if now.state == "over" else "cancelled"
        ended = part.activity.moved(state, proposals=())
        keep(tx, home, replace(part, what=ended), Entry(f"activity_{state}", ended.key, {}))
    return replace(planned, apart=())


def _follow(tx: Tx, home: Home, earlier: Planned | None, planned: Planned) -> None:
    for hooks in home.follows:
        try:
            tx.attempt(partial(hooks.changed, tx, home, earlier, planned))
        except OperationalError:
            # The machine's fault: nothing of all this is committed.
            raise
        except Exception as error:
            log.exception("what hangs on an activity could not follow it")
            what = planned.what.key
            tx.park(f"activities/{what}", b"", f"what hangs on it failed: {error!r}")
