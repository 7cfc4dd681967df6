"""Activities looked up and kept; what hangs on them is told."""

from __future__ import annotations

import logging
from functools import partial

from sqlalchemy.exc import OperationalError

from hub.domain.activities import Activity, ActivityError, Person, Planned
from hub.domain.details import Details
from hub.flow.home import Home
from hub.ports import InvitationFormat
from hub.store.tx import Entry, Tx

log = logging.getLogger(__name__)


def ready(home: Home) -> tuple[InvitationFormat, Person]:
    """Return how invitations are written and who this household is in them. ActivityError."""
    if home.invitations is None or home.own is None:
        raise ActivityError("this hub cannot write invitations")
    return home.invitations, home.own


def once(details: Details) -> None:
    """Refuse what repeats (ActivityError)."""
    if details.recurrence:
        raise ActivityError("it repeats; this hub keeps what happens once")


def known(tx: Tx, key: str) -> Planned:
    """Return an activity. ActivityError when there is none."""
    planned = tx.activity(key)
    if planned is None:
        raise ActivityError("there is no such activity")
    return planned


def ours(tx: Tx, home: Home, key: str) -> Planned:
    """Return an activity of this household. ActivityError when it is another's."""
    planned = known(tx, key)
    _, own = ready(home)
    organizer = planned.activity.organizer
    if organizer.address != own.address:
        raise ActivityError(f"it is {organizer.name or organizer.address}'s, who alone may do that")
    return planned


def keep(tx: Tx, home: Home, planned: Planned, *entries: Entry) -> int:
    """Keep how an activity stands, and tell what hangs on it; return the last entry's index."""
    what = planned.what
    before = tx.activity(what.key)
    indexes = tx.save(planned, *entries)
    due = what.details.window.end if isinstance(what, Activity) and what.open else None
    tx.set_timer("activity", what.key, "", due)
    if isinstance(what, Activity):
        earlier = before if before and isinstance(before.what, Activity) else None
        for hooks in home.follows:
            try:
                tx.attempt(partial(hooks.changed, tx, home, earlier, planned))
            except OperationalError:
                # The machine's fault: nothing of all this is committed.
                raise
            except Exception as error:
                log.exception("what hangs on an activity could not follow it")
                tx.park(f"activities/{what.key}", b"", f"what hangs on it failed: {error!r}")
    return indexes[-1] if indexes else 0
