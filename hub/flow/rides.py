"""Getting there: a ride to an activity elsewhere, and home again; it follows its activity.

What a ride is and what becomes of it is decided in ``hub.domain.rides``; it is found, ordered and
given back on the road of a wish (``wishes``). Who goes and needs a ride has one proposed when they
say yes, once for each time and place; the way home once there is a ride there. Whatever happens to
the activity or the ride, ``_follow`` brings the two together again: it looks at how they stand, so
that it may be called twice, late, or after a kill.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from hub.domain import daywords
from hub.domain.activities import Activity, Planned
from hub.domain.meals import Cost
from hub.domain.offers import Place, RideWish
from hub.domain.orders import Change, Order
from hub.domain.proposals import Firing
from hub.domain.rides import RideChange, Way, called_off, follow, way_back, way_there
from hub.domain.suggestions import Because, Suggestion
from hub.domain.wording import listed, order_at
from hub.flow import wishes
from hub.flow.activities.hooks import ActivityHooks
from hub.flow.belonging import News
from hub.flow.changed import BY_US
from hub.flow.changes import begin, forget_change
from hub.flow.home import Home
from hub.flow.placing import PLACED
from hub.flow.tell import tag_of, tell
from hub.flow.wishes import Question
from hub.store.tx import Entry, Tx

Leg = Literal["there", "back"]
LEGS: tuple[Leg, ...] = ("there", "back")
RULE_AHEAD = timedelta(days=1)
"""How far ahead a rule's firing looks for activities that need a ride."""


def about_of(leg: Leg, key: str) -> str:
    """Return whose wish a ride to or from an activity is (``belonging``)."""
    return f"ride:{leg}:{key}"


# -- what happens ------------------------------------------------------------------------------


def changed(tx: Tx, home: Home, before: Planned | None, now: Planned) -> None:
    """Propose a ride to who goes now, and have the rides there are follow (``ActivityHooks``)."""
    activity = now.activity
    if activity.state == "over":
        # The ride home may still be to come.
        return
    for leg in LEGS:
        _follow(tx, home, leg, now)
    if home.settings.rides.propose == "off" or not _settled(home, now):
        return
    known = before.activity if before is not None else None
    moved = known is None or not known.details.same_question(activity.details)
    if moved or before is None or not _settled(home, before):
        propose(tx, home, now, "there")


def news(tx: Tx, home: Home, key: str, what: News, identity: str) -> None:
    """Look at what became of a ride (``owners.Owner``)."""
    name, _, activity_key = key.partition(":")
    leg: Leg = "back" if name == "back" else "there"
    planned = tx.activity(activity_key)
    if planned is None or not isinstance(planned.what, Activity):
        return
    if what == "booked":
        _give_back_older(tx, home, about_of(leg, activity_key))
        if planned.activity.open:
            _follow(tx, home, leg, planned)
            if leg == "there" and home.settings.rides.way_back:
                propose(tx, home, planned, "back")
    elif what == "changed" and planned.activity.open:
        _follow(tx, home, leg, planned)
    elif what == "unchanged" and planned.activity.open:
        # A member's no to a fee stands; where the provider would not, another ride may do.
        _follow(tx, home, leg, planned, only="replace")
    elif what == "cancelled":
        _lost(tx, home, planned, leg, identity)


def due(tx: Tx, home: Home, name: str, subject: str, at: datetime) -> None:
    """Look for a ride to an activity that is near enough by now (a timer)."""
    _, leg, key = name.split(":", 2)
    planned = tx.activity(key)
    if planned is not None and isinstance(planned.what, Activity) and _settled(home, planned):
        propose(tx, home, planned, "back" if leg == "back" else "there")


def by_rule(tx: Tx, home: Home, firing: Firing, observed: Entry) -> None:
    """Propose rides to what the household goes to within a day, as a rule wants."""
    soon = tx.now + RULE_AHEAD
    for planned in list(tx.house.activities.values()):
        window = planned.activity.details.window
        near = tx.now < window.start <= soon and _settled(home, planned)
        if near and propose(tx, home, planned, "there", firing=firing, observed=observed):
            tx.cool_down(firing.rule_id, firing.subject, firing.cooldown)


HOOKS = ActivityHooks(changed=changed)


# -- proposing ---------------------------------------------------------------------------------


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
    way = _way(home, planned, leg)
    window = activity.details.window
    until = window.end if leg == "back" else _arrive_by(home, activity)
    why_not = way.why_not
    if not why_not and until <= tx.now:
        why_not = "there is no time left for a ride"
    if not why_not and firing is None and not home.providers.get("ride"):
        why_not = "no driver is known"
    if way.wish is None or why_not:
        tx.append(Entry("no_ride", activity.key, {"leg": leg, "why": why_not}))
        return None
    early = window.start - timedelta(days=home.settings.rides.days_ahead)
    if firing is None and tx.now < early:
        tx.set_timer("ride", about, "", early)
        return None
    tx.drop_timers("ride", about)
    question = _question(home, planned, leg, way.wish, until, tx.now)
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
        )
    return wishes.seek(tx, home, question, way.wish)


def _question(
    home: Home, planned: Planned, leg: Leg, wish: RideWish, until: datetime, now: datetime
) -> Question:
    activity, zone = planned.activity, home.settings.home.zone
    what = activity.details.summary
    names = listed([_name(home, one) for one in _riders(home, planned)])
    line = daywords.activity_line(activity, zone, now)
    if wish.arrive_by is not None:
        title = f"A ride to {what}?"
        by = daywords.moment_text(wish.arrive_by, zone, now)
        margin = home.settings.rides.margin_minutes
        body = f"{names}: to be there {by}, {margin} minutes before it begins."
    else:
        title = f"A ride home from {what}?"
        end = daywords.moment_text(activity.details.window.end, zone, now)
        body = f"{names}: once it ends, {end}."
    return Question(
        about=about_of(leg, activity.key),
        title=title[:120],
        body=body,
        because=(Because(line),),
        until=until,
        subject=activity.key,
    )


# -- following ---------------------------------------------------------------------------------


def _follow(
    tx: Tx,
    home: Home,
    leg: Leg,
    planned: Planned,
    *,
    only: Literal["", "replace"] = "",
) -> None:
    """Bring a ride and the question about one together with how the activity stands now."""
    about = about_of(leg, planned.activity.key)
    goes = bool(_going(home, planned))
    if not goes:
        tx.drop_timers("ride", about)
    order = wishes.order_for(tx, about)
    if order is None:
        if not only:
            _question_follows(tx, home, leg, planned)
        return
    change = _change(home, planned, order, goes, tx.now)
    if only and change.action != only:
        return
    if change.action in ("keep", "tell"):
        forget_change(tx, home, order, change.why)
        wishes.withdraw(tx, home, about, change.why)
        if change.action == "tell":
            _tell(tx, home, planned, change)
    elif change.action == "cancel":
        wishes.withdraw(tx, home, about, change.why)
        for one in _live(tx, about):
            wishes.give_back(tx, home, one, by=_by(tx, home, one, planned), why=change.why)
    elif order.state not in PLACED:
        if wishes.give_back(tx, home, order, by=_by(tx, home, order, planned), why=change.why):
            propose(tx, home, planned, leg)
    elif change.action == "reschedule":
        wishes.withdraw(tx, home, about, change.why)
        _move(tx, home, planned, order, change)
    else:
        _replace(tx, home, leg, planned, order, change)


def _change(home: Home, planned: Planned, order: Order, goes: bool, now: datetime) -> RideChange:
    activity = planned.activity
    if activity.open and not goes:
        return called_off(order, f"nobody here goes to {activity.details.summary} any more", now)
    change = follow(order, activity, now, margin=_margin(home))
    seats, ride = len(_riders(home, planned)), order.ride
    if ride is None:
        return change
    if change.action == "keep" and activity.open and seats > ride.seats:
        why = f"{seats} of you go to {activity.details.summary} now"
        return RideChange("reschedule", why, replace(ride, seats=seats))
    if change.wish is not None:
        return replace(change, wish=replace(change.wish, seats=max(seats, 1)))
    return change


def _question_follows(tx: Tx, home: Home, leg: Leg, planned: Planned) -> None:
    """A question nobody decided yet: it is about the activity as it is now, or is taken back."""
    activity = planned.activity
    about = about_of(leg, activity.key)
    asked = wishes.sought(tx, about)
    if asked is None or not asked.open:
        return
    what = activity.details.summary
    way = _way(home, planned, leg)
    until = activity.details.window.end if leg == "back" else _arrive_by(home, activity)
    if not activity.open:
        wishes.withdraw(tx, home, about, f"{what} is cancelled")
    elif way.wish is None or until <= tx.now:
        wishes.withdraw(tx, home, about, way.why_not or "there is no time left for a ride")
    else:
        question = _question(home, planned, leg, way.wish, until, tx.now)
        wishes.seek(tx, home, replace(question, ask=asked.ask), way.wish)


def _move(tx: Tx, home: Home, planned: Planned, order: Order, change: RideChange) -> None:
    """Ask what it costs to have a ride at another time; the fee is put to the members."""
    under_way = order.change
    if under_way is not None and under_way.kind == "move" and under_way.ride == change.wish:
        return
    if order.pending is not None and (under_way is None or under_way.agreed):
        # It cannot be called back; once it is answered this is looked at again.
        return
    by = _by(tx, home, order, planned)
    begin(tx, home, order, Change("move", by, ride=change.wish, why=change.why))


def _replace(
    tx: Tx, home: Home, leg: Leg, planned: Planned, order: Order, change: RideChange
) -> None:
    """Look for another ride; the present one is given back once that one is ordered."""
    if change.wish is None:
        return
    forget_change(tx, home, order, change.why)
    wish = change.wish
    until = planned.activity.details.window.end if leg == "back" else wish.arrive_by
    if until is None or until <= tx.now:
        _tell(tx, home, planned, change)
        return
    question = _question(home, planned, leg, wish, until, tx.now)
    cost = daywords.cost_text(Cost(change.fee, change.known))
    called = order_at(order)
    body = (
        f"{change.why[:1].upper()}{change.why[1:]}, and {called} cannot move with it."
        f" Another one takes its place, and it is cancelled then. {cost}"
    )
    question = replace(
        question,
        title=question.title.replace("A ride", "Another ride", 1)[:120],
        body=f"{body}\n{question.body}",
    )
    wishes.seek(tx, home, question, wish)


def _give_back_older(tx: Tx, home: Home, about: str) -> None:
    """Another ride was ordered: the one before it goes, at no more than the question said."""
    placed = [order for order in _live(tx, about) if order.state in PLACED]
    if len(placed) < 2:
        return
    *older, newest = placed
    asked = tx.suggestion(newest.suggestion_id)
    by = (asked.decided_by if asked else None) or next(iter(home.adults()), "")
    for order in older:
        terms = order.cancellation
        shown = terms.fee_at(asked.created_at) if terms is not None and asked else None
        why = f"another ride takes its place: {newest.provider_name}"
        wishes.give_back(tx, home, order, by=by, why=why, at_most=shown)


def _lost(tx: Tx, home: Home, planned: Planned, leg: Leg, order_id: str) -> None:
    """A ride is cancelled: where that was its driver's doing, look for another."""
    order, activity = tx.order(order_id), planned.activity
    if order is None or order.reason.startswith(BY_US) or not _settled(home, planned):
        return
    about = about_of(leg, activity.key)
    if wishes.order_for(tx, about) is not None or wishes.sought(tx, about) is not None:
        return
    way = _way(home, planned, leg)
    until = activity.details.window.end if leg == "back" else _arrive_by(home, activity)
    if way.wish is None or until <= tx.now:
        return
    question = _question(home, planned, leg, way.wish, until, tx.now)
    why = f"{order.provider_name} cancelled the ride"
    question = replace(
        question,
        title=question.title.replace("A ride", "Another ride", 1)[:120],
        because=(Because(why), *question.because),
        body=f"{why}.\n{question.body}",
    )
    wishes.seek(tx, home, question, way.wish, but=(order.provider.subscriber_id,))


# -- who goes, and where -----------------------------------------------------------------------


def _going(home: Home, planned: Planned) -> tuple[str, ...]:
    """Return the members who go; nobody where it is off, or the household has not said yes."""
    activity, own = planned.what, home.own
    if own is None or not isinstance(activity, Activity) or not activity.open:
        return ()
    answer = activity.attendee(own.address)
    yes = answer is not None and answer.partstat == "ACCEPTED"
    if not yes and activity.organizer.address != own.address:
        return ()
    return planned.going or home.adults()


def _settled(home: Home, planned: Planned) -> bool:
    """Tell whether it takes place, and somebody of the household goes."""
    activity = planned.what
    confirmed = isinstance(activity, Activity) and activity.state == "confirmed"
    return confirmed and bool(_going(home, planned))


def _riders(home: Home, planned: Planned) -> tuple[str, ...]:
    """Return the members who go and need a ride."""
    return tuple(
        one
        for one in _going(home, planned)
        if (member := home.member(one)) is not None and member.needs_ride
    )


def _way(home: Home, planned: Planned, leg: Leg) -> Way:
    own, settings = home.settings.home, home.settings.rides
    place = Place(own.gps, own.address or "") if own.gps else None
    details = planned.activity.details
    if details.recurrence:
        return Way(None, "it repeats: rides are found for what happens once")
    seats = len(_riders(home, planned))
    if leg == "back":
        return way_back(details, place, seats, walkable_km=settings.walk_km)
    return way_there(details, place, seats, margin=_margin(home), walkable_km=settings.walk_km)


def _margin(home: Home) -> timedelta:
    return timedelta(minutes=home.settings.rides.margin_minutes)


def _arrive_by(home: Home, activity: Activity) -> datetime:
    return activity.details.window.start - _margin(home)


def _live(tx: Tx, about: str) -> list[Order]:
    """Return the orders of a wish that are placed or being placed, the newest last."""
    found = [
        order
        for order in tx.house.orders.values()
        if order.about == about and (order.state in PLACED or order.approved_total is not None)
    ]
    return sorted(found, key=lambda one: (one.created_at or tx.now, one.id))


def _by(tx: Tx, home: Home, order: Order, planned: Planned) -> str:
    """Return who is asked about an order's fees: who agreed to it, else somebody who goes."""
    asked = tx.suggestion(order.suggestion_id)
    by = asked.decided_by if asked is not None else None
    if by is not None and home.member(by) is not None:
        return by
    return next(iter(planned.going or home.adults()), "")


def _name(home: Home, member_id: str) -> str:
    member = home.member(member_id)
    return member.name if member is not None else member_id


def _tell(tx: Tx, home: Home, planned: Planned, change: RideChange) -> None:
    text = daywords.ride_change_text(change)
    activity = planned.activity
    cause = tx.append(Entry("ride_told", activity.key, {"why": change.why}))
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(f"ride:{activity.key}"),
        title=activity.details.summary,
        body=text,
        cause=cause,
    )
