"""A driver: rides by distance, a vehicle for one party at a time, and where it is.

Distances are straight lines made longer by the vehicle's ``detour``; times follow from its speed.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from hub.domain.geo import Point, between, distance_km, read_gps, write_gps
from hub.domain.orders import (
    Agent,
    BreakupLine,
    Catalog,
    CatalogItem,
    DeliverySlot,
    Line,
    OrderRequest,
    RideWish,
    Tracking,
    Window,
)
from hub.domain.values import dataclass
from integrations.beckn import v2
from integrations.beckn.errors import (
    FULFILLMENT_UNAVAILABLE,
    ITEM_NOT_FOUND,
    QUANTITY_UNAVAILABLE,
    BecknError,
)
from integrations.beckn.provider.catalogue import Vehicle
from integrations.beckn.provider.listing import Listing
from integrations.beckn.provider.roads import ROADS, Road
from integrations.beckn.provider.sale import Sale
from integrations.beckn.provider.store import Store
from integrations.beckn.provider.trade import Offer

STEP = timedelta(minutes=5)
"""Pickup times are multiples of it."""

SPARE = timedelta(minutes=5)
"""How long before ``arrive_by`` a ride is to be there, and what a pickup takes."""

STOP = timedelta(minutes=2)
"""What it takes to let somebody in on the way."""

CHOICES = 6
"""Pickup times that are offered."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A ride with one vehicle: how far, how long, and how long to and from the driver's place."""

    km: float
    takes: timedelta
    there: timedelta
    back: timedelta


class RideTrade:
    """Takes people from one place to another; a ``provider.trade.Trade``."""

    def __init__(self, listing: Listing, store: Store) -> None:
        """Drive the vehicles of ``listing``; what they do is held in ``store``."""
        base = listing.base
        assert base is not None, "a ride's listing says where the driver waits"
        self._listing, self._base = listing, base
        self._shelves, self._notes = store.shelves, store.notes
        self._vehicles = {one.id: one for one in listing.file.vehicles}

    # -- before an order ---------------------------------------------------------------------

    def catalog(self, asked: v2.Asked, now: datetime) -> Catalog | None:
        """Return the vehicles that could do it, each at its fare, and when they could.

        Who does not say where to sees what a ride costs at least.
        """
        shop, ride = self._listing.shop, asked.request.ride
        if ride is None:
            items = [self._item(one, one.base) for one in self._vehicles.values()]
            return Catalog(shop.id, shop.name, tuple(items))
        if self._far(ride) is not None:
            return None
        able = [one for one in self._vehicles.values() if one.seats >= ride.seats]
        times = {one.id: list(self._times(one, ride, now)) for one in able}
        items = [
            self._item(one, self._fare(one, ride), times[one.id]) for one in able if times[one.id]
        ]
        if not items:
            return None
        slots = {slot.slot_id: slot for item in items for slot in times[item.item_id]}
        ordered = sorted(slots.values(), key=lambda slot: slot.window.start)
        return Catalog(shop.id, shop.name, tuple(items), tuple(ordered))

    def stamp(self, asked: v2.Asked, now: datetime) -> Hashable | None:
        """Return None: what is free depends on who asks for when."""
        return None

    def slots(
        self, lines: Sequence[Line], request: OrderRequest, now: datetime
    ) -> tuple[DeliverySlot, ...]:
        """Return the pickup times of the vehicle that was chosen."""
        if request.ride is None or not lines:
            return ()
        return tuple(self._times(self._vehicle(lines), request.ride, now))

    def offer(self, request: OrderRequest, now: datetime, *, exactly: bool) -> Offer:
        """Price a ride; without a window, at the first time that fits."""
        ride = request.ride
        if ride is None:
            raise BecknError("message.contract.performance: expected pickup and dropoff")
        vehicle = self._vehicle(request.lines)
        if vehicle.seats < ride.seats:
            raise BecknError(f"{vehicle.name} has {vehicle.seats} seats", QUANTITY_UNAVAILABLE)
        if (reason := self._far(ride)) is not None:
            raise BecknError(reason, FULFILLMENT_UNAVAILABLE)
        slot = self._slot(vehicle, ride, request.slot, now)
        return self._offer(vehicle, ride, slot)

    def moved(self, sale: Sale, request: OrderRequest, now: datetime) -> Offer:
        """Price the same ride at another time, for more people, or with stops for others."""
        ride, vehicle = request.ride or sale.ride, self._vehicle(sale.lines)
        assert ride is not None, "a ride is sold with where it goes"
        if sale.ride is not None and not _goes_on(sale.ride, ride):
            raise BecknError("another way is another ride: cancel and order anew")
        if (reason := self._far(ride)) is not None:
            raise BecknError(reason, FULFILLMENT_UNAVAILABLE)
        if vehicle.seats < ride.seats:
            raise BecknError(f"{vehicle.name} has {vehicle.seats} seats", QUANTITY_UNAVAILABLE)
        # Who is to be there at another time and names no pickup leaves that to us.
        wanted = request.slot or (sale.slot if ride == sale.ride else None)
        slot = self._slot(vehicle, ride, wanted, now, sale.id)
        return self._offer(vehicle, ride, slot)

    def _offer(self, vehicle: Vehicle, ride: RideWish, slot: DeliverySlot) -> Offer:
        fare = self._listing.money(self._fare(vehicle, ride))
        km = self._trip(vehicle, ride).km
        line = Line(vehicle.id, vehicle.name, 1, fare)
        part = BreakupLine(f"{vehicle.name}, {km:.1f} km", fare, vehicle.id)
        return Offer((line,), slot, (part,), ride=ride)

    def _item(
        self, vehicle: Vehicle, fare: Decimal, times: Sequence[DeliverySlot] = ()
    ) -> CatalogItem:
        return CatalogItem(
            vehicle.id,
            vehicle.name,
            self._listing.money(fare),
            available=1,
            category="ride",
            seats=vehicle.seats,
            windows=tuple(slot.window for slot in times),
        )

    def _vehicle(self, lines: Sequence[Line]) -> Vehicle:
        if len(lines) != 1 or lines[0].count != 1:
            raise BecknError("message.contract.commitments: expected one vehicle")
        vehicle = self._vehicles.get(lines[0].item_id)
        if vehicle is None:
            raise BecknError(f"there is no vehicle {lines[0].item_id}", ITEM_NOT_FOUND)
        return vehicle

    def _far(self, ride: RideWish) -> str | None:
        """Return why a ride is too far, None when it is not."""
        if self._listing.serves(None, ride.start.gps) is False:
            return "the pickup is too far away"
        km = sum(distance_km(one, other) for one, other in pairwise(_points(ride)))
        most = self._listing.file.max_km
        return f"rides are at most {most:g} km" if km > most else None

    def _trip(self, vehicle: Vehicle, ride: RideWish) -> Trip:
        points = _points(ride)
        legs = list(pairwise(points))
        return Trip(
            sum(distance_km(one, other) for one, other in legs) * vehicle.detour,
            sum((_drive(vehicle, one, other) for one, other in legs), timedelta())
            + STOP * len(ride.via),
            _drive(vehicle, self._base, points[0]),
            _drive(vehicle, points[-1], self._base),
        )

    def _fare(self, vehicle: Vehicle, ride: RideWish) -> Decimal:
        km = Decimal(str(round(self._trip(vehicle, ride).km, 1)))
        fare = vehicle.base + vehicle.per_km * km
        return fare.quantize(Decimal("0.01"), ROUND_HALF_UP)

    # -- when --------------------------------------------------------------------------------

    def _times(
        self, vehicle: Vehicle, ride: RideWish, now: datetime, but: str = ""
    ) -> Iterator[DeliverySlot]:
        """Yield pickup times: the latest that is in time first, else the earliest there is."""
        trip = self._trip(vehicle, ride)
        lead = timedelta(minutes=self._listing.shop.lead_minutes)
        earliest = max(now + lead + trip.there, ride.leave_after or now)
        latest = now + timedelta(days=self._listing.shop.days_ahead + 1)
        if ride.arrive_by is not None:
            latest = min(latest, ride.arrive_by - SPARE - trip.takes)
            pickup, stride = _floor(latest), -STEP
        else:
            pickup, stride = _ceil(earliest), STEP
        found = tries = 0
        while earliest <= pickup <= latest and found < CHOICES and tries < 500:
            if self._free(vehicle, trip, pickup, but):
                yield _slot(pickup, trip)
                found += 1
            pickup, tries = pickup + stride, tries + 1

    def _slot(
        self,
        vehicle: Vehicle,
        ride: RideWish,
        wanted: DeliverySlot | None,
        now: datetime,
        but: str = "",
    ) -> DeliverySlot:
        if wanted is None:
            for slot in self._times(vehicle, ride, now, but):
                return slot
            raise BecknError(f"{vehicle.name} is not free in time", FULFILLMENT_UNAVAILABLE)
        trip = self._trip(vehicle, ride)
        slot = _slot(wanted.window.start, trip)
        # One that was offered may be chosen while there is still time to drive there.
        latest = now + timedelta(days=self._listing.shop.days_ahead + 1)
        in_time = now + trip.there <= slot.window.start <= latest
        if slot.slot_id != wanted.slot_id or not in_time:
            raise BecknError("the pickup time is over or not ours", FULFILLMENT_UNAVAILABLE)
        if ride.arrive_by is not None and slot.window.end > ride.arrive_by:
            raise BecknError("with that pickup it would be too late", FULFILLMENT_UNAVAILABLE)
        if not self._free(vehicle, trip, slot.window.start, but):
            raise BecknError(f"{vehicle.name} is not free then", FULFILLMENT_UNAVAILABLE)
        return slot

    def _free(self, vehicle: Vehicle, trip: Trip, pickup: datetime, but: str) -> bool:
        if not self._listing.on_shift(pickup):
            return False
        return self._shelves.held(_seat(vehicle.id), _busy(trip, pickup), but) == 0

    # -- the order ---------------------------------------------------------------------------

    def take(self, sale: Sale, now: datetime) -> None:
        """Hold the vehicle from leaving the driver's place to being back there."""
        assert sale.ride is not None, "a ride is sold with where it goes"
        assert sale.slot is not None, "a ride is sold with its time"
        trip = self._trip(self._vehicle(sale.lines), sale.ride)
        busy = _busy(trip, sale.slot.window.start)
        if sale.slot.window.start <= now or not self._shelves.hold(
            sale.id, _seat(sale.vehicle), busy, 1, 1
        ):
            raise BecknError(f"{sale.lines[0].name} is taken by now", FULFILLMENT_UNAVAILABLE)

    def give_back(self, sale: Sale) -> None:
        """Let others have the vehicle."""
        self._shelves.release(sale.id)

    def retake(self, before: Sale, sale: Sale, now: datetime) -> None:
        """Hold the vehicle for the other time instead."""
        self._shelves.release(before.id)
        self.take(sale, now)

    def road(self, sale: Sale) -> Road:
        """Return the way of a ride."""
        return ROADS["ride"]

    def agent(self, sale: Sale) -> Agent | None:
        """Return who drives, once it is confirmed."""
        vehicle = self._vehicles.get(sale.vehicle)
        if vehicle is None or not (sale.live or sale.state == "completed"):
            return None
        driver = vehicle.driver
        return Agent(driver.name, driver.phone, vehicle.name, vehicle.plate)

    def tracking(self, sale: Sale, now: datetime) -> Tracking:
        """Return where the vehicle is: as its driver told just now, else as it should be.

        It moves from the driver's place to the pickup and from there to the end.
        """
        vehicle, ride = self._vehicles.get(sale.vehicle), sale.ride
        if vehicle is None or ride is None or sale.state != "in_progress":
            return Tracking(eta=sale.slot.window.start if sale.slot and sale.live else None)
        start, end = read_gps(ride.start.gps), read_gps(ride.end.gps)
        legs = {"RIDE_ENROUTE_PICKUP": (self._base, start), "RIDE_STARTED": (start, end)}
        here, there = legs.get(sale.fulfillment_state, (start, start))
        takes = _drive(vehicle, here, there)
        share = 1.0 if not takes else (now - sale.updated_at) / takes
        gps, at = self._notes.position(vehicle.id, now) or (
            write_gps(between(here, there, share)),
            now,
        )
        return Tracking(active=True, gps=gps, at=at, eta=max(now, sale.updated_at + takes))


def _points(ride: RideWish) -> list[Point]:
    return [read_gps(place.gps) for place in (ride.start, *ride.via, ride.end)]


def _goes_on(before: RideWish, now: RideWish) -> bool:
    """Tell whether a ride is still the same one: it may let others in on its way, or before it."""
    stops = (now.start, *now.via)
    return now.end == before.end and before.start in stops


def _drive(vehicle: Vehicle, here: Point, there: Point) -> timedelta:
    hours = distance_km(here, there) * vehicle.detour / vehicle.speed_kmh
    return timedelta(minutes=math.ceil(hours * 60))


def _slot(pickup: datetime, trip: Trip) -> DeliverySlot:
    end = pickup + max(trip.takes, timedelta(minutes=1))
    return DeliverySlot(
        f"pickup-{pickup.astimezone(UTC):%Y%m%dT%H%M}", Window(pickup.astimezone(UTC), end)
    )


def _busy(trip: Trip, pickup: datetime) -> Window:
    return Window(pickup - trip.there - SPARE, pickup + trip.takes + trip.back + SPARE)


def _seat(vehicle_id: str) -> str:
    return f"vehicle:{vehicle_id}"


def _floor(moment: datetime) -> datetime:
    return moment - (moment - datetime.min.replace(tzinfo=UTC)) % STEP


def _ceil(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + STEP
