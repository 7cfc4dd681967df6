"""States, events, attributes and availability of announced entities."""

from datetime import timedelta

import pytest

from devices.types import Pending
from hub.domain.observations import AvailabilityReading, EventReading, Rejected, StateReading


@pytest.mark.parametrize(
    ("payload", "value"),
    [(b"21", 21), (b"21.50", 21.5), (b" 3 ", 3), (b"-4", -4), (b"None", None), (b"1e3", 1000.0)],
)
def test_a_numeric_sensor_keeps_numbers(house, payload, value):
    house.announce("sensor/t", {"stat_t": "t", "unit_of_meas": "°C"})
    (item,) = house.say("t", payload)
    assert item == StateReading("sensor.t", value, "°C")
    assert type(item.value) is type(value)


@pytest.mark.parametrize(
    "payload", [b"nan", b"inf", b"-Infinity", b"1e999", b"warm", b"1_0", b"\xff", b"9" * 5000]
)
def test_a_numeric_sensor_refuses_what_is_no_finite_number(house, payload):
    house.announce("sensor/t", {"stat_t": "t", "stat_cla": "measurement"})
    (item,) = house.say("t", payload)
    assert isinstance(item, Rejected)
    assert item.where == "sensor.t"


@pytest.mark.parametrize("value", ["NaN", "1e999", "true", "null", "[1]", '"Infinity"'])
def test_a_json_number_must_be_finite_too(house, value):
    house.announce(
        "sensor/t", {"stat_t": "t", "unit_of_meas": "g", "val_tpl": "{{ value_json.w }}"}
    )
    items = house.say("t", f'{{"w": {value}}}')
    assert len(items) == 1
    assert isinstance(items[0], Rejected) or (value == "null" and items[0].value is None)


def test_a_sensor_without_a_unit_says_words(house):
    house.announce("sensor/t", {"stat_t": "t"})
    assert house.say("t", "21") == (StateReading("sensor.t", "21"),)
    (item,) = house.say("t", "x" * 300)
    assert isinstance(item, Rejected)


def test_an_enum_keeps_to_its_options(house):
    house.announce("sensor/t", {"stat_t": "t", "dev_cla": "enum", "ops": ["low", "high"]})
    assert house.say("t", "low") == (StateReading("sensor.t", "low"),)
    assert isinstance(house.say("t", "middle")[0], Rejected)


def test_a_binary_sensor(house):
    house.announce("binary_sensor/d", {"stat_t": "d"})
    assert house.say("d", "ON") == (StateReading("binary_sensor.d", "on"),)
    assert house.say("d", "OFF") == (StateReading("binary_sensor.d", "off"),)
    assert house.say("d", "None") == (StateReading("binary_sensor.d", None),)
    (item,) = house.say("d", "open")
    assert item == Rejected("expected 'ON' or 'OFF', got 'open'", "binary_sensor.d")


def test_a_binary_sensor_with_json_booleans(house):
    """Zigbee2MQTT: a contact that is closed reads true, and that is off."""
    config = {"stat_t": "d", "pl_on": False, "pl_off": True, "val_tpl": "{{ value_json.contact }}"}
    house.announce("binary_sensor/d", config)
    assert house.say("d", {"contact": False}) == (StateReading("binary_sensor.d", "on"),)
    assert house.say("d", {"contact": True}) == (StateReading("binary_sensor.d", "off"),)


def test_a_number_keeps_to_the_range_the_device_gave(house):
    config = {"stat_t": "n", "cmd_t": "n/set", "min": 1, "max": 5, "pl_rst": "reset"}
    house.announce("number/n", config)
    assert house.say("n", "3") == (StateReading("number.n", 3),)
    assert house.say("n", "reset") == (StateReading("number.n", None),)
    assert house.say("n", "7") == (Rejected("expected 1 to 5, got 7", "number.n"),)


def test_an_event_from_json(house):
    house.announce("event/b", {"stat_t": "b", "evt_typ": ["press", "hold"]})
    assert house.say("b", {"event_type": "press", "button": 2}) == (
        EventReading("event.b", "press", {"button": 2}),
    )
    assert house.say("b", "") == ()
    for payload in ({"event_type": "drop"}, {"a": 1}, "press", [1], {"event_type": ["press"]}):
        (item,) = house.say("b", payload)
        assert isinstance(item, Rejected)


def test_a_tag(house):
    house.announce("tag/reader", {"t": "reader", "val_tpl": "{{ value_json.PN532.UID }}"})
    assert house.say("reader", {"PN532": {"UID": "E9F35959"}}) == (
        EventReading("tag.reader", "tag_scanned", {"tag_id": "E9F35959"}),
    )


def test_a_device_trigger(house):
    config = {
        "atype": "trigger",
        "type": "button_short_press",
        "stype": "button_1",
        "pl": "single",
        "t": "z/b/action",
    }
    house.announce("device_automation/b/single", config)
    (item,) = house.say("z/b/action", "single")
    assert item == EventReading(
        "device_automation.b_single",
        "button_short_press",
        {"subtype": "button_1", "payload": "single"},
    )
    assert house.say("z/b/action", "double") == ()


def test_attributes_on_the_same_topic_come_with_the_state(house):
    config = {"stat_t": "s", "json_attr_t": "s", "val_tpl": "{{ value_json.v }}"}
    house.announce("sensor/s", config)
    assert house.say("s", {"v": "a", "x": 1}) == (
        StateReading("sensor.s", "a", None, {"v": "a", "x": 1}),
    )


def test_attributes_on_their_own_topic_wait_for_a_state(house):
    house.announce("sensor/s", {"stat_t": "s", "json_attr_t": "s/attributes"})
    assert house.say("s/attributes", {"x": 1}) == ()
    assert house.say("s", "a") == (StateReading("sensor.s", "a", None, {"x": 1}),)
    assert house.say("s/attributes", {"x": 2}) == (StateReading("sensor.s", "a", None, {"x": 2}),)
    for bad in ("[]", "{", '{"a":"' + "x" * 20_000 + '"}', '{"a":' + "[" * 40 + "]" * 40 + "}"):
        (item,) = house.say("s/attributes", bad)
        assert isinstance(item, Rejected)


def test_an_attributes_template_picks_a_part(house):
    config = {"stat_t": "s", "json_attr_t": "a", "json_attr_tpl": "{{ value_json.inner }}"}
    house.announce("sensor/s", config)
    house.say("a", {"inner": {"x": 1}})
    assert house.say("s", "v")[0].attributes == {"x": 1}


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [("all", [False, True, False]), ("any", [True, True, True]), ("latest", [True, True, False])],
)
def test_availability_modes(house, mode, wanted):
    house.announce("sensor/s", {"stat_t": "s", "avty": [{"t": "a"}, {"t": "b"}], "avty_mode": mode})
    said = [("a", "online"), ("b", "online"), ("a", "offline")]
    assert [house.say(topic, payload)[0].available for topic, payload in said] == wanted


def test_a_components_availability_overrides_its_devices(house):
    config = {
        "dev": {"ids": "x"},
        "avty_t": "dev/status",
        "pl_avail": "up",
        "cmps": {
            "own": {"p": "sensor", "stat_t": "o", "avty": [{"t": "own/status"}]},
            "shared": {"p": "sensor", "stat_t": "s"},
        },
    }
    house.announce("device/x", config)
    assert house.say("dev/status", "up") == (AvailabilityReading("sensor.x_shared", True),)
    assert house.say("own/status", "online") == (AvailabilityReading("sensor.x_own", True),)


def test_an_availability_template(house):
    house.announce(
        "sensor/s", {"stat_t": "s", "avty_t": "a", "avty_tpl": "{{ value_json['state'] }}"}
    )
    assert house.say("a", {"state": "offline"}) == (AvailabilityReading("sensor.s", False),)
    (item,) = house.say("a", {"state": "asleep"})
    assert item == Rejected("expected 'online' or 'offline', got 'asleep'", "availability")


def test_expire_after(house, now):
    house.announce("sensor/s", {"stat_t": "s", "exp_aft": 60})
    second = timedelta(seconds=1)
    house.say("s", "a", now + 30 * second)
    assert house.convention.expire(now + 89 * second) == []
    assert house.convention.expire(now + 90 * second) == [AvailabilityReading("sensor.s", False)]
    assert house.convention.expire(now + 91 * second) == [], "said once"
    assert house.say("s", "b", now + 100 * second) == (
        AvailabilityReading("sensor.s", True),
        StateReading("sensor.s", "b"),
    )


def test_an_unreadable_message_does_not_bring_an_expired_entity_back(house, now):
    house.announce("sensor/s", {"stat_t": "s", "exp_aft": 60}, now)
    later = now + timedelta(seconds=61)
    house.convention.expire(later)
    (item,) = house.say("s", b"\xff", later)
    assert isinstance(item, Rejected)
    assert house.say("s", "a", later)[0] == AvailabilityReading("sensor.s", True)


def test_silence_since_the_announcement_expires_too(house, now):
    house.announce("sensor/s", {"stat_t": "s", "exp_aft": 60}, now)
    assert house.convention.expire(now + timedelta(seconds=61)) == [
        AvailabilityReading("sensor.s", False)
    ]


def test_a_fault_that_many_entities_meet_is_said_once(house):
    many = {f"c{n}": {"p": "sensor", "val_tpl": f"{{{{ value_json.v{n} }}}}"} for n in range(50)}
    house.announce("device/x", {"dev": {"ids": "x"}, "stat_t": "x", "cmps": many})
    (item,) = house.say("x", b'{"v1": ')
    assert isinstance(item, Rejected)
    assert item.reason.startswith("expected JSON")


def test_a_real_template_is_left_to_the_renderer(house):
    template = "{% if value_json.open %}ON{% else %}OFF{% endif %}"
    house.announce("binary_sensor/d", {"stat_t": "d", "val_tpl": template})
    (item,) = house.say("d", {"open": True})
    assert isinstance(item, Pending)
    assert (item.job.template, item.job.payload) == (template, '{"open":true}')
    assert item.finish("ON") == (StateReading("binary_sensor.d", "on"),)


def test_this_knows_the_state_so_far(house):
    house.announce("sensor/s", {"stat_t": "s", "val_tpl": "{{ this.state ~ value }}"})
    (first,) = house.say("s", "a")
    assert first.job.variables["this"]["state"] == "unknown"
    first.finish("a")
    (second,) = house.say("s", "b")
    assert second.job.variables["this"]["state"] == "a"
