"""The native contract: what is read, what is refused, and that models and reader agree."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from devices import native
from devices.native import Native
from devices.native_models import MODELS
from devices.types import Announcement
from hub.domain.observations import (
    AvailabilityReading,
    EventReading,
    Rejected,
    StateReading,
    StockReading,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AT = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
TIME = "2026-11-24T12:30:00+01:00"


def decode(kind, value, device="shelf", convention=None):
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    decoded = (convention or Native()).decode(f"commonhearth/v1/{device}/{kind}", payload, NOW)
    # What is heard for the first time is announced besides; a test of its own looks at that.
    said = tuple(one for one in decoded.items if not isinstance(one, Announcement))
    return replace(decoded, items=said)


def test_stock_is_an_absolute_reading():
    decoded = decode(
        "stock", {"item": "rice", "quantity": 1, "unit": "kg", "time": TIME, "id": "7"}
    )
    assert decoded.items == (StockReading("rice", 1.0, "kg", "stock.shelf_rice", AT),)
    assert decoded.key == "native:shelf:stock:7"


def test_several_levels_in_one_message():
    decoded = decode("stock", [{"item": "rice", "quantity": 1}, {"item": "oats", "quantity": 0}])
    assert [one.item for one in decoded.items] == ["rice", "oats"]
    assert decoded.key is None


def test_door_scan_state():
    assert decode("door", {"open": True}).items == (StateReading("binary_sensor.shelf_door", "on"),)
    assert decode("scan", {"gtin": "4006381333931", "action": "add", "id": "x"}).items == (
        EventReading(
            "event.shelf_scan", "scan", {"gtin": "4006381333931", "action": "add", "count": 1}
        ),
    )
    assert decode("state", {"temperature": 4.5, "mode": "eco", "time": TIME}).items == (
        StateReading("sensor.shelf_temperature", 4.5, phenomenon_time=AT),
        StateReading("sensor.shelf_mode", "eco", phenomenon_time=AT),
    )


def test_what_is_heard_first_is_announced_so_that_it_is_known_after_a_restart():
    convention = Native()
    kept = {}
    said = [
        ("stock", {"item": "oat-milk", "quantity": 2, "unit": "l"}),
        ("stock", [{"item": "rice", "quantity": 1}, {"item": "oat-milk", "quantity": 1}]),
        ("door", {"open": True, "id": "1"}),
        ("scan", {"gtin": "4006381333931"}),
        ("state", {"mode": "eco"}),
        ("state", {"temperature": 4.5}),
    ]
    for kind, value in said:
        decoded = convention.decode(f"commonhearth/v1/a-1/{kind}", json.dumps(value).encode(), NOW)
        (announced,) = [one for one in decoded.items if isinstance(one, Announcement)]
        assert announced.source == f"commonhearth/v1/a-1/{kind}"
        kept[announced.source] = announced.payload
        again = convention.decode(f"commonhearth/v1/a-1/{kind}", json.dumps(value).encode(), NOW)
        assert not any(isinstance(one, Announcement) for one in again.items)
    restarted = Native()
    for source, payload in kept.items():
        decoded = restarted.decode(source, payload, NOW)
        assert not any(isinstance(one, Rejected) for one in decoded.items)
    assert {one.id: one for one in restarted.entities()} == {
        one.id: one for one in convention.entities()
    }
    assert len(restarted.entities()) == 6


def test_status_is_the_availability_of_all_that_was_heard():
    convention = Native()
    decode("state", {"a": 1, "b": None}, convention=convention)
    assert decode("status", {"online": False}, convention=convention).items == (
        AvailabilityReading("sensor.shelf_a", False),
        AvailabilityReading("sensor.shelf_b", False),
    )


def test_a_device_that_was_gone_before_it_was_heard_is_not_trusted():
    convention = Native()
    gone = AvailabilityReading("binary_sensor.shelf_door", False)
    assert decode("status", {"online": False}, convention=convention).items == ()
    assert gone in decode("door", {"open": True}, convention=convention).items
    assert gone not in decode("door", {"open": True}, convention=convention).items
    decode("status", {"online": True}, convention=convention)
    assert len(decode("state", {"a": 1}, convention=convention).items) == 1


def test_entities_are_known_once_heard():
    convention = Native()
    decode("stock", {"item": "rice", "quantity": 1, "unit": "kg"}, "top-shelf", convention)
    entity = convention.entity("stock.top_shelf_rice")
    assert convention.entities() == [entity]
    assert (entity.name, entity.device_name, entity.unit) == ("Rice", "Top shelf", "kg")
    assert entity.topics == ("commonhearth/v1/top-shelf/stock",)
    assert convention.device_of(entity.topics[0]) == "native/top-shelf"


def test_it_listens_to_its_kinds_only():
    convention = Native()
    assert "commonhearth/v1/+/stock" in convention.filters()
    assert convention.handles("commonhearth/v1/a/stock")
    assert not convention.handles("commonhearth/v2/a/stock")


@pytest.mark.parametrize(
    ("kind", "payload", "where", "expected"),
    [
        ("stock", b"{", "payload", "JSON"),
        ("stock", b"\xff\xfe", "payload", "UTF-8"),
        ("stock", b"[" * 2000, "payload", "depth"),
        ("stock", b" " * 70_000, "payload", "65536"),
        ("stock", b'{"item": "rice", "quantity": NaN}', "payload", "JSON"),
        ("stock", b'{"item": "rice", "quantity": Infinity}', "payload", "JSON"),
        ("stock", b'{"item": "rice", "quantity": 1e999}', "payload", "infinity"),
        ("stock", b'{"item": "rice", "quantity": -0.1}', "quantity", "from 0 to"),
        ("stock", b'{"item": "rice", "quantity": "1"}', "quantity", "a number, got '1'"),
        ("stock", b'{"item": "rice", "quantity": true}', "quantity", "a number, got True"),
        ("stock", b'{"item": "rice"}', "quantity", "got nothing"),
        ("stock", b'{"item": "Rice!", "quantity": 1}', "item", "an item's id"),
        ("stock", b'{"item": "rice\\n", "quantity": 1}', "item", "an item's id"),
        ("stock", b'{"item": "rice", "quantity": 1, "units": "g"}', "units", "no field but"),
        ("stock", b'{"item": "rice", "quantity": 1, "unit": 3}', "unit", "a unit such as"),
        ("stock", b'{"item":"rice","quantity":1,"time":"2026-11-24T12:00:00"}', "time", "a zone"),
        ("stock", b'{"item":"rice","quantity":1,"time":"yesterday"}', "time", "a time such as"),
        ("stock", b'{"item":"rice","quantity":1,"id":7}', "id", "a text"),
        ("stock", b'[{"item":"rice","quantity":1},{"item":"oats"}]', "1.quantity", "a number"),
        ("stock", b"[" + b"{}," * 100 + b"{}]", "payload", "at most 100"),
        ("stock", b"7", "payload", "an object or a list"),
        ("door", b'{"open": 1}', "open", "true or false"),
        ("scan", b'{"count": 1}', "gtin", "one of gtin and code"),
        ("scan", b'{"gtin": 4006381333931}', "gtin", "in quotes"),
        ("scan", b'{"code": "a", "count": 0}', "count", "whole number"),
        ("scan", b'{"code": "a", "action": "eat"}', "action", "add or remove"),
        ("state", b"{}", "payload", "1 to 100 values"),
        ("state", b'{"Temp": 1}', "Temp", "names of"),
        ("state", b'{"temp": {"a": 1}}', "temp", "got an object"),
        ("status", b'{"online": "yes"}', "online", "true or false"),
        ("fridge", b"{}", "commonhearth/v1/shelf/fridge", "one of stock, door"),
    ],
)
def test_bad_input_is_one_readable_rejection(kind, payload, where, expected):
    (item,) = decode(kind, payload).items
    assert isinstance(item, Rejected)
    assert item.where == where
    assert expected in item.reason
    assert len(item.reason) <= 200


def test_a_device_needs_a_plain_name():
    (item,) = decode("door", {"open": True}, device="Küche").items
    assert item.where == "topic"


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(native, "MAX_DEVICES", 2)
    monkeypatch.setattr(native, "MAX_ENTITIES", 3)
    convention = Native()
    for number in range(5):
        decode("state", {f"v{number}": 1}, "one", convention)
        decode("door", {"open": True}, f"device{number}", convention)
    assert len(convention.entities()) == 4
    assert isinstance(decode("door", {"open": True}, "more", convention).items[0], Rejected)


@given(st.binary(max_size=200), st.text(max_size=30), st.sampled_from([*MODELS, "x"]))
def test_decoding_never_raises(payload, device, kind):
    decoded = decode(kind, payload, device)
    rejected = [item for item in decoded.items if isinstance(item, Rejected)]
    assert len(rejected) <= 1


values = (
    st.none() | st.booleans() | st.integers(-(10**16), 10**16) | st.floats() | st.text(max_size=8)
)
times = st.sampled_from([TIME, "2026-11-24T12:30:00Z", "2026-11-24 12:30:00", "noon", "", 5])
fields = {
    "item": st.sampled_from(["rice", "oat-milk", "Rice", "", "x" * 65]) | values,
    "quantity": st.floats(-1, 2e9) | st.integers(-1, 10) | values,
    "unit": st.sampled_from(["kg", "", "x" * 21]) | values,
    "time": times | st.none(),
    "id": st.sampled_from(["a", "", "x" * 129]) | values,
    "open": values,
    "gtin": st.sampled_from(["4006381333931", "123", "x"]) | values,
    "code": st.sampled_from(["a", "", "x" * 201]) | values,
    "action": st.sampled_from(["add", "remove", "eat"]) | values,
    "count": st.integers(-1, 1001) | values,
    "online": values,
    "temp": values,
    "Temp": values,
}
OWN = {
    "stock": ["item", "quantity", "unit", "time", "id"],
    "door": ["open", "time", "id"],
    "scan": ["gtin", "code", "action", "count", "time", "id"],
    "state": ["temp", "time", "id"],
    "status": ["online"],
}
GOOD = {
    "stock": {"item": "rice", "quantity": 1.5},
    "door": {"open": False},
    "scan": {"code": "a"},
    "state": {"temp": 1},
    "status": {"online": True},
}


@st.composite
def messages(draw):
    """A right message with some of its fields changed, taken away, or strange ones added."""
    kind = draw(st.sampled_from(sorted(OWN)))
    value = dict(GOOD[kind])
    for name in draw(st.lists(st.sampled_from(OWN[kind]), max_size=2)):
        value[name] = draw(fields[name])
    if draw(st.integers(0, 9)) == 0:
        value.pop(draw(st.sampled_from(sorted(value))))
    if draw(st.integers(0, 9)) == 0:
        name = draw(st.sampled_from(sorted(fields)))
        value[name] = draw(fields[name])
    if kind == "stock" and draw(st.booleans()):
        value = [value, dict(GOOD[kind])]
    return kind, value


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(messages())
def test_models_and_reader_agree(message):
    kind, value = message
    text = json.dumps(value)
    try:
        MODELS[kind].model_validate_json(text)
        right = True
    except ValidationError:
        right = False
    items = decode(kind, text.encode()).items
    assert right != any(isinstance(item, Rejected) for item in items), (text, items)
