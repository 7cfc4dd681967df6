"""Looking for a ride, and asking about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain import daywords
from hub.domain.activities import Planned
from hub.domain.offers import RideWish
from hub.domain.proposals import Firing
from hub.domain.rides import Way
from hub.domain.suggestions import Because, Suggestion
from hub.domain.tongue import phrase
from hub.domain.wording import listed
from hub.flow import wishes
from hub.flow.home import Home
from hub.flow.rides.together import lift
from hub.flow.rides.who import Leg, about_of, arrive_by, riders, way_of
from hub.flow.wishes import Question
from hub.store.tx import Entry, Tx


def propose(
    tx: Tx,
    home: Home,
    planned: Planned,
    leg: Leg,
    *,
    firing: Firing | None = None,
    observed: Entry | None = None,
) -> Suggestion | None:
    """Look for a ride and ask about it; None where none is needed, possible, or there already.

    Why not goes into the ledger. What is too far ahead is looked at again when it is near.
    """
    activity, about = planned.activity, about_of(leg, planned.activity.key)
    if wishes.order_for(tx, about) is not None or wishes.sought(tx, about) is not None:
        return None
    way = way_of(home, planned, leg)
    shared = lift(planned)
    if leg == "there" and shared is not None:
        way = Way(None, phrase("you share {name}'s ride", name=shared.name))
    window = activity.details.window
    until = window.end if leg == "back" else arrive_by(home, activity)
    why_not = way.why_not
    if not why_not and until <= tx.now:
        why_not = phrase("there is no time left for a ride")
    if not why_not and firing is None and not home.providers.get("ride"):
        why_not = phrase("no driver is known")
    if way.wish is None or why_not:
        tx.append(Entry("no_ride", activity.key, {"leg": leg, "why": why_not}))
        return None
    early = window.start - timedelta(days=home.settings.rides.days_ahead)
    if firing is None and tx.now < early:
        tx.set_timer("ride", about, "", early)
        return None
    tx.drop_timers("ride", about)
    question = question_about(home, planned, leg, way.wish, until, tx.now)
    if firing is not None and observed is not None:
        cause = tx.append(observed)
        reasons = tuple(Because(text, cause) for text in firing.because or (firing.body,))
        question = replace(
            question,
            because=(*reasons, *question.because),
            ask=firing.ask,
            rule_id=firing.rule_id,
            rule_version=firing.rule_version,
            rule_text=firing.rule_text,
            not_before=firing.ask_at,
            urgent=firing.urgent,
            escalate=firing.escalate,
        )
    return wishes.seek(tx, home, question, way.wish)


def question_about(
    home: Home, planned: Planned, leg: Leg, wish: RideWish, until: datetime, now: datetime
) -> Question:
    """Return what members are asked about a ride."""
    activity, zone = planned.activity, home.settings.home.zone
    what = activity.details.summary
    names = listed([home.called(one) for one in riders(home, planned)])
    line = daywords.activity_line(activity, zone, now)
    if wish.arrive_by is not None:
        title = phrase("A ride to {what}?", what=what)
        by = daywords.moment_text(wish.arrive_by, zone, now)
        margin = home.settings.rides.margin_minutes
        body = phrase(
            "{names}: to be there {by}, {margin} minutes before it begins.",
            names=names,
            by=by,
            margin=margin,
        )
    else:
        title = phrase("A ride home from {what}?", what=what)
        end = daywords.moment_text(activity.details.window.end, zone, now)
        body = phrase("{names}: once it ends, {end}.", names=names, end=end)
    return Question(
        about=about_of(leg, activity.key),
        title=title[:120],
        body=body,
        because=(Because(line),),
        until=until,
        subject=activity.key,
    )
