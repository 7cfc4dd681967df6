"""What the clock does about activities: they end, and guests are told who comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain import hosting
from hub.flow.activities.keep import keep
from hub.flow.activities.repeat import all_over
from hub.flow.activities.write import post
from hub.flow.home import Home
from hub.store.tx import Entry, Tx

TELL_AFTER = timedelta(seconds=10)
"""How long answers are gathered before guests are told who comes."""


def over(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Close an activity that has ended; look ahead at one that repeats (a timer)."""
    planned = tx.house.activities.get(name)
    if planned is None:
        return
    activity = planned.activity
    if activity.details.recurrence and not all_over(tx, home, planned):
        keep(tx, home, planned)
        return
    last = tx.now if activity.details.recurrence else activity.details.window.end
    done = hosting.finished(activity, last, tx.now)
    if done != activity:
        keep(tx, home, replace(planned, what=done), Entry("activity_over", name, {}))


def gather(tx: Tx, key: str, guests: int) -> None:
    """Have guests told who comes, in a while: who answers meanwhile is told along."""
    if guests > 1 and ("roster", key, "") not in tx.house.timers:
        tx.set_timer("roster", key, "", tx.now + TELL_AFTER)


def roster(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Tell the guests of an activity of ours who comes (a timer)."""
    planned = tx.house.activities.get(name)
    if planned is None:
        return
    done = hosting.roster(planned.activity, tx.now)
    keep(tx, home, replace(planned, what=done.activity))
    # A mail each time somebody answers would be too many.
    post(tx, home, done, by_mail=False)
