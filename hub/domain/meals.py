"""Eating together: a social meal's nouns and its life. What happens next: ``mealsteps``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from hub.domain.activities import Activity, ActivityError, Attendee, PartStat, address
from hub.domain.contacts import Contact
from hub.domain.life import Life
from hub.domain.money import Money
from hub.domain.offers import ChangeTerms, Want, Window
from hub.domain.shares import split
from hub.domain.values import dataclass

MealState = Literal["proposed", "inviting", "booking", "booked", "resizing", "cancelled", "over"]

MEAL_LIFE: Life[MealState] = Life(
    "meal",
    {
        "proposed": frozenset({"inviting", "cancelled"}),
        # At somebody's home there is nothing to book.
        "inviting": frozenset({"booking", "booked", "cancelled"}),
        "booking": frozenset({"booking", "booked", "cancelled"}),
        # The restaurant may cancel: then another table is looked for.
        "booked": frozenset({"booked", "resizing", "booking", "cancelled", "over"}),
        "resizing": frozenset({"booked", "booking", "cancelled", "over"}),
        "cancelled": frozenset(),
        "over": frozenset(),
    },
)

Where = Literal["out", "home"]
Awaited = Literal["busy", "tables"]

MOST_GUESTS = 30
MOST_SEATS = 12
"""People one guest may come with."""


@dataclass(frozen=True, slots=True)
class MealGuest:
    """A household that is invited: by calendar address, with ``seats`` people if it comes.

    ``contact`` is its id among the contacts. ``busy`` is when it told that it has no time, None:
    nothing. ``gps`` is where it lives, where it has told.
    """

    address: str
    name: str
    seats: int = 1
    answer: PartStat = "NEEDS-ACTION"
    contact: str = ""
    busy: tuple[Window, ...] | None = None
    gps: str | None = None

    def __post_init__(self) -> None:
        """Refuse a guest without an address, or with a crowd (ActivityError)."""
        object.__setattr__(self, "address", address(self.address))
        if not 1 <= self.seats <= MOST_SEATS:
            raise ActivityError(f"{self.name}: expected 1 to {MOST_SEATS} people")


@dataclass(frozen=True, slots=True)
class MealChoice:
    """One time and place among which members choose; ``id`` is that of the option.

    ``where``, ``host``, ``place`` and ``provider`` are as in ``SocialMeal``; ``note`` is what
    members should know, ``cost`` what the table takes for everybody.
    """

    id: str
    window: Window
    where: Where
    host: str = ""
    place: str = ""
    provider: str = ""
    note: str = ""
    cost: Money | None = None


@dataclass(frozen=True, slots=True)
class MealWish:
    """What a meal is to be like, before anybody was asked.

    It is to begin near ``at``, within ``within``, and to last ``lasts``; ``answer_within`` is how
    long guests have to answer. ``where`` None leaves the place open. ``diets`` have to be catered
    for, ``most_km`` is how far the farthest household goes. ``eats`` is what one person eats, for
    the shared shopping list.
    """

    at: datetime
    within: Window
    lasts: timedelta = timedelta(hours=2)
    answer_within: timedelta = timedelta(hours=2)
    where: Where | None = None
    diets: tuple[str, ...] = ()
    most_km: float | None = None
    eats: tuple[Want, ...] = ()


@dataclass(frozen=True, slots=True)
class SocialMeal:
    """A meal with friends, from the idea to the table.

    ``uid`` is its activity's. ``own_seats`` are the household's own people. ``where``: ``out`` at
    a restaurant, or at the ``home`` of ``host`` (a name; "" is here). ``place`` is the restaurant
    that members chose or that has the table, ``gps`` where it is, ``provider`` its id.
    ``order_id`` is the hub's order of the table, ``size`` for how many it is booked, ``asked_size``
    what was asked for last.
    ``cause`` is the reference of the notice behind it, "" without one or once members said that
    it no longer matters. ``answer_by`` is until when answers are awaited.

    ``suggestion_id`` is the question that proposes it, ``wish`` what it is to be like, ``choices``
    the times and places that were proposed; ``awaited`` is what has not been told yet of what a
    proposal is made of. ``by`` is the member who agreed, ``at_most`` what the table may cost by
    that. ``late`` are answers that came after the deadline and that members have not decided
    about. ``held`` are the suggestions that it holds back. ``bill`` is what it came to, once
    somebody said so.
    """

    id: str
    key: str
    uid: str
    state: MealState
    title: str
    window: Window
    answer_by: datetime
    own_seats: int
    guests: tuple[MealGuest, ...]
    where: Where = "out"
    host: str = ""
    order_id: str = ""
    size: int = 0
    asked_size: int = 0
    cause: str = ""
    reason: str = ""
    place: str = ""
    gps: str | None = None
    provider: str = ""
    suggestion_id: str = ""
    wish: MealWish | None = None
    choices: tuple[MealChoice, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    by: str = ""
    at_most: Money | None = None
    late: tuple[Attendee, ...] = ()
    held: tuple[str, ...] = ()
    bill: Money | None = None

    def __post_init__(self) -> None:
        """Refuse a meal without guests or with too many, or answers awaited beyond its start."""
        if not 0 < len(self.guests) <= MOST_GUESTS:
            raise ActivityError(f"guests: expected 1 to {MOST_GUESTS}")
        if len({one.address for one in self.guests}) != len(self.guests):
            raise ActivityError("guests: somebody is named twice")
        if not 1 <= self.own_seats <= MOST_SEATS:
            raise ActivityError(f"own seats: expected 1 to {MOST_SEATS}")
        if self.answer_by > self.window.start:
            raise ActivityError("answers have to be in before the meal begins")

    def moved(self, state: MealState, **changes: object) -> SocialMeal:
        """Return it in ``state`` with ``changes``; IllegalMove when its life does not allow it."""
        return replace(self, state=MEAL_LIFE.move(self.state, state), **changes)  # type: ignore[arg-type]

    @property
    def ended(self) -> bool:
        """Tell whether nothing more can happen to it."""
        return MEAL_LIFE.ended(self.state)

    @property
    def most(self) -> int:
        """Return how many people it is for if everybody comes who has not said no."""
        open_ = (one.seats for one in self.guests if one.answer != "DECLINED")
        return self.own_seats + sum(open_)

    @property
    def ours(self) -> bool:
        """Tell whether it is at this household's own home."""
        return self.where == "home" and not self.host

    @property
    def coming(self) -> tuple[MealGuest, ...]:
        """Return who said yes."""
        return tuple(one for one in self.guests if one.answer == "ACCEPTED")

    @property
    def party(self) -> int:
        """Return how many people come: our own, and those of the guests who said yes."""
        return self.own_seats + sum(one.seats for one in self.coming)

    def guest(self, who: str) -> MealGuest | None:
        """Return the guest with this address, None when they were not invited."""
        return next((one for one in self.guests if one.address == who), None)

    def answered(self, who: str, answer: PartStat, seats: int | None = None) -> SocialMeal:
        """Return it with a guest's answer; ``seats`` where they say how many they are."""
        return replace(
            self,
            guests=tuple(
                replace(one, answer=answer, seats=seats or one.seats) if one.address == who else one
                for one in self.guests
            ),
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """What undoing costs: ``fee`` None is free. Not ``known``: ask the provider first."""

    fee: Money | None = None
    known: bool = True
    possible: bool = True

    @property
    def free(self) -> bool:
        """Tell whether it can be undone without asking anybody."""
        return self.possible and self.known and self.fee is None


def cost_of(meal: SocialMeal, terms: ChangeTerms | None, now: datetime) -> Cost:
    """Return what it costs to cancel the table of a meal, by the terms told last."""
    if meal.where == "home" or not meal.order_id:
        return Cost()
    if terms is None:
        return Cost(known=False)
    if not terms.possible_at(now):
        return Cost(possible=False)
    return Cost(terms.fee_at(now))


# -- who, and who pays -------------------------------------------------------------------------


def friends_at(
    activities: Iterable[Activity], contacts: Mapping[str, Contact], own: Iterable[str]
) -> tuple[MealGuest, ...]:
    """Return the contacts who are at an activity with us, by name, each once.

    ``activities`` are those of the day; ``contacts`` are ours by address (``by_address``). Only
    who said yes is there, and only where one of ``own`` addresses did.
    """
    mine = frozenset(own)
    found: dict[str, MealGuest] = {}
    for activity in activities:
        there = {one.address for one in activity.coming()} | {activity.organizer.address}
        if not activity.open or not there & mine:
            continue
        for who in sorted(there - mine):
            contact = contacts.get(who)
            if contact is not None and not contact.muted:
                found.setdefault(contact.id, _guest(contact, who))
    return _by_name(found.values())


def circle_guests(members: Sequence[Contact]) -> tuple[MealGuest, ...]:
    """Return contacts, e.g. of ``contacts.circle``, as guests, each by its first address."""
    return _by_name(_guest(one, one.addresses[0]) for one in members)


def shopping(per_person: Sequence[Want], party: int) -> tuple[Want, ...]:
    """Return what to buy for ``party`` people of what one person eats, to a thousandth."""
    step = Decimal("0.001")
    return tuple(
        replace(want, quantity=(want.quantity * party).quantize(step, ROUND_CEILING).normalize())
        for want in per_person
        if want.quantity > 0
    )


def bill_shares(total: Money, meal: SocialMeal, own_name: str) -> dict[str, Money]:
    """Split a bill among the households that came, by their people; it adds up to the cent."""
    heads = {one.name: Decimal(one.seats) for one in meal.coming}
    return split(total, {own_name: Decimal(meal.own_seats), **heads})


def _guest(contact: Contact, who: str) -> MealGuest:
    return MealGuest(who, contact.name, contact=contact.id, gps=contact.gps)


def _by_name(guests: Iterable[MealGuest]) -> tuple[MealGuest, ...]:
    return tuple(sorted(guests, key=lambda one: (one.name, one.address)))[:MOST_GUESTS]
