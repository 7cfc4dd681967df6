"""What readings mean for the pantry: mappings, guesses, scales and scanners."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.meaning import DevicesFile, Meaning, guess
from devices.types import Entity
from hub.domain.observations import (
    AvailabilityReading,
    EventReading,
    Rejected,
    StateReading,
    StockChange,
    StockReading,
)
from hub.domain.stock import PantryItem

PANTRY = {
    item.id: item
    for item in (
        PantryItem("milk", "Milk", "l", pack=Decimal(1), gtin="4006381333931",
                   words=("牛奶",), grams_per_unit=Decimal(1030)),
        PantryItem("oat-milk", "Oat milk", "l"),
        PantryItem("eggs", "Eggs", "pc", pack=Decimal(10), gtin="96385074"),
        PantryItem("rice", "Rice", "g"),
        PantryItem("bread", "Bread", "pc"),
    )
}  # fmt: skip


def meaning(**entities):
    mapped = {name.replace("__", "."): one for name, one in entities.items()}
    return Meaning(DevicesFile.model_validate({"entities": mapped}), PANTRY)


def sensor(name, unit="L", object_id=None, **more):
    object_id = object_id or name.lower().replace(" ", "_")
    return Entity(f"sensor.{object_id}", "sensor", name, unit=unit, **more)


def state(entity, value):
    return StateReading(entity.id, value, entity.unit)


def test_a_mapped_sensor_tells_a_level_in_the_items_unit():
    entity = sensor("Top shelf", "mL")
    (read,) = meaning(sensor__top_shelf={"item": "milk"}).apply(state(entity, "750"), entity)
    assert read == StockReading("milk", 0.75, "l", entity.id)


def test_a_stated_unit_wins_over_the_devices():
    entity = sensor("Top shelf", "W")
    (read,) = meaning(sensor__top_shelf={"item": "rice", "unit": "kg"}).apply(
        state(entity, 2), entity
    )
    assert (read.quantity, read.unit) == (2000.0, "g")


@pytest.mark.parametrize(
    ("weight", "expected"),
    [(1350, 1000.0), ("350", 0.0), (346, 0.0), (0, None), (-3, None), (None, None)],
)
def test_a_scale_knows_its_jar_and_that_it_was_lifted(weight, expected):
    entity = sensor("Scale", "g")
    read = meaning(sensor__scale={"item": "rice", "scale": {"tare": "350 g"}}).apply(
        state(entity, weight), entity
    )
    assert [one.quantity for one in read] == ([] if expected is None else [expected])


def test_a_scale_counts_by_weight():
    entity = sensor("Rack", "kg")
    scale = {"tare": "120g", "grams_per_unit": 60}
    (read,) = meaning(sensor__rack={"item": "eggs", "scale": scale}).apply(
        state(entity, 0.72), entity
    )
    assert read.quantity == pytest.approx(10)
    assert read.unit == "pc"


def test_a_weight_tells_litres_only_where_somebody_said_what_one_weighs():
    entity = sensor("Scale", "g")
    (read,) = meaning(sensor__scale={"item": "milk"}).apply(state(entity, 2060), entity)
    assert read.quantity == pytest.approx(2)
    (read,) = meaning(sensor__scale={"item": "oat-milk"}).apply(state(entity, 2060), entity)
    assert isinstance(read, Rejected)
    assert "oat-milk is kept in l" in read.reason


@pytest.mark.parametrize("value", [None, "", "unknown", "unavailable"])
def test_what_a_device_does_not_know_is_not_made_up(value):
    entity = sensor("Milk")
    assert meaning().apply(state(entity, value), entity) == ()


@pytest.mark.parametrize("value", ["lots", -1, True, float("nan"), "inf", 1e30, 10**400])
def test_what_is_no_amount_is_refused(value):
    entity = sensor("Milk")
    (read,) = meaning().apply(state(entity, value), entity)
    assert isinstance(read, Rejected)
    assert read.where == entity.id


def test_a_plain_name_and_a_fitting_unit_are_guessed():
    one = meaning()
    entity = sensor("Milk", object_id="fridge_milk")
    assert one.apply(state(entity, "1.5"), entity) == (
        StockReading("milk", 1.5, "l", "sensor.fridge_milk"),
    )
    assert "taken for the level of Milk" in one.explain("sensor.fridge_milk")
    assert one.item_of("sensor.fridge_milk") == "milk"


def test_guesses():
    entities = [
        sensor("Fridge milk", object_id="a"),
        sensor("Oat milk left", object_id="b"),
        sensor("牛奶", object_id="c"),
        sensor("Level", object_id="fridge_egg", unit="pcs"),
        sensor("Milk weight", "g", object_id="d"),
        sensor("Milk temperature", "°C", object_id="e"),
        sensor("Rice and bread", "g", object_id="f"),
        sensor("Milk and eggs", "L", object_id="g"),
        sensor("Milk", None, object_id="h"),
        Entity("switch.milk", "switch", "Milk", unit="L"),
        sensor("Milk", object_id="i", used=False),
        sensor("Milkshake", object_id="j"),
    ]
    assert guess(entities, PANTRY) == {
        "sensor.a": "milk",
        "sensor.b": "oat-milk",
        "sensor.c": "milk",
        "sensor.fridge_egg": "eggs",
        "sensor.d": "milk",
        # Bread is counted, so of these two only one can be meant.
        "sensor.f": "rice",
        "sensor.g": "milk",
    }


def test_a_persons_word_wins_over_a_guess():
    entity = sensor("Milk")
    one = meaning(sensor__milk={"ignore": True})
    assert one.apply(state(entity, 1), entity) == ()
    assert one.explain("sensor.milk") == "sensor.milk is ignored, as config/devices.yaml says."
    assert one.item_of("sensor.milk") == ""
    other = meaning(sensor__milk={"item": "oat-milk"})
    assert other.apply(state(entity, 1), entity)[0].item == "oat-milk"


def test_two_sensors_do_not_fight_over_one_item():
    first, second = sensor("Milk", object_id="first_milk"), sensor("Milk", object_id="second_milk")
    one = meaning()
    assert one.apply(state(first, 1), first)
    assert one.apply(state(second, 5), second) == ()
    assert "sensor.first_milk tells that" in one.explain(second.id)
    assert (one.item_of("sensor.first_milk"), one.item_of(second.id)) == ("milk", "")
    mapped = meaning(sensor__shelf={"item": "milk"})
    assert mapped.apply(state(first, 1), first) == ()


def test_a_guess_follows_the_device_when_it_changes_its_name():
    one = meaning()
    entity = sensor("Milk", object_id="shelf")
    assert one.apply(state(entity, 1), entity)[0].item == "milk"
    entity = sensor("Oat milk", object_id="shelf")
    assert one.apply(state(entity, 1), entity)[0].item == "oat-milk"


def test_native_stock_is_turned_to_the_items_unit():
    one = meaning()
    (read,) = one.apply(StockReading("rice", 1.5, "kg", "stock.shelf_rice"), None)
    assert read == StockReading("rice", 1500.0, "g", "stock.shelf_rice")
    (read,) = one.apply(StockReading("rice", 3, "", "stock.shelf_rice"), None)
    assert (read.quantity, read.unit) == (3, "g")
    (read,) = one.apply(StockReading("tea", 1, "g", "stock.shelf_tea"), None)
    assert read == Rejected("no item is called 'tea'; add it to config/pantry.yaml", "item")
    (read,) = one.apply(StockReading("rice", 1, "l", "stock.shelf_rice"), None)
    assert read.where == "unit"


def test_native_stock_can_be_mapped_to_another_item_or_ignored():
    reading = StockReading("reis", 1, "kg", "stock.shelf_reis")
    assert meaning(stock__shelf_reis={"item": "rice"}).apply(reading, None)[0].item == "rice"
    assert meaning(stock__shelf_reis={"ignore": True}).apply(reading, None) == ()


def test_a_scanner_adds_and_removes_packs():
    one = meaning(event__bin={"barcode": {"action": "remove"}})
    scan = EventReading("event.bin", "scan", {"code": "04006381333931"})
    assert one.apply(scan, None) == (StockChange("milk", -1.0, "l", "event.bin"),)
    said = EventReading("event.bin", "scan", {"gtin": "96385074", "action": "add", "count": 2})
    assert one.apply(said, None) == (StockChange("eggs", 20.0, "pc", "event.bin"),)
    link = {"value": "https://id.example/01/04006381333931/10/A?x=1"}
    assert one.apply(EventReading("event.bin", "scan", link), None)[0].item == "milk"
    tag = EventReading("event.bin", "tag_scanned", {"tag_id": "bread"})
    assert one.apply(tag, None) == (StockChange("bread", -1.0, "pc", "event.bin"),)


def test_a_native_scanner_needs_no_mapping_when_it_says_what_to_do():
    entity = Entity("event.shelf_scan", "event", "Scan", convention="native")
    data = {"gtin": "4006381333931", "action": "add", "count": 1}
    one = meaning()
    assert one.apply(EventReading(entity.id, "scan", data), entity)[0].delta == 1.0
    (read,) = one.apply(EventReading(entity.id, "scan", {"gtin": "4006381333931"}), entity)
    assert "entities.event.shelf_scan" in read.reason


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({}, "gtin"),
        ({"gtin": "4000000000000"}, "gtin"),
        ({"gtin": "96385074", "count": 0}, "count"),
        ({"gtin": "96385074", "count": "2"}, "count"),
        ({"gtin": "96385074", "action": "eat"}, "action"),
        ({"code": "rice"}, "pack"),
        ({"code": ["rice"]}, "gtin"),
    ],
)
def test_a_scan_that_cannot_be_followed_says_why(data, where):
    one = meaning(event__bin={"barcode": {"action": "add"}})
    (read,) = one.apply(EventReading("event.bin", "scan", data), None)
    assert isinstance(read, Rejected)
    assert read.where == where


def test_an_event_of_something_else_means_nothing():
    assert meaning().apply(EventReading("event.doorbell", "press"), None) == ()
    assert meaning().apply(AvailabilityReading("sensor.milk", True), None) == ()


def test_a_mapping_to_nothing_is_a_problem_and_a_rejection():
    one = meaning(
        sensor__shelf={"item": "tea"}, sensor__a={"item": "milk"}, sensor__b={"item": "milk"}
    )
    entity = sensor("Shelf")
    (read,) = one.apply(state(entity, 1), entity)
    assert "config/pantry.yaml" in read.reason
    problems = one.problems()
    assert "entities.sensor.shelf" in problems[0]
    assert "sensor.a tells the level of milk already" in problems[1]


@pytest.mark.parametrize(
    "mapped",
    [
        {},
        {"item": "milk", "ignore": True},
        {"barcode": {"action": "add"}, "unit": "g"},
        {"item": "milk", "scale": {"tare": "350"}},
        {"item": "milk", "scale": {"tare": "350 g", "grams_per_unit": 0}},
        {"item": "milk", "colour": "red"},
    ],
)
def test_a_mapping_has_one_meaning(mapped):
    with pytest.raises(ValidationError):
        meaning(sensor__x=mapped)


def test_a_state_cannot_be_a_scanner():
    with pytest.raises(ValidationError, match="expected an event"):
        meaning(sensor__x={"barcode": {"action": "add"}})


@settings(deadline=None)  # the first odd unit loads pint
@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    st.none() | st.text(max_size=12),
)
def test_applying_never_raises(value, unit):
    entity = sensor("Milk", unit)
    for one in (
        meaning(),
        meaning(sensor__milk={"item": "milk"}),
        meaning(sensor__milk={"item": "eggs", "scale": {"tare": "1 kg", "grams_per_unit": 60}}),
    ):
        for read in one.apply(state(entity, value), entity):
            assert isinstance(read, Rejected) or 0 <= read.quantity < float("inf")


# -- presence ------------------------------------------------------------------------------------


def at_home(members=None, **entities):
    mapped = {name.replace("__", "."): one for name, one in entities.items()}
    file = DevicesFile.model_validate({"entities": mapped})
    return Meaning(file, PANTRY, members or {"ada": "Ada", "ben": "Benedikt"})


def test_a_tracker_tells_of_the_member_it_is_mapped_to():
    known = at_home(device_tracker__phone={"presence": "ada"})
    assert known.presence("device_tracker.phone") == "ada"
    assert known.presence("device_tracker.other") is None
    assert known.problems() == ()
    said = known.explain("device_tracker.phone")
    assert said == (
        "device_tracker.phone tells whether Ada is at home, as config/devices.yaml says."
    )


def test_a_person_is_the_member_of_its_id_or_name():
    known = at_home(person__kid={"ignore": True}, person__x={"presence": "ben"})
    assert known.presence("person.ada") == "ada"
    assert known.presence("person.ben_2", {"friendly_name": "benedikt"}) == "ben"
    assert known.presence("person.eve", {"friendly_name": "Eve"}) is None
    assert known.presence("person.eve", {"friendly_name": ""}) is None
    assert known.presence("person.kid", {"friendly_name": "Ada"}) is None
    assert known.presence("person.x") == "ben"


def test_a_member_that_is_not_there_is_a_problem_and_tells_nothing():
    known = at_home(device_tracker__phone={"presence": "eve"})
    assert known.presence("device_tracker.phone") is None
    assert known.problems() == (
        "entities.device_tracker.phone: no member is called 'eve'; add one to config/hub.yaml",
    )


@pytest.mark.parametrize(
    "wrong", [{"presence": "ada", "item": "milk"}, {"presence": "Ada"}, {"presence": ""}]
)
def test_a_mapping_of_presence_says_one_thing(wrong):
    with pytest.raises(ValueError, match=r"presence|one of"):
        at_home(sensor__x=wrong)
