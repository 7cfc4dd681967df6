"""What devices' readings mean: ``config/devices.yaml``, and guesses beside it.

For the pantry they are levels and scans; a tracker tells where a member is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from devices.levels import Outcome, amount_plan, scale_plan, stock_plan
from devices.pantry import Amount, ItemId
from devices.scans import barcode_change, gtin_index
from devices.types import Entity
from devices.units import comparable
from hub.domain.matching import named
from hub.domain.observations import EventReading, Reading, Rejected, StateReading, StockReading
from hub.domain.stock import PantryItem

EntityId = Annotated[
    str, StringConstraints(pattern=r"^[a-z_]{1,40}\.[^\s#+/]{1,200}$", max_length=240)
]
_WEIGHT = r"^\d+(\.\d+)? ?(mg|g|kg|oz|lb)$"
_STATES = ("sensor.", "binary_sensor.", "number.", "stock.")
_MOST_GUESSES = 20_000
PANTRY = "config/pantry.yaml"
DEVICES = "config/devices.yaml"
HUB = "config/hub.yaml"


class Scale(BaseModel):
    """A scale that weighs an item in its container."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    tare: str = Field(
        default="0 g", pattern=_WEIGHT, description="what the empty container weighs, e.g. 350 g"
    )
    grams_per_unit: Amount | None = Field(
        default=None, description="grams one unit of the item weighs; default: the pantry's"
    )


class Barcode(BaseModel):
    """A scanner whose codes are added to the pantry or taken from it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    action: Literal["add", "remove"] = Field(
        description="what a scan does when it does not say so itself"
    )


class Mapped(BaseModel):
    """What one entity means; one of ``item``, ``barcode``, ``presence`` and ``ignore``."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    item: ItemId | None = Field(default=None, description="the pantry item whose level it tells")
    unit: str | None = Field(
        default=None,
        max_length=20,
        description="its unit, where the device gives none or a wrong one",
    )
    scale: Scale | None = Field(default=None, description="it is the weight on a scale")
    barcode: Barcode | None = Field(default=None, description="it is a barcode scanner")
    presence: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9_-]{0,31}$",
        description="it tells whether this member is at home: home, on and true say yes",
    )
    ignore: bool = Field(default=False, description="true: it means nothing for the pantry")

    @model_validator(mode="after")
    def _one_meaning(self) -> Mapped:
        meanings = (self.item, self.barcode, self.presence)
        if sum(one is not None for one in meanings) + self.ignore != 1:
            raise ValueError("expected one of: item, barcode, presence, ignore: true")
        if self.item is None and (self.scale is not None or self.unit is not None):
            raise ValueError("scale and unit need an item")
        return self


class DevicesFile(BaseModel):
    """The whole of ``devices.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Commonhearth devices")

    entities: dict[EntityId, Mapped] = Field(
        default_factory=dict, max_length=5000, description="what an entity means, by its id"
    )

    @field_validator("entities")
    @classmethod
    def _scanners_are_events(cls, value: dict[str, Mapped]) -> dict[str, Mapped]:
        for entity_id, mapped in value.items():
            if mapped.barcode is not None and entity_id.startswith(_STATES):
                # A state is said again at each reconnection; counting it would count twice.
                raise ValueError(
                    f"{entity_id} is a state, which cannot be counted; "
                    "expected an event, tag or device_automation entity for a barcode scanner"
                )
        return value


Plan = Callable[[StateReading], Outcome]


class Meaning:
    """Turns readings to stock. A mapping in the file wins over a guess, always.

    One entity is guessed to be one item's level, and no two entities the same item's: the first
    to speak keeps it. Use it from one thread.
    """

    def __init__(
        self,
        file: DevicesFile,
        pantry: Mapping[str, PantryItem],
        members: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Read mappings to plans; one to an unknown item or member is a problem, not an error.

        ``members`` are the household's, id -> name.
        """
        self._file = file
        self._members = members
        self._pantry = pantry
        self._gtins = gtin_index(pantry.values())
        self._mapped = {name: self._plan(name, mapped) for name, mapped in file.entities.items()}
        self._taken: dict[str, str] = {}
        for name, mapped in file.entities.items():
            if mapped.item is not None:
                self._taken.setdefault(mapped.item, name)
        self._guessed: dict[str, tuple[Entity, str | None, Plan | None]] = {}

    def apply(self, reading: Reading, entity: Entity | None) -> Outcome:
        """Return what a reading means for the pantry; () when nothing. Never raises.

        ``entity`` is what is known of the entity that was read, None for native stock.
        """
        kind = type(reading)
        if kind is StateReading:
            plan = self._mapped.get(reading.entity, self._unmapped)  # type: ignore[union-attr]
            if plan is self._unmapped:
                plan = self._guess_of(entity) if entity is not None else None
            return plan(reading) if plan is not None else ()  # type: ignore[arg-type]
        if kind is StockReading:
            return self._stock(reading)  # type: ignore[arg-type]
        if kind is EventReading:
            return self._event(reading, entity)  # type: ignore[arg-type]
        return ()

    def presence(
        self, entity_id: str, attributes: Mapping[str, object] | None = None
    ) -> str | None:
        """Return the member of whom an entity tells whether they are at home, else None.

        Without a mapping a ``person`` of Home Assistant is who bears its id or its name.
        """
        mapped = self._file.entities.get(entity_id)
        if mapped is not None:
            return mapped.presence if mapped.presence in self._members else None
        kind, _, name = entity_id.partition(".")
        if kind != "person":
            return None
        if name in self._members:
            return name
        called = str((attributes or {}).get("friendly_name", "")).strip().casefold()
        same = (member for member, own in self._members.items() if own.casefold() == called)
        return next(same, None) if called else None

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the mappings, a line each; () when all is well."""
        found = []
        level_of: dict[str, str] = {}
        for name, mapped in self._file.entities.items():
            if mapped.presence is not None and mapped.presence not in self._members:
                found.append(
                    f"entities.{name}: no member is called {mapped.presence!r}; add one to {HUB}"
                )
            if mapped.item is None:
                continue
            if mapped.item not in self._pantry:
                found.append(f"entities.{name}: {_unknown(mapped.item)}")
            other = level_of.setdefault(mapped.item, name)
            if other != name:
                found.append(f"entities.{name}: {other} tells the level of {mapped.item} already")
        return tuple(found)

    def about(self, entity: Entity) -> str:
        """Say what an entity means, guessing as if it were the first of its item to speak."""
        if entity.id not in self._file.entities:
            self._guess_of(entity)
        return self.explain(entity.id)

    def item_of(self, entity_id: str) -> str:
        """Return the item whose level an entity tells, by mapping or by guess; "" for none."""
        mapped = self._file.entities.get(entity_id)
        if mapped is not None:
            return mapped.item or ""
        _, item, plan = self._guessed.get(entity_id, (None, None, None))
        return item if item is not None and plan is not None else ""

    def explain(self, entity_id: str) -> str:
        """Say in one sentence what an entity means, and why."""
        mapped = self._file.entities.get(entity_id)
        if mapped is not None:
            return f"{entity_id} {self._said(mapped)}, as {DEVICES} says."
        entity, item, plan = self._guessed.get(entity_id, (None, None, None))
        if entity is None or item is None:
            return f"{entity_id} means nothing for the pantry; {DEVICES} can say otherwise."
        name = self._pantry[item].name
        if plan is None:
            return (
                f"{entity_id} may be the level of {name}, but {self._taken[item]} tells that; "
                f"{DEVICES} can say otherwise."
            )
        return (
            f"{entity_id} is taken for the level of {name}, by its name and unit "
            f"({entity.unit}); {DEVICES} can say otherwise."
        )

    @staticmethod
    def _unmapped(reading: StateReading) -> Outcome:
        return ()

    def _plan(self, name: str, mapped: Mapped) -> Plan | None:
        if mapped.item is None:
            return None
        item = self._pantry.get(mapped.item)
        if item is None:
            wrong = Rejected(f"{_unknown(mapped.item)}; {name} in {DEVICES} names it", name)
            return lambda reading: (wrong,)
        if mapped.scale is not None:
            gpu = mapped.scale.grams_per_unit
            return scale_plan(item, mapped.scale.tare, float(gpu) if gpu else None, mapped.unit)
        return amount_plan(item, mapped.unit)

    def _guess_of(self, entity: Entity) -> Plan | None:
        known = self._guessed.get(entity.id)
        if known is not None and (known[0] is entity or known[0] == entity):
            return known[2]
        if len(self._guessed) >= _MOST_GUESSES:
            self._guessed.clear()
        item = guess_item(entity, self._pantry.values())
        plan = None
        if item is not None and self._taken.setdefault(item.id, entity.id) == entity.id:
            plan = amount_plan(item, None)
        self._guessed[entity.id] = (entity, item.id if item else None, plan)
        return plan

    def _stock(self, reading: StockReading) -> Outcome:
        mapped = self._file.entities.get(reading.source)
        if mapped is not None and mapped.item is None:
            return ()
        item_id = mapped.item if mapped is not None and mapped.item else reading.item
        item = self._pantry.get(item_id)
        if item is None:
            return (Rejected(_unknown(item_id), "item"),)
        return stock_plan(item, reading)

    def _event(self, reading: EventReading, entity: Entity | None) -> Outcome:
        mapped = self._file.entities.get(reading.entity)
        if mapped is not None:
            if mapped.barcode is None:
                return ()
            return barcode_change(reading, self._gtins, self._pantry, mapped.barcode.action)
        if entity is not None and entity.convention == "native" and reading.event_type == "scan":
            return barcode_change(reading, self._gtins, self._pantry, None)
        return ()

    def _said(self, mapped: Mapped) -> str:
        if mapped.ignore:
            return "is ignored"
        if mapped.presence is not None:
            return f"tells whether {self._members.get(mapped.presence, mapped.presence)} is at home"
        if mapped.barcode is not None:
            verb = "adds to" if mapped.barcode.action == "add" else "takes from"
            return f"is a barcode scanner that {verb} the pantry"
        item = self._pantry.get(mapped.item or "")
        if item is None:
            return f"names {mapped.item!r}, which {PANTRY} does not have"
        if mapped.scale is not None:
            return f"is the weight of {item.name} on a scale (tare {mapped.scale.tare})"
        return f"is the level of {item.name}"


def guess(entities: Iterable[Entity], pantry: Mapping[str, PantryItem]) -> dict[str, str]:
    """Return entity id -> item id where an entity is plainly the level of one item.

    Two may be guessed to be the same item's; of these Meaning believes the first that speaks.
    """
    found = ((entity.id, guess_item(entity, pantry.values())) for entity in entities)
    return {entity_id: item.id for entity_id, item in found if item is not None}


def guess_item(entity: Entity, items: Iterable[PantryItem]) -> PantryItem | None:
    """Return the one item whose id, name or word the entity's name holds; the unit must fit.

    Of *milk* and *oat milk* the longer one is meant by "Oat milk left". None when unsure.
    """
    if entity.component not in ("sensor", "number") or not entity.used or not entity.unit:
        return None
    texts = (entity.name, entity.id.partition(".")[2].replace("_", " ").replace("-", " "))
    hits: list[tuple[PantryItem, str]] = []
    for item in items:
        term = next((term for term in _terms(item) if any(named(term, text) for text in texts)), "")
        if term and (comparable(entity.unit, item.unit) or _weighs(entity, item)):
            hits.append((item, term))
    best = [
        item
        for item, term in hits
        if all(other is item or named(other_term, term) for other, other_term in hits)
    ]
    return best[0] if len(best) == 1 else None


def _terms(item: PantryItem) -> tuple[str, ...]:
    terms = (item.id.replace("_", " ").replace("-", " "), item.name, *item.words)
    return tuple(sorted(terms, key=len, reverse=True))


def _weighs(entity: Entity, item: PantryItem) -> bool:
    return item.grams_per_unit is not None and comparable(entity.unit or "", "g")


def _unknown(item_id: str) -> str:
    return f"no item is called {item_id[:80]!r}; add it to {PANTRY}"
