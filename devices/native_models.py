"""The native payloads as models: what the JSON Schemas for makers are generated from.

``devices/native.py`` reads by hand, because a stock message must cost microseconds; a property
test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, model_validator

from devices.moments import instant

ITEM = r"^[a-z][a-z0-9_-]{0,63}$"
NAME = r"^[a-z][a-z0-9_]{0,63}$"
DEVICE = r"^[a-z0-9][a-z0-9_-]{0,63}$"
MOST_READINGS = 100
MOST_VALUES = 100
MOST_VALUE = 10**15
"""Beyond it a JSON number is no longer the same number for everybody (RFC 8259, section 6)."""
MOST_QUANTITY = 1e9
LONGEST_TEXT = 1024
MOST_PIECES = 1000


def _with_zone(text: str) -> str:
    instant(text)
    return text


Time = Annotated[
    str,
    AfterValidator(_with_zone),
    Field(
        json_schema_extra={"format": "date-time"},
        description="When it held: RFC 3339 with a zone. Without it, the time of arrival is taken.",
    ),
]
Id = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        description="This message's own identity. The same id again is the same message again.",
    ),
]


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Level(_Payload):
    """How much there is of one pantry item now: an absolute reading, not a difference."""

    item: str = Field(pattern=ITEM, description="The item's id in the household's pantry.")
    quantity: float = Field(ge=0, le=MOST_QUANTITY, allow_inf_nan=False)
    unit: str | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="g, kg, ml, l, pc, … Without it, the unit the household keeps the item in.",
    )
    time: Time | None = None


class StockLevel(Level):
    """One level, with an identity of its own."""

    id: Id | None = None


class Stock(RootModel[StockLevel | Annotated[list[Level], Field(max_length=MOST_READINGS)]]):
    """Topic ``commonhearth/v1/<device>/stock``: one level, or a list of several."""


class Door(_Payload):
    """Topic ``commonhearth/v1/<device>/door``: whether it is open now."""

    open: bool
    time: Time | None = None
    id: Id | None = None


class Scan(_Payload):
    """Topic ``commonhearth/v1/<device>/scan``: a code was read once. Give it an ``id``."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["gtin"]}, {"required": ["code"]}]}
    )

    gtin: str | None = Field(
        default=None, pattern=r"^[0-9]{8,14}$", description="The number under the barcode."
    )
    code: str | None = Field(
        default=None, min_length=1, max_length=200, description="Any other code, e.g. an item's id."
    )
    action: Literal["add", "remove"] | None = Field(
        default=None, description="Without it, what config/devices.yaml says of this scanner."
    )
    count: int = Field(default=1, ge=1, le=MOST_PIECES, description="How many packs.")
    time: Time | None = None
    id: Id | None = None

    @model_validator(mode="after")
    def _one_code(self) -> Scan:
        if (self.gtin is None) == (self.code is None):
            raise ValueError("expected gtin or code")
        return self


Value = (
    bool
    | Annotated[int, Field(ge=-MOST_VALUE, le=MOST_VALUE)]
    | Annotated[float, Field(ge=-MOST_VALUE, le=MOST_VALUE, allow_inf_nan=False)]
    | Annotated[str, Field(max_length=LONGEST_TEXT)]
    | None
)


class State(BaseModel):
    """Topic ``commonhearth/v1/<device>/state``: named values as they are now."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        strict=True,
        json_schema_extra={
            "propertyNames": {"pattern": NAME},
            "minProperties": 1,
            "maxProperties": MOST_VALUES + 2,
        },
    )
    __pydantic_extra__: dict[Annotated[str, Field(pattern=NAME)], Value] = Field(init=False)

    time: Time | None = None
    id: Id | None = None

    @model_validator(mode="after")
    def _not_too_many(self) -> State:
        if not 1 <= len(self.__pydantic_extra__ or {}) <= MOST_VALUES:
            raise ValueError(f"expected 1 to {MOST_VALUES} values")
        return self


class Status(_Payload):
    """Topic ``commonhearth/v1/<device>/status``: retained; the device's MQTT will says false."""

    online: bool


MODELS: dict[str, type[BaseModel]] = {
    "stock": Stock,
    "door": Door,
    "scan": Scan,
    "state": State,
    "status": Status,
}
