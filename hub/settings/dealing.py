"""Dealing with others: registries, orders, rides, limits, a catalogue of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from hub.domain.limits import Limits
from hub.domain.money import Money
from hub.settings.section import Section, checked_sum, sum_of


class RegistrySettings(Section):
    """A registry on the network: who takes part there, and with which keys."""

    url: str = Field(
        pattern=r"^https?://\S+$", description="what /lookup and /subscribe are appended to"
    )
    form: Literal["beckn", "dedi"] = Field(
        default="beckn", description="`beckn` (v1.1.1's registry API; ours) or `dedi` (v2's)"
    )
    network: str = Field(
        default="", description="with `dedi`: namespace/registry that lists who takes part"
    )
    subscriber_id: str = Field(default="", description="the registry's own id")
    unique_key_id: str = Field(default="", description="the name of its key")
    signing_public_key: str = Field(default="", description="its Ed25519 key, base64")
    encr_public_key: str = Field(default="", description="its X25519 key, base64")


class RelaySettings(Section):
    """A relay that takes messages for a hub without an open port (docs/relay.md)."""

    url: str | None = Field(
        default=None, pattern=r"^https?://\S+$", description="the relay's address; none: no relay"
    )
    code: str = Field(default="", description="what a closed relay asks for")
    mqtt_url: str | None = Field(
        default=None, description="its broker, where the relay does not name it right"
    )
    username: str | None = Field(default=None, description="our user at that broker")
    password: str | None = Field(default=None, description="that user's password")
    ca_file: Path | None = Field(default=None, description="CA certificates (PEM) for mqtts://")


class BecknSettings(Section):
    """Brokering: who we are on the network and whom we ask."""

    subscriber_id: str | None = Field(
        default=None, description="our id on the network; made at first start when absent"
    )
    registry: Path | None = Field(
        default=None, description="file registry (YAML) with providers' ids, URIs and public keys"
    )
    registries: tuple[RegistrySettings, ...] = Field(
        default=(), description="registries on the network that are asked, and joined"
    )
    version: Literal["2.0.0", "1.1.1"] = Field(default="2.0.0", description="version we prefer")
    country: str = Field(
        default="", description="country that version 1.1.1 networks are told (ISO 3166, e.g. DEU)"
    )
    city: str = Field(
        default="", description="the city's code on version 1.1.1 networks, e.g. std:080"
    )
    collect_seconds: float = Field(
        default=10.0, gt=0, le=300, description="how long offers are awaited before asking"
    )
    ttl: int = Field(default=30, ge=1, le=3600, description="seconds a request stays valid")
    confirm_patience: float = Field(
        default=20.0, gt=0, description="seconds before an unanswered confirm is asked for (status)"
    )
    disclose: tuple[Literal["name", "address", "area_code", "gps", "phone", "email"], ...] = Field(
        default=("name", "address", "area_code", "phone"),
        description="what a provider is told once a member approved an order with it",
    )
    countersign: bool = Field(
        default=True,
        description="ask providers that keep a log to countersign the household's; each learns "
        "then how many entries it has",
    )
    split_saving: str | None = Field(
        default=None,
        description="split a basket over two shops when that saves more, e.g. 5 EUR; none: never",
    )

    @property
    def split_over(self) -> Money | None:
        """Return what a split must save at least, None where baskets are not split."""
        return None if self.split_saving is None else sum_of(self.split_saving)

    @field_validator("split_saving")
    @classmethod
    def _is_a_sum(cls, value: str | None) -> str | None:
        return checked_sum(value)


class RideSettings(Section):
    """Getting there: rides to activities elsewhere, found at the drivers that are known."""

    propose: Literal["ask", "off"] = Field(
        default="ask",
        description="ask for offers and propose one when somebody goes; off: only rules do. "
        "Drivers are told from about where (home.gps, to some hundred metres)",
    )
    margin_minutes: int = Field(
        default=10, ge=0, le=240, description="how long before it begins to be there"
    )
    walk_km: float = Field(
        default=1.0, ge=0, le=50, description="nearer than this nobody takes a ride"
    )
    days_ahead: int = Field(
        default=7, ge=1, le=60, description="how many days before it begins a ride is looked for"
    )
    way_back: bool = Field(
        default=True, description="propose the ride home too, once there is one there"
    )
    share: Literal["ask", "off"] = Field(
        default="ask", description="ask whether to share a ride with friends who go there too"
    )


class LimitSettings(Section):
    """What may be spent, with whom, and without asking. Nothing is limited by itself."""

    per_order: str | None = Field(
        default=None, description="most that one order may cost with delivery, e.g. 80 EUR"
    )
    per_month: str | None = Field(
        default=None, description="most that a calendar month's orders may cost, e.g. 400 EUR"
    )
    never: tuple[str, ...] = Field(
        default=(), description="ids or names of providers that are not even asked"
    )
    always: tuple[str, ...] = Field(
        default=(),
        description="ids or names of providers that come first where they bring as much in time",
    )
    auto_approve: dict[str, str] = Field(
        default={},
        description="rule id: sum up to which it orders without asking, e.g. groceries: 20 EUR",
    )

    @field_validator("per_order", "per_month")
    @classmethod
    def _is_a_sum(cls, value: str | None) -> str | None:
        return checked_sum(value)

    @field_validator("auto_approve")
    @classmethod
    def _are_sums(cls, value: dict[str, str]) -> dict[str, str]:
        for text in value.values():
            checked_sum(text)
        return value

    def read(self) -> Limits:
        """Return the limits as the domain knows them."""
        return Limits(
            per_order=None if self.per_order is None else sum_of(self.per_order),
            per_month=None if self.per_month is None else sum_of(self.per_month),
            never=self.never,
            always=self.always,
            auto_approve={rule: sum_of(text) for rule, text in self.auto_approve.items()},
        )

    def sums(self) -> list[tuple[str, str]]:
        """Return every sum that is named, with the key it stands under."""
        named = [("per_order", self.per_order), ("per_month", self.per_month)]
        named += [(f"auto_approve.{rule}", text) for rule, text in self.auto_approve.items()]
        return [(key, text) for key, text in named if text is not None]


class SellSettings(Section):
    """Being a provider too: a catalogue is enough, and the household lends, cooks or sells."""

    catalog: Path | None = Field(
        default=None, description="what is offered (YAML, docs/for-providers.md); none: nothing"
    )
    host: str = Field(default="127.0.0.1", description="address to take orders on")
    port: int = Field(default=0, ge=0, le=65535, description="port; 0: any free one")
    public_url: str | None = Field(
        default=None, description="how buyers reach it; default http://host:port"
    )
