"""Home Assistant: what is read there, shown there and pressed there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from hub.domain.authority import Authority
from hub.domain.suggestions import Kind
from hub.settings.section import Section, checked_sum, sum_of


class PressSettings(Section):
    """What the hub's buttons in Home Assistant decide. Who may write to the broker can press."""

    member: str | None = Field(
        default=None, description="the adult in whose name a press counts; none: no buttons"
    )
    kinds: tuple[Kind, ...] = Field(
        default=(), description="kinds of suggestion that may be approved so; none named: all"
    )
    up_to: str | None = Field(
        default=None,
        description="most that a press may spend, e.g. 40 EUR; none: nothing that costs money",
    )

    @property
    def authority(self) -> Authority:
        """Return what a press may approve."""
        return Authority(self.kinds, None if self.up_to is None else sum_of(self.up_to))

    @field_validator("up_to")
    @classmethod
    def _is_a_sum(cls, value: str | None) -> str | None:
        return checked_sum(value)


EntityId = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$", max_length=255)]
"""An entity as Home Assistant names it."""


EntityGlob = Annotated[str, Field(pattern=r"^[a-z0-9_.*?]+$", max_length=255)]


CalendarId = Annotated[str, Field(pattern=r"^calendar\.[a-z0-9_]+$", max_length=255)]


TodoId = Annotated[str, Field(pattern=r"^todo\.[a-z0-9_]+$", max_length=255)]


AllowedService = Annotated[
    str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+( [a-z0-9_.*?]+)?$", max_length=300)
]


class HomeAssistantSettings(Section):
    """A Home Assistant beside the hub: what is read of it, and what it may be asked to do."""

    url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="where it is, e.g. http://homeassistant.local:8123; none: it is not read",
    )
    token: str | None = Field(
        default=None, max_length=2000, description="a long-lived access token, made on its profile"
    )
    token_file: Path | None = Field(default=None, description="file with the token instead")
    entities: tuple[EntityGlob, ...] = Field(
        default=(), description="entities to read, with * and ?, e.g. sensor.fridge_*, person.*"
    )
    calendars: dict[CalendarId, tuple[str, ...]] = Field(
        default={},
        description="calendars whose events count as appointments, each with the ids of those "
        "whose time they take; none: every adult's",
    )
    shopping_lists: tuple[TodoId, ...] = Field(
        default=(), description="lists whose open items join the next basket, e.g. todo.shopping"
    )
    note_list: TodoId | None = Field(
        default=None, description="list to which suggestions are added while they wait"
    )
    services: tuple[AllowedService, ...] = Field(
        default=(),
        description="what rules may have it do once a member agreed, with the entities, e.g. "
        "scene.turn_on scene.away*; what is not named is never done",
    )
    publish: bool = Field(
        default=False, description="show suggestions, pantry and deliveries in it (over MQTT)"
    )
    press: PressSettings = Field(
        default=PressSettings(), description="what its buttons may decide for the household"
    )

    @model_validator(mode="after")
    def _reachable(self) -> HomeAssistantSettings:
        if self.token is not None and self.token_file is not None:
            raise ValueError("expected token or token_file, not both")
        tokens = self.token is not None or self.token_file is not None
        if self.url is not None and not tokens:
            raise ValueError("expected a token or a token_file beside url")
        if self.url is None:
            named = ("entities", "calendars", "shopping_lists", "note_list", "services")
            used = [name for name in named if getattr(self, name)]
            if used or tokens:
                what = ", ".join(used) or "token"
                raise ValueError(f"{what}: expected url, too: where Home Assistant is")
        return self
