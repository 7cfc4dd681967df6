"""Where the idea of a meal comes from, a rule or a member, and with whom it is to be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hub.domain import contacts
from hub.domain.activities import ActivityError
from hub.domain.mealplan import TITLE, MealRequest, evening
from hub.domain.meals import MealGuest, MealWish, SocialMeal, circle_guests, friends_at
from hub.domain.notices import Notice
from hub.domain.offers import Want, Window
from hub.domain.proposals import Firing
from hub.domain.spans import overlaps
from hub.domain.suggestions import Because
from hub.domain.tongue import phrase
from hub.domain.wording import window_text
from hub.flow.home import Home
from hub.flow.meals.keep import under_way
from hub.flow.meals.propose import Idea, propose
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx
from rules.times import duration, time_of_day

MOST_UNKNOWN = 8
"""Of more contacts than that none is asked without a reason to: name a circle."""


# -- from a rule -------------------------------------------------------------------------------


def fired(tx: Tx, home: Home, firing: Firing, observed: Entry) -> bool:
    """Propose a meal because a rule says so; False where there is nobody to eat with, or no time.

    ``observed`` is what led to it. Where a meal is under way that evening already, or proposed for
    the same cause, nothing new is made.
    """
    if home.own is None or home.invitations is None:
        return False
    notice = _notice(tx, firing)
    day = max(tx.now, notice.effective_from) if notice is not None else tx.now
    wish = _rules_wish(home, firing.params, day, tx.now)
    if wish is None:
        return False
    circle = firing.params.get("circle")
    guests = _guests(tx, home, day, circle=circle if isinstance(circle, str) else "")
    if not guests:
        return False
    if firing.cause_key in tx.house.open_keys:
        return True
    cause = f"{notice.sender},{notice.identifier}" if notice is not None else ""
    if under_way(tx, wish.within) or _proposed(tx, wish.within):
        return True
    tx.cool_down(firing.rule_id, firing.subject, firing.cooldown)
    index = tx.append(observed)
    people = firing.params.get("people")
    idea = Idea(
        firing.cause_key,
        firing.title,
        firing.body,
        tuple(
            Because(text, index if number == 0 else None)
            for number, text in enumerate(firing.because or (firing.body,))
        ),
        firing.ask or home.adults(),
        (firing.ask_at or tx.now) + timedelta(seconds=firing.expires_after),
        cause,
        (firing.rule_id, firing.rule_version, firing.rule_text),
        firing.ask_at,
        firing.urgent,
        firing.escalate,
    )
    propose(tx, home, idea, wish, guests, people if isinstance(people, int) else None, TITLE)
    return True


def _notice(tx: Tx, firing: Firing) -> Notice | None:
    """Return the notice that a firing is about."""
    return next(
        (
            one
            for one in tx.house.notices.values()
            if firing.cause_key.endswith(f":{one.sender},{one.identifier}")
        ),
        None,
    )


def _rules_wish(home: Home, params: Any, day: datetime, now: datetime) -> MealWish | None:
    found = evening(
        day,
        home.settings.home.zone,
        now,
        after=time_of_day(params["after"]),
        before=time_of_day(params["before"]),
        at=time_of_day(params["at"]),
    )
    if found is None:
        return None
    at, within = found
    where = params["where"]
    return MealWish(
        at,
        within,
        timedelta(seconds=duration(params["lasts"])),
        timedelta(seconds=duration(params["answer_within"])),
        None if where == "any" else where,
        tuple(params["diets"]),
        params.get("max_km"),
        _eats(home, params["eats"]),
    )


def _eats(home: Home, amounts: dict[str, float]) -> tuple[Want, ...]:
    known = ((home.pantry.get(item), amount) for item, amount in amounts.items())
    return tuple(
        Want(item.id, item.name, Decimal(str(amount)), item.unit, item.gtin, item.words)
        for item, amount in known
        if item is not None
    )


# -- from a member -----------------------------------------------------------------------------


def wanted(tx: Tx, home: Home, request: MealRequest, via: str) -> SocialMeal:
    """Propose a meal because a member wants one; the one there is where it was wanted before.

    ActivityError says in one line why it cannot be.
    """
    if home.own is None or home.invitations is None:
        raise ActivityError("this hub cannot write invitations")
    wish = _members_wish(home, request, tx.now)
    zone = home.settings.home.zone
    key = f"meal@{wish.at.astimezone(zone):%Y-%m-%d}"
    proposed = _proposed(tx, wish.within)
    if proposed is not None:
        return proposed
    other = under_way(tx, wish.within)
    if other is not None:
        when = window_text(other.window, zone, tx.now)
        raise ActivityError(f"there is {other.title} with friends already, {when}")
    guests = _guests(
        tx,
        home,
        wish.at,
        named=request.guests,
        circle=request.circle,
        activity=request.activity,
    )
    if not guests:
        raise ActivityError("guests: there is no contact to eat with; name some, or a circle")
    facts = {"member": request.member, "via": via}
    index = tx.append(Entry("meal_wanted", key, facts))
    idea = Idea(
        key,
        phrase("{title} with friends?", title=request.title),
        "",
        (
            Because(
                phrase("{member} would like to eat together", member=home.called(request.member)),
                index,
            ),
        ),
        home.adults(),
        wish.within.end,
    )
    return propose(tx, home, idea, wish, guests, request.people, request.title)


def _members_wish(home: Home, request: MealRequest, now: datetime) -> MealWish:
    zone = home.settings.home.zone
    local = request.at.astimezone(zone) if request.at is not None else None
    found = evening(
        request.at or now,
        zone,
        now,
        after=time(17, 30) if local is None else (local - timedelta(hours=1)).time(),
        before=time(23, 0) if local is None else (local + timedelta(hours=3)).time(),
        at=time(19, 0) if local is None else local.time(),
    )
    if found is None:
        raise ActivityError("at: too little time is left to ask anybody; choose a later one")
    at, within = found
    return MealWish(
        at,
        within,
        answer_within=request.answer_within,
        where=request.where,
        diets=request.diets,
        most_km=request.max_km,
    )


# -- with whom ---------------------------------------------------------------------------------


def _guests(
    tx: Tx,
    home: Home,
    day: datetime,
    *,
    named: Sequence[str] = (),
    circle: str = "",
    activity: str = "",
) -> tuple[MealGuest, ...]:
    mails = home.settings.mail_from is not None
    known = [
        one
        for one in PeerStore(tx.connection).contacts()
        if one.state == "known" and (one.peer or mails)
    ]
    if named:
        by_id = {one.id: one for one in known}
        for guest in named:
            if guest not in by_id:
                raise ActivityError(f"guests: {guest:.80} is not a contact that can be invited")
        return circle_guests([by_id[guest] for guest in dict.fromkeys(named)])
    if circle:
        return circle_guests(contacts.circle(known, circle))
    zone = home.settings.home.zone
    there = [
        planned.activity
        for key, planned in tx.house.activities.items()
        if key == activity
        or (
            not activity
            and planned.activity.details.window.start.astimezone(zone).date()
            == day.astimezone(zone).date()
        )
    ]
    own = (home.own.address,) if home.own is not None else ()
    found = friends_at(there, contacts.by_address(known), own)
    if found or activity:
        return found
    unmuted = [one for one in known if not one.muted]
    return circle_guests(unmuted) if len(unmuted) <= MOST_UNKNOWN else ()


def _proposed(tx: Tx, within: Window) -> SocialMeal | None:
    """Return a meal that members are being asked about for the same time."""
    return next(
        (
            one
            for one in tx.house.meals.values()
            if one.state == "proposed"
            and one.suggestion_id in tx.house.suggestions
            and one.wish is not None
            and overlaps(one.wish.within, within)
        ),
        None,
    )
