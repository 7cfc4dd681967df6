"""What a provider sells and when it delivers, as its catalogue file (YAML) says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from hub.domain.money import Money
from hub.domain.orders import CatalogItem, DeliverySlot, Window

_BIGGEST = 4 * 1024 * 1024

Exact = Annotated[Decimal, BeforeValidator(str)]
"""A number as it is written: ``1.10`` is not to become a float's idea of it."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class ListingError(Exception):
    """A catalogue file that cannot be used; the text names the file, line and field."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shop(_Part):
    """Who sells: ``id`` and ``name`` as buyers see them."""

    id: Id
    name: str = Field(min_length=1, max_length=80)
    subscriber_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{2,200}$")
    timezone: str = "UTC"
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    quote_minutes: int = Field(default=30, ge=1, le=24 * 60)
    lead_minutes: int = Field(default=60, ge=0, le=7 * 24 * 60)
    days_ahead: int = Field(default=2, ge=0, le=14)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected an IANA zone such as Europe/Berlin")
        return value


class Goods(_Part):
    """One article: ``price`` for a piece that holds ``size`` of ``unit``; ``stock`` in pieces."""

    id: Id
    name: str = Field(min_length=1, max_length=120)
    price: Exact = Field(ge=0, max_digits=10, decimal_places=2)
    size: Exact = Field(default=Decimal(1), gt=0, max_digits=10, decimal_places=3)
    unit: str = Field(default="pc", min_length=1, max_length=20)
    gtin: str | None = Field(default=None, pattern=r"^\d{8,14}$")
    stock: int = Field(ge=0, le=1_000_000)
    category: str = Field(default="", max_length=80)


class SlotTemplate(_Part):
    """A delivery window of each of its ``days``, local time; ``fee`` in the shop's currency."""

    id: Id
    start: time
    end: time
    capacity: int = Field(ge=1, le=10_000)
    fee: Exact = Field(default=Decimal(0), ge=0, max_digits=8, decimal_places=2)
    days: tuple[Weekday, ...] = _WEEK


class _File(_Part):
    provider: Shop
    items: tuple[Goods, ...] = Field(min_length=1, max_length=5000)
    slots: tuple[SlotTemplate, ...] = Field(default=(), max_length=50)


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A slot of a certain day, and how many orders it takes in all."""

    slot: DeliverySlot
    capacity: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A read catalogue file."""

    shop: Shop
    goods: tuple[Goods, ...]
    templates: tuple[SlotTemplate, ...]

    @property
    def subscriber_id(self) -> str:
        """Return the provider's id on the network."""
        return self.shop.subscriber_id or f"{self.shop.id}.commonhearth.local"

    def money(self, amount: Decimal) -> Money:
        """Return an amount in the shop's currency."""
        return Money(amount, self.shop.currency)

    def item(self, goods: Goods, available: int) -> CatalogItem:
        """Return an article as a catalogue shows it."""
        return CatalogItem(
            goods.id,
            goods.name,
            self.money(goods.price),
            goods.size,
            goods.unit,
            goods.gtin,
            available,
            goods.category,
        )

    def slots(self, now: datetime, *, quoted: bool = False) -> tuple[OpenSlot, ...]:
        """Return the slots that can still be chosen at ``now``, in order of time.

        ``quoted``: those that were offered before count until they begin.
        """
        zone = ZoneInfo(self.shop.timezone)
        today = now.astimezone(zone).date()
        days = [today + timedelta(days=ahead) for ahead in range(self.shop.days_ahead + 1)]
        earliest = now + timedelta(minutes=0 if quoted else self.shop.lead_minutes)
        found = [slot for day in days for slot in self._slots_of(day, zone)]
        usable = [one for one in found if one.slot.window.start >= earliest]
        return tuple(sorted(usable, key=lambda one: one.slot.window.start))

    def _slots_of(self, day: date, zone: ZoneInfo) -> Iterator[OpenSlot]:
        for template in self.templates:
            start = datetime.combine(day, template.start, zone).astimezone(UTC)
            end = datetime.combine(day, template.end, zone).astimezone(UTC)
            # On the night the clocks change, a window may shrink to nothing: it is not offered.
            if _WEEK[day.weekday()] in template.days and start < end:
                fee = self.money(template.fee) if template.fee else None
                slot = DeliverySlot(f"{day}-{template.id}", Window(start, end), fee)
                yield OpenSlot(slot, template.capacity)


def load_listing(path: Path) -> Listing:
    """Read a catalogue file; ListingError names the file, the line and the field."""
    try:
        if path.stat().st_size > _BIGGEST:
            raise ListingError(f"{path}: expected a catalogue smaller than {_BIGGEST} bytes")
        document = YAML().load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ListingError(f"{path}: cannot be read: {error.strerror}") from error
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ListingError(f"{path}{line}: not readable as YAML: {problem}") from error
    try:
        read = _File.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        got = "" if first["type"] == "missing" else f", got {str(first['input'])[:60]!r}"
        where = f"{path}{_line(document, first['loc'])}"
        raise ListingError(f"{where}: {field}: {first['msg']}{got}") from error
    for kind, ids in (
        ("items", [goods.id for goods in read.items]),
        ("slots", [slot.id for slot in read.slots]),
    ):
        for number, name in enumerate(ids):
            if name in ids[:number]:
                where = f"{path}{_line(document, (kind, number, 'id'))}"
                raise ListingError(f"{where}: {kind}: the id {name} is there twice")
    for number, slot in enumerate(read.slots):
        if slot.end <= slot.start:
            where = f"{path}{_line(document, ('slots', number, 'end'))}"
            raise ListingError(f"{where}: slots: {slot.id} must end after it starts, on one day")
    return Listing(read.provider, read.items, read.slots)


def _line(document: object, where: Sequence[str | int]) -> str:
    """Return ``:line`` of the innermost part of ``where`` that the file has."""
    line = 0
    for part in where:
        marks = getattr(document, "lc", None)
        try:
            line = marks.key(part)[0] if isinstance(document, dict) else marks.item(part)[0]  # type: ignore[union-attr]
            document = document[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return f":{line + 1}"
