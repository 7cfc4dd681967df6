"""Where to eat together: which table, or at whose home (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from hub.domain.geo import Point, distance_km, read_gps
from hub.domain.notices import Service
from hub.domain.offers import Catalog, DeliverySlot, Score
from hub.domain.tongue import phrase
from hub.domain.values import dataclass

NEAR = timedelta(hours=1)
"""How far from the wished time a sitting may begin."""


@dataclass(frozen=True, slots=True)
class Venue:
    """A restaurant as a member compares it; what it did not tell is None.

    ``diets`` are those it caters for, e.g. ``vegan``. ``gps`` is ``"lat,lon"``.
    """

    catalog: Catalog
    gps: str | None = None
    diets: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table that would do: ``item_id`` in ``slot``; ``notes`` are what members should know."""

    venue: Venue
    item_id: str
    slot: DeliverySlot
    km: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables in order, the best first, and why other restaurants will not do, by name."""

    able: tuple[Table, ...]
    not_able: tuple[tuple[str, str], ...]


def tables(
    venues: Iterable[Venue],
    party: int,
    at: datetime,
    homes: Sequence[str] = (),
    diets: Iterable[str] = (),
    most_km: float | None = None,
) -> Tables:
    """Return one table a restaurant for ``party`` people around ``at``.

    ``homes`` are where the households live (gps): the farthest one's way counts, and ``most_km``
    is how long it may be. ``diets`` have to be catered for; where a restaurant does not tell, that
    is noted. Nearest to ``at`` comes first, then what has fewest notes, then the shorter way, then
    the better score.
    """
    wanted = frozenset(diets)
    points = [read_gps(one) for one in homes]
    able: list[Table] = []
    not_able: list[tuple[str, str]] = []
    for venue in venues:
        found = _table(venue, party, at, points, wanted, most_km)
        if isinstance(found, str):
            not_able.append((venue.catalog.provider_name, found))
        else:
            able.append(found)
    able.sort(key=lambda one: _rank(one, at))
    return Tables(tuple(able), tuple(sorted(not_able)))


def _table(
    venue: Venue,
    party: int,
    at: datetime,
    homes: Sequence[Point],
    diets: frozenset[str],
    most_km: float | None,
) -> Table | str:
    catalog = venue.catalog
    seating = [one for one in catalog.items if one.seats is None or one.seats >= party]
    seating = [one for one in seating if one.available is None or one.available > 0]
    if not seating:
        return phrase("it has no table for {party}", party=party)
    sittings = [
        slot
        for slot in catalog.slots
        if abs(slot.window.start - at) <= NEAR and (slot.left is None or slot.left >= party)
    ]
    if not sittings:
        return phrase("it has no room for {party} around then", party=party)
    missing = sorted(diets - venue.diets) if venue.diets is not None else []
    if missing:
        return phrase("it does not cater for {missing}", missing=", ".join(missing))
    km = (
        max((distance_km(read_gps(venue.gps), home) for home in homes), default=None)
        if venue.gps
        else None
    )
    if km is not None and most_km is not None and km > most_km:
        return phrase("it is {km} km away", km=f"{km:.1f}")
    notes = []
    if diets and venue.diets is None:
        notes.append(
            phrase("it does not say whether it caters for {diets}", diets=", ".join(sorted(diets)))
        )
    if homes and km is None:
        notes.append(phrase("it does not say where it is"))
    slot = min(
        sittings, key=lambda one: (abs(one.window.start - at), one.window.start, one.slot_id)
    )
    item = min(seating, key=lambda one: (one.seats or party, one.price.amount, one.item_id))
    return Table(venue, item.item_id, slot, km, tuple(notes))


def _rank(table: Table, at: datetime) -> tuple[timedelta, int, float, Decimal, str]:
    score: Score | None = table.venue.catalog.score
    return (
        abs(table.slot.window.start - at),
        len(table.notes),
        table.km if table.km is not None else 0.0,
        -(score.mean if score is not None else Decimal(0)),
        table.venue.catalog.provider_id,
    )


@dataclass(frozen=True, slots=True)
class Host:
    """A household that could have guests: for how many people, and what is off there meanwhile."""

    name: str
    seats: int
    off: tuple[Service, ...] = ()


def hosts(offered: Iterable[Host], party: int, needs: Iterable[Service]) -> tuple[Host, ...]:
    """Return who could have ``party`` people and has what cooking ``needs``, most room first."""
    wanted = frozenset(needs)
    able = [one for one in offered if one.seats >= party and not wanted.intersection(one.off)]
    return tuple(sorted(able, key=lambda one: (-one.seats, one.name)))
