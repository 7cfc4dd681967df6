"""The household's rules, told of what happens to activities."""

from __future__ import annotations

from hub.domain.activities import Activity, Planned
from hub.domain.events import ActivityChange, ActivityChanged
from hub.flow.activities.hooks import ActivityHooks, answers
from hub.flow.home import Home
from hub.flow.react import react
from hub.store.tx import Tx


def _changed(tx: Tx, home: Home, before: Planned | None, now: Planned) -> None:
    own = home.own.address if home.own is not None else ""
    activity = now.activity
    change = change_of(before, now, own)
    if change is None:
        return
    start = now.next_start(tx.now)
    length = activity.details.window.end - activity.details.window.start
    react(
        tx,
        home,
        ActivityChanged(
            activity.key,
            change,
            activity.details.summary,
            activity.details.location,
            start,
            start + length,
            activity.organizer.address == own,
            len(activity.coming()),
            tx.now,
        ),
    )


def change_of(before: Planned | None, now: Planned, own: str) -> ActivityChange | None:
    """Return what happened to an activity, None where rules need not know."""
    activity = now.activity
    was = before.activity if before is not None and before.activity.open else None
    ours = activity.organizer.address == own
    if not activity.open:
        return "cancelled" if was is not None and activity.state == "cancelled" else None
    if was is None:
        return "planned" if ours else "invited"
    if not was.details.same_question(activity.details):
        return "moved"
    said = answers(before, now)
    if ours:
        return "answered" if said else None
    return "accepted" if _comes(activity, own) and not _comes(was, own) else None


def _comes(activity: Activity, own: str) -> bool:
    return any(one.address == own for one in activity.coming())


HOOKS = ActivityHooks(_changed)
"""What rules do about activities (``Home.follows``)."""
