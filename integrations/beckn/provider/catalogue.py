"""What a provider's catalogue file (YAML) may say: the models that it is read by."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from hub.domain.geo import read_gps
from hub.domain.orders import Domain

Kind = Literal["grocer", "ride", "restaurant", "neighbour"]
DOMAIN_OF: dict[Kind, Domain] = {
    "grocer": "grocery",
    "ride": "ride",
    "restaurant": "restaurant",
    "neighbour": "neighbour",
}
"""Kind of provider -> the domain that its registry entry and messages bear."""

Need = Literal["name", "address", "area_code", "gps", "phone", "email"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _as_written(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _clock(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('expected a time of day in quotes such as "18:00"')
    return value


Exact = Annotated[Decimal, BeforeValidator(_as_written)]
"""A number as it is written: ``1.10`` is not to become a float's idea of it."""
Price = Annotated[Exact, Field(ge=0, max_digits=10, decimal_places=2)]
Clock = Annotated[time, BeforeValidator(_clock)]
Id = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", examples=["oat-milk (no spaces)"])
]
Minutes = Annotated[int, Field(ge=0, le=60 * 24 * 60)]


def _gps(value: str) -> str:
    read_gps(value)
    return value


class Part(BaseModel):
    """A part of the file: an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Support(Part):
    """How a person is reached about an order."""

    phone: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=200)
    url: str | None = Field(
        default=None, pattern=r"^https?://\S{1,300}$", examples=["https://shop.example.org/help"]
    )
    text: str = Field(default="", max_length=300)


class Shop(Part):
    """Who sells: ``id`` and ``name`` as buyers see them; ``needs`` is what it must be told."""

    id: Id
    name: str = Field(min_length=1, max_length=80)
    kind: Kind = "grocer"
    subscriber_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{2,200}$",
        examples=["shop.example.org"],
    )
    timezone: str = "UTC"
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$", examples=["EUR"])
    quote_minutes: int = Field(default=30, ge=1, le=24 * 60)
    lead_minutes: int = Field(default=60, ge=0, le=7 * 24 * 60)
    days_ahead: int = Field(default=2, ge=0, le=14)
    address: str = Field(default="", max_length=200)
    gps: Annotated[str, BeforeValidator(str), Field(max_length=60)] | None = None
    needs: tuple[Need, ...] = ()
    diets: tuple[Annotated[str, Field(min_length=1, max_length=40)], ...] | None = Field(
        default=None, max_length=20, examples=[["vegan", "gluten-free"]]
    )
    support: Support | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected an IANA zone such as Europe/Berlin")
        return value

    @field_validator("gps")
    @classmethod
    def _on_earth(cls, value: str | None) -> str | None:
        return None if value is None else _gps(value)


class Area(Part):
    """Where it serves: a postal code of the list, or within so many km of the provider."""

    postal_codes: tuple[Annotated[str, BeforeValidator(_as_written)], ...] = Field(
        default=(), max_length=5000
    )
    radius_km: float | None = Field(default=None, gt=0, le=1000)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.postal_codes and self.radius_km is None:
            raise ValueError("expected postal_codes, radius_km or both")
        return self


class Change(Part):
    """What a change costs: free until so many minutes before it begins, then ``fee``.

    It is not possible after ``until_minutes`` before.
    """

    free_minutes: Minutes = 0
    fee: Price = Decimal(0)
    until_minutes: Minutes = 0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.free_minutes < self.until_minutes:
            raise ValueError(
                "free_minutes: expected at least until_minutes: what is free is possible"
            )
        return self


class Goods(Part):
    """One article: ``price`` for a piece that holds ``size`` of ``unit``; ``stock`` in pieces.

    ``lend``: it comes back at the end of its slot. ``slots`` names those it can be had in.
    """

    id: Id
    name: str = Field(min_length=1, max_length=120)
    price: Price
    size: Exact = Field(default=Decimal(1), gt=0, max_digits=10, decimal_places=3)
    unit: str = Field(default="pc", min_length=1, max_length=20)
    gtin: str | None = Field(
        default=None, pattern=r"^\d{8,14}$", examples=['"4006381333931" (in quotes)']
    )
    stock: int = Field(ge=0, le=1_000_000)
    category: str = Field(default="", max_length=80)
    lend: bool = False
    slots: tuple[Id, ...] = ()


class Times(Part):
    """A span of each of its ``days``, local time, that ends on the day it begins."""

    start: Clock
    end: Clock
    days: tuple[Weekday, ...] = WEEK

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end: must end after it starts, on one day")
        return self


class SlotTemplate(Times):
    """A window of each of its ``days``; ``fee`` in the shop's currency, ``capacity`` in orders."""

    id: Id
    capacity: int = Field(ge=1, le=10_000)
    fee: Price = Decimal(0)


class Driver(Part):
    """Who drives, as the household is told once a ride is confirmed."""

    name: str = Field(min_length=1, max_length=80)
    phone: str | None = Field(default=None, max_length=40)


class Vehicle(Part):
    """A vehicle: ``base`` and ``per_km`` make its fare, ``speed_kmh`` its travel time.

    ``detour`` is how much longer the road is than the straight line.
    """

    id: Id
    name: str = Field(min_length=1, max_length=120)
    seats: int = Field(ge=1, le=100)
    base: Price
    per_km: Price
    speed_kmh: float = Field(default=30, gt=0, le=300)
    detour: float = Field(default=1.3, ge=1, le=5)
    plate: str = Field(default="", max_length=20)
    driver: Driver


class Table(Part):
    """``count`` tables of a kind for up to ``seats`` people; ``deposit`` for each guest."""

    id: Id
    name: str = Field(min_length=1, max_length=120)
    seats: int = Field(ge=1, le=100)
    count: int = Field(ge=1, le=1000)
    deposit: Price = Decimal(0)


class File(Part):
    """A whole catalogue file."""

    provider: Shop
    items: tuple[Goods, ...] = Field(default=(), max_length=5000)
    slots: tuple[SlotTemplate, ...] = Field(default=(), max_length=50)
    vehicles: tuple[Vehicle, ...] = Field(default=(), max_length=100)
    shifts: tuple[Times, ...] = Field(default=(), max_length=50)
    max_km: float = Field(default=100, gt=0, le=2000)
    tables: tuple[Table, ...] = Field(default=(), max_length=100)
    sittings: tuple[SlotTemplate, ...] = Field(default=(), max_length=50)
    area: Area | None = None
    cancellation: Change | None = None
    rescheduling: Change | None = None


SELLS: dict[Kind, tuple[str, tuple[str, ...]]] = {
    "grocer": ("items", ("slots",)),
    "neighbour": ("items", ("slots",)),
    "ride": ("vehicles", ("shifts", "max_km")),
    "restaurant": ("tables", ("sittings",)),
}
"""Kind -> the list it must have, and the further keys that go with it."""
