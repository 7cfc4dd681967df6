"""Domain dataclasses as JSON: one spelling, whoever writes it, and back again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from pydantic import TypeAdapter

from hub.domain.consent import Disclosed, Erasure
from hub.domain.effects import CallHome
from hub.domain.homeassistant import ServiceCall
from hub.domain.money import Money
from hub.domain.offers import DeliverySlot, Window
from hub.domain.orders import Line, Order, Subscriber
from hub.store.codec import dump, load

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
EAST = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
ORDER = Order(
    "o",
    "t",
    "s",
    Subscriber("shop.example", "http://127.0.0.1:9"),
    'Käse & "Co"',
    "quoted",
    (Line("milk", "Milk", 2, Money(Decimal("1.10"), "EUR")),),
    slot=DeliverySlot("a", Window(NOON, EAST + timedelta(microseconds=7))),
    approved_total=Money(Decimal("1E+2"), "EUR"),
)
TOLD = Disclosed(
    "m", NOON, "shop", "Shop", "order", ("name",), (), erasure=Erasure(NOON, "ana", "m2")
)
LARGE = CallHome("s", (ServiceCall("light.turn_on", ("light.hall",), {"a": 2**70}),))


@pytest.mark.parametrize("value", [ORDER, TOLD, LARGE], ids=lambda one: type(one).__name__)
def test_what_is_kept_is_spelled_as_ever_and_read_back(value):
    text = dump(value)
    assert text == TypeAdapter(type(value)).dump_json(value).decode()
    assert load(type(value), text) == value
