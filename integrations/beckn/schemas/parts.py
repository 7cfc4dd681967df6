"""What fields of both versions' messages have in common."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.alias_generators import to_camel

_UUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
_INSTANT = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
_SPAN = r"^P(\d+[YMWD])*(T(\d+[HM])*(\d+(\.\d+)?S)?)?$"
_URI = r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"
_AMOUNT = r"^[+-]?([0-9]*[.])?[0-9]+$"
_CURRENCY = r"^[A-Z]{3}$"
_GPS = r"^[-+]?\d{1,2}(\.\d+)?, *[-+]?\d{1,3}(\.\d+)?$"

Text = Annotated[str, Field(max_length=1000)]
Uuid = Annotated[
    str,
    Field(
        pattern=_UUID,
        json_schema_extra={"format": "uuid"},
    ),
]
Instant = Annotated[
    str,
    Field(
        pattern=_INSTANT,
        json_schema_extra={"format": "date-time"},
    ),
]
Span = Annotated[str, Field(pattern=_SPAN, min_length=3)]
Uri = Annotated[str, Field(pattern=_URI)]
Amount = Annotated[str, Field(pattern=_AMOUNT)]
Currency = Annotated[str, Field(pattern=_CURRENCY)]
Gps = Annotated[str, Field(pattern=_GPS)]

EXPECTED = {
    _UUID: "a UUID",
    _INSTANT: "an instant with a zone, such as 2026-11-24T18:00:00Z",
    _SPAN: "a duration such as PT30S",
    _URI: "a URI such as https://shop.example.org/beckn",
    _AMOUNT: 'a number as text, such as "1.29"',
    _CURRENCY: "an ISO 4217 currency such as EUR",
    _GPS: "lat,lon in degrees such as 52.52,13.40",
}
"""A pattern -> what a person would call what matches it."""


class Open(BaseModel):
    """An object that may have further fields."""

    model_config = ConfigDict(extra="allow", strict=True)


class Camel(BaseModel):
    """An object of version 2 that may have further fields."""

    model_config = ConfigDict(extra="allow", strict=True, alias_generator=to_camel)


class Closed(BaseModel):
    """An object of version 2 that may have no further fields."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


def message(action: str, context: type[BaseModel], body: Any, error: type[BaseModel]) -> type[Open]:
    """Return the model of a whole message; a callback may have an error in place of its body."""
    name = "".join(part.capitalize() for part in action.split("_"))
    own: dict[str, Any] = {"action": (Literal[action], ...)}
    about = f"The context of ``{action}``."
    envelope = create_model(f"{name}Context", __base__=context, __doc__=about, **own)
    fields: dict[str, Any] = {"context": (envelope, ...)}
    if action.startswith("on_"):
        fields |= {"message": (body | None, None), "error": (error | None, None)}
    else:
        fields["message"] = (body, ...)
    made: type[Open] = create_model(
        f"{name}Message", __base__=Open, __doc__=f"A message ``{action}``.", **fields
    )
    return made
