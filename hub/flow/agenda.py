"""The agenda of the household as it stands: from activities, orders, notices, plans and presence.

It is made of the present state for the time that is asked about, so that it cannot be out of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta

from hub.domain import spans
from hub.domain.agenda import Agenda, Block, nobody_home
from hub.domain.blocks import activity_blocks, cooking_block, lift_block, notice_block, order_block
from hub.domain.calendars import calendar_blocks
from hub.domain.fitting import Busy
from hub.domain.meals import SocialMeal
from hub.domain.notices import Service
from hub.domain.offers import Place, Window
from hub.domain.orders import Order
from hub.domain.wording import listed
from hub.flow.home import Home
from hub.flow.presence import presence_blocks
from hub.store.house import House

USUAL_AHEAD = timedelta(hours=36)
"""How far ahead meals are taken for granted: of a later one nobody can say yet."""
USUAL = "usual-"
"""How the id of a meal begins that nobody planned and everybody expects."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TAKES_PLACE = ("delivery", "cooking", "activity", "meal")


def agenda_of(
    house: House, home: Home, within: Window | None = None, now: datetime | None = None
) -> Agenda:
    """Return the agenda, made of the present state; any thread may ask.

    Only what touches ``within`` is in it. With ``now`` it holds what is true just now, too: who is
    seen where, and the meals that are usual.
    """
    blocks = list(_kept(house, home, within))
    if now is not None:
        blocks += [*presence_blocks(house, home, now), *_usual(house, home, now, blocks)]
    return Agenda(block for block in blocks if within is None or spans.overlaps(block.span, within))


def whole_around(
    house: House, home: Home, windows: Iterable[Window], now: datetime
) -> tuple[Agenda, tuple[Window, ...]]:
    """Return the agenda around some times, and these times as far as what takes place in them.

    A delivery that begins before one of them and ends in it is looked at as a whole.
    """
    asked = spans.union(windows)
    hull = Window(asked[0].start, max(one.end for one in asked))
    near = agenda_of(house, home, hull, now)
    whole = spans.union(
        [
            *asked,
            *(
                block.span
                for window in asked
                for block in near.during(window)
                if block.kind in _TAKES_PLACE
            ),
        ]
    )
    wider = Window(min(hull.start, whole[0].start), max(hull.end, *(one.end for one in whole)))
    return agenda_of(house, home, wider, now), whole


def unwelcome(
    house: House, home: Home, windows: Iterable[Window], now: datetime
) -> tuple[Busy, ...]:
    """Return when nobody is at home around these windows, and why, for choosing among them."""
    times = list(windows)
    if not times:
        return ()
    within = Window(min(one.start for one in times), max(one.end for one in times))
    agenda = agenda_of(house, home, within, now)
    found = []
    for gap in nobody_home(agenda, within, home.doors()):
        away = [one.title for one in agenda.during(gap) if one.away and not one.tentative]
        found.append(Busy(gap, listed(list(dict.fromkeys(away))[:3])))
    return tuple(found)


def somebody_home(house: House, home: Home, now: datetime) -> bool:
    """Tell whether one of those who may decide is at home now, as far as is known."""
    moment = Window(now, now + timedelta(seconds=1))
    return not nobody_home(agenda_of(house, home, moment, now), moment, home.doors())


def _kept(house: House, home: Home, within: Window | None) -> Iterator[Block]:
    own = home.settings.home
    place = Place(own.gps or "", own.address or "") if own.gps or own.address else None
    members = {home.own.address: "home"} if home.own else {}
    meals = {meal.uid: meal for meal in list(house.meals.values()) if meal.uid}
    for planned in list(house.activities.values()):
        activity = planned.activity
        windows = [one for one in planned.windows if within is None or spans.overlaps(one, within)]
        if not windows:
            continue
        meal, going = meals.get(activity.key), _going(house, home, meals, activity.key)
        # A meal is moved with its table and its guests, what repeats as a whole: by members.
        alone = meal is None and not activity.details.recurrence
        for block in activity_blocks(activity, members, windows, place):
            yield replace(block, members=going, movable=block.movable and alone)
        for share in planned.shares:
            lift = lift_block(share, activity, going)
            if lift is not None:
                yield lift
    for calendar in list(house.calendars.values()):
        yield from calendar_blocks(calendar, home.adults(), place, within)
    for order in list(house.orders.values()):
        if order.slot is None or (within and not spans.overlaps(order.slot.window, within)):
            continue
        riders = _going(house, home, meals, order.activity)
        found = order_block(order, riders, frozen=_frozen(home, order))
        if found is not None:
            yield found
    for notice in list(house.notices.values()):
        off = notice_block(notice)
        if off is not None:
            yield off
    for plan in list(house.plans.values()):
        yield plan.block


def _going(house: House, home: Home, meals: Mapping[str, SocialMeal], key: str) -> tuple[str, ...]:
    """Return which members go to an activity; to a meal with a seat for each: all of them."""
    planned = house.activities.get(key)
    if planned is None:
        return ()
    meal = meals.get(key)
    if meal is not None and meal.own_seats >= len(home.settings.members):
        return home.everybody()
    return planned.going or home.adults()


def _frozen(home: Home, order: Order) -> bool:
    """Tell whether an order brings what has to go into a freezer."""
    items = (home.pantry.get(line.wants) for line in order.lines if line.wants)
    return any(item is not None and item.frozen for item in items)


def _usual(house: House, home: Home, now: datetime, kept: Iterable[Block]) -> Iterator[Block]:
    """Yield the meals that are usual, today and tomorrow.

    Not where somebody has planned to cook that day, or all adults have something else on then.
    It takes nobody's time: only what would spoil it is worth a word.
    """
    meals = home.settings.agenda.meals
    if not meals:
        return
    zone = home.settings.home.zone
    planned = [one.window for one in house.plans.values() if one.kind == "cooking"]
    adults = set(home.adults())
    taken = [
        block.window
        for block in kept
        if block.kind == "activity" and not block.tentative and adults <= set(block.members)
    ]
    today = now.astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):
        cooked = any(window.start.astimezone(zone).date() == day for window in planned)
        for meal in meals:
            start = datetime.combine(day, time.fromisoformat(meal.at), zone).astimezone(now.tzinfo)
            window = Window(start, start + timedelta(minutes=meal.minutes))
            if (
                cooked
                or _DAYS[day.weekday()] not in meal.days
                or not now < window.end <= now + USUAL_AHEAD
                or any(spans.overlaps(window, one) for one in taken)
            ):
                continue
            uses: tuple[Service, ...] = meal.uses
            yield cooking_block(f"{USUAL}{day:%Y%m%d}-{meal.at}", meal.name, window, (), uses)
