"""What the household keeps: ``config/pantry.yaml``."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from hub.domain.stock import PantryItem

ItemId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Amount = Annotated[Decimal, Field(gt=0, le=1_000_000_000, allow_inf_nan=False)]
_GTIN_LENGTHS = (8, 12, 13, 14)


class ItemEntry(BaseModel):
    """One thing the household keeps; amounts are in its ``unit``."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: Word | None = Field(default=None, description="as shown; default: the id")
    unit: str = Field(
        min_length=1, max_length=20, description="what it is counted in: g, kg, ml, l, pc, …"
    )
    par: Amount | None = Field(default=None, description="below this much it should be bought")
    target: Amount | None = Field(
        default=None, description="buy up to this much; default: twice par"
    )
    pack: Amount | None = Field(default=None, description="what one bought piece usually holds")
    gtin: str | None = Field(default=None, description="the number under its barcode, in quotes")
    words: tuple[Word, ...] = Field(
        default=(), max_length=20, description="other names shops and sensors use for it"
    )
    grams_per_unit: Amount | None = Field(
        default=None, description="grams one unit weighs, so that a scale can count it"
    )
    frozen: bool = Field(
        default=False, description="true: freezer goods, not to be brought while the power is off"
    )

    @field_validator("gtin")
    @classmethod
    def _gtin(cls, value: str | None) -> str | None:
        if value is not None and not valid_gtin(value):
            raise ValueError("expected a GTIN of 8, 12, 13 or 14 digits whose last one checks")
        return value

    @field_validator("target")
    @classmethod
    def _target_above_par(cls, value: Decimal | None, info: object) -> Decimal | None:
        par = getattr(info, "data", {}).get("par")
        if value is not None and par is not None and value < par:
            raise ValueError(f"expected at least par ({par})")
        return value


class PantryFile(BaseModel):
    """The whole of ``pantry.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Commonhearth pantry")

    items: dict[ItemId, ItemEntry] = Field(
        default_factory=dict, max_length=2000, description="each item under an id of its own"
    )

    @field_validator("items")
    @classmethod
    def _gtins_differ(cls, value: dict[str, ItemEntry]) -> dict[str, ItemEntry]:
        seen: dict[str, str] = {}
        for item_id, entry in value.items():
            if entry.gtin is None:
                continue
            other = seen.setdefault(entry.gtin.lstrip("0"), item_id)
            if other != item_id:
                raise ValueError(f"{other} and {item_id} have the same gtin")
        return value

    def to_items(self) -> dict[str, PantryItem]:
        """Return the items as the rest of the hub knows them, by id."""
        return {
            item_id: PantryItem(
                item_id,
                entry.name or item_id.replace("_", " ").replace("-", " ").capitalize(),
                entry.unit,
                entry.par,
                entry.target,
                entry.pack,
                entry.gtin,
                entry.words,
                entry.grams_per_unit,
                entry.frozen,
            )
            for item_id, entry in self.items.items()
        }


def valid_gtin(text: str) -> bool:
    """Tell whether it is a GTIN with a right check digit (GS1 General Specifications, 7.9)."""
    if len(text) not in _GTIN_LENGTHS or not (text.isascii() and text.isdigit()):
        return False
    digits = [int(digit) for digit in reversed(text)]
    return (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0
