"""One ride for several households that go the same way, and who pays what of it (pure).

A shared ride begins at one household and picks the others up. Nobody rides further than a bound
says, and nobody pays more than alone: the fare is split in proportion to what each would have
paid, so that everybody saves the same share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Literal

from hub.domain.geo import distance_km, read_gps
from hub.domain.money import Money
from hub.domain.offers import Place, RideWish
from hub.domain.shares import split
from hub.domain.values import dataclass

OWN = "own"
"""What this household is called among the riders of a shared ride."""

MOST_STOPS = 5
"""Households in one vehicle: more ways around than that are not looked through."""


@dataclass(frozen=True, slots=True)
class Rider:
    """A household that needs ``seats`` seats from ``home``; ``alone`` is its own ride's price.

    ``name`` is what members call it.
    """

    household: str
    home: Place
    seats: int
    alone: Money
    name: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """What this household and a contact have said about sharing a ride to an activity.

    As ``host`` we order the ride and the contact's household gets in (``seats``, ``place``); as
    ``guest`` it is theirs. ``offered``: the host has told of it. ``joined``: the guest wants to.
    ``settled``: it is ordered for both. ``fare`` is what the host's own ride costs, ``alone`` the
    guest's. ``place`` of the host is where about they live, of the guest the door. ``told`` is what
    the guest was told last: when it is fetched and what it pays.
    """

    contact: str
    name: str
    role: Literal["host", "guest"]
    state: Literal["offered", "joined", "settled"]
    fare: Money
    place: Place | None = None
    seats: int = 0
    alone: Money | None = None
    leave: datetime | None = None
    arrive: datetime | None = None
    told: tuple[datetime, Money] | None = None


@dataclass(frozen=True, slots=True)
class Detour:
    """How much further than alone a household may be driven: kilometres, or a part of its way.

    The larger of the two counts: a kilometre around is nothing, even on a short way.
    """

    km: float = 2.0
    part: float = 0.3

    def allows(self, direct_km: float, ridden_km: float) -> bool:
        """Tell whether ``ridden_km`` is near enough to ``direct_km``."""
        return ridden_km - direct_km <= max(self.km, self.part * direct_km) + 1e-9


@dataclass(frozen=True, slots=True)
class Route:
    """The order in which riders are picked up; kilometres are straight lines.

    ``ridden_km`` is how far each household is driven, from its own door on.
    """

    riders: tuple[Rider, ...]
    total_km: float
    ridden_km: Mapping[str, float]

    @property
    def seats(self) -> int:
        """Return how many seats it takes."""
        return sum(rider.seats for rider in self.riders)

    def wish(self, destination: Place, arrive_by: datetime) -> RideWish:
        """Return the ride as its first household orders it, for everybody's seats."""
        return RideWish(self.riders[0].home, destination, self.seats, arrive_by=arrive_by)

    def pickups(self, leave: datetime, takes: timedelta) -> Mapping[str, datetime]:
        """Return when each household is to be at its door, by how long the whole ride takes.

        To the minute, rounded down: rather a minute early.
        """
        found = {}
        for rider in self.riders:
            done = self.total_km - self.ridden_km[rider.household]
            share = done / self.total_km if self.total_km else 0.0
            moment = leave + takes * share
            found[rider.household] = moment.replace(second=0, microsecond=0)
        return found


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who pays what of a shared ride, and saves what by it; both add up to the cent."""

    pays: Mapping[str, Money]
    saves: Mapping[str, Money]
    saving: Money


def route(
    riders: Sequence[Rider], destination: Place, *, capacity: int, detour: Detour
) -> Route | None:
    """Return the shortest way that picks everybody up within the bound, None if there is none.

    Of equally short ones the one whose households come first by name. ValueError for fewer than
    two riders, more than MOST_STOPS, or two of one household.
    """
    names = [rider.household for rider in riders]
    if not 2 <= len(riders) <= MOST_STOPS or len(set(names)) != len(names):
        raise ValueError(f"expected 2 to {MOST_STOPS} households, each once")
    if sum(rider.seats for rider in riders) > capacity:
        return None
    end = read_gps(destination.gps)
    best: Route | None = None
    for way in permutations(sorted(riders, key=lambda rider: rider.household)):
        ridden = _ridden(way, destination)
        fits = all(
            detour.allows(distance_km(read_gps(rider.home.gps), end), ridden[rider.household])
            for rider in way
        )
        total = ridden[way[0].household]
        if fits and (best is None or total < best.total_km - 1e-9):
            best = Route(way, total, ridden)
    return best


def sharing(riders: Sequence[Rider], fare: Money) -> Sharing | None:
    """Split the fare of a shared ride; None when sharing saves nothing.

    ValueError when prices are in different currencies, or nobody would have paid anything.
    """
    alone = {rider.household: rider.alone for rider in riders}
    if any(price.currency != fare.currency for price in alone.values()):
        raise ValueError("expected all prices in one currency")
    together = sum((price.amount for price in alone.values()), Decimal(0))
    if fare.amount >= together:
        return None
    pays = split(fare, {name: price.amount for name, price in alone.items()})
    saves = {
        name: Money(price.amount - pays[name].amount, fare.currency)
        for name, price in alone.items()
    }
    return Sharing(pays, saves, Money(together - fare.amount, fare.currency))


def _ridden(way: Sequence[Rider], destination: Place) -> dict[str, float]:
    """Return how far each is driven on a way, counted from the end."""
    ridden: dict[str, float] = {}
    there, done = read_gps(destination.gps), 0.0
    for rider in reversed(way):
        here = read_gps(rider.home.gps)
        done += distance_km(here, there)
        ridden[rider.household] = done
        there = here
    return ridden
