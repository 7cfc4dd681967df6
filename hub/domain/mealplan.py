"""When and where a meal could be: the times and places among which members choose (pure).

Nothing is made up: a restaurant is there with the sitting it offered, a time suits whoever told
when they are busy, and who did not tell is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.domain.freebusy import FreeBusy, best_time
from hub.domain.meals import MealChoice, MealWish, SocialMeal, Where
from hub.domain.money import Money
from hub.domain.offers import Window
from hub.domain.spans import clipped, overlaps
from hub.domain.tongue import phrase
from hub.domain.values import dataclass
from hub.domain.wording import listed

LEAD = timedelta(minutes=75)
"""How long before it begins the answers have to be in: a restaurant wants to know an hour ahead."""
LEAST = timedelta(minutes=20)
"""The least time guests have to answer."""
MOST_TABLES = 3
MOST_HOSTS = 2
TITLE = "Dinner"
US = ""
"""This household among those whose busy times are known."""


@dataclass(frozen=True, slots=True)
class MealRequest:
    """What a member wants: with whom (contacts' ids, a circle, or who is at an activity), and when.

    Without anybody it is friends who are at an activity with the household that day, else every
    contact. ``at`` is when it is to begin about, None: this evening.
    """

    member: str
    guests: tuple[str, ...] = ()
    circle: str = ""
    activity: str = ""
    title: str = TITLE
    at: datetime | None = None
    where: Where | None = None
    people: int | None = None
    diets: tuple[str, ...] = ()
    max_km: float | None = None
    answer_within: timedelta = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Sitting:
    """A table that a restaurant offers; ``id`` is the option's, ``cost`` for everybody."""

    id: str
    place: str
    provider: str
    window: Window
    cost: Money
    note: str = ""


def evening(
    day: datetime, zone: ZoneInfo, now: datetime, *, after: time, before: time, at: time
) -> tuple[datetime, Window] | None:
    """Return the wished time and the span of a day's evening in which a meal can still be.

    ``day`` is an instant of that day. None when too little of it is left to ask anybody.
    """
    local = day.astimezone(zone).date()
    start, end, wished = (
        datetime.combine(local, clock, zone).astimezone(now.tzinfo) for clock in (after, before, at)
    )
    if end <= start:
        end += timedelta(days=1)
    start = max(start, _quarter(now + LEAD + LEAST))
    if end - start < timedelta(hours=1):
        return None
    return min(max(wished, start), end), Window(start, end)


def _quarter(moment: datetime) -> datetime:
    """Return the next full quarter of an hour."""
    over = timedelta(minutes=moment.minute % 15, seconds=moment.second)
    over += timedelta(microseconds=moment.microsecond)
    return moment + (timedelta(minutes=15) - over if over else timedelta(0))


def answers_until(window: Window, within: timedelta, now: datetime) -> datetime:
    """Return until when answers to an invitation are awaited."""
    return min(now + within, window.start - LEAD)


def choices(
    meal: SocialMeal, told: Sequence[FreeBusy], sittings: Iterable[Sitting], *, cooking: bool
) -> tuple[MealChoice, ...]:
    """Return the times and places to choose from: tables first, then homes.

    ``told`` is when the households are busy, each by its name, ours as ``US``; ``cooking``: one
    can cook at ours. A sitting that does not suit everybody is there with who is busy then, where
    no other suits.
    """
    wish = meal.wish
    if wish is None:
        return ()
    found: list[MealChoice] = []
    if wish.where != "home":
        found += _out(wish, told, sittings)
    if wish.where != "out":
        found += _at_home(meal, wish, told, cooking)
    return tuple(found)


def _out(wish: MealWish, told: Sequence[FreeBusy], sittings: Iterable[Sitting]) -> list[MealChoice]:
    ranked = []
    for one in sittings:
        window = Window(one.window.start, min(one.window.end, one.window.start + wish.lasts))
        busy = _busy_at(told, window)
        rank = (len(busy), abs(window.start - wish.at), one.cost.amount, one.place, one.id)
        choice = MealChoice(
            one.id,
            window,
            "out",
            place=one.place,
            provider=one.provider,
            note=_noted(told, window, busy, one.note),
            cost=one.cost,
        )
        ranked.append((rank, choice))
    ranked.sort(key=lambda pair: pair[0])
    least = ranked[0][0][0] if ranked else 0
    return [choice for rank, choice in ranked if rank[0] == least][:MOST_TABLES]


def _at_home(
    meal: SocialMeal, wish: MealWish, told: Sequence[FreeBusy], cooking: bool
) -> list[MealChoice]:
    best = best_time(told, wish.within, wish.lasts, wish.at)
    if best is not None:
        window, busy = best.window, []
    else:
        start = min(wish.at, wish.within.end)
        window = Window(start, start + wish.lasts)
        busy = _busy_at(told, window)
    note = _noted(told, window, busy, "")
    found = [MealChoice("home", window, "home", note=note)] if cooking else []
    for guest in [one for one in meal.guests if one.name not in busy][:MOST_HOSTS]:
        asks = "; ".join(
            part
            for part in (phrase("{name} is asked whether that suits", name=guest.name), note)
            if part
        )
        choice = MealChoice(f"at:{guest.contact}", window, "home", host=guest.name, note=asks)
        found.append(choice)
    return found


def _busy_at(told: Sequence[FreeBusy], window: Window) -> list[str]:
    """Return who is busy in a window, by name."""
    return [
        one.household or phrase("this household")
        for one in told
        if any(overlaps(busy, window) for busy in one.busy or ())
    ]


def _noted(told: Sequence[FreeBusy], window: Window, busy: Sequence[str], note: str) -> str:
    silent = [
        one.household for one in told if one.busy is None or clipped(window, one.asked) is None
    ]
    parts = [note]
    if busy:
        parts.append(
            phrase("{names} is busy then", names=listed(busy))
            if len(busy) == 1
            else phrase("{names} are busy then", names=listed(busy))
        )
    if silent:
        parts.append(phrase("whether {silent} can is not known", silent=listed(silent)))
    return "; ".join(part for part in parts if part)
