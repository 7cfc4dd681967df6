"""Whatever arrives, decode answers with items and never raises."""

import math
from datetime import UTC, datetime

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.homeassistant import HomeAssistantDiscovery
from devices.types import Decoded
from hub.domain.observations import StateReading

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEYS = st.sampled_from(
    "~ dev device ids cns name o cmps p stat_t avty avty_t avty_tpl avty_mode t val_tpl uniq_id "
    "unit_of_meas evt_typ exp_aft json_attr_t json_attr_tpl pl_on e obj_id def_ent_id atype type "
    "stype migrate_discovery ops min max a b".split()
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["t/1", "~/x", "{{ value }}", "{{ value_json.a }}", "{{ value_json.a | float }}",
         "{{ 1 +", "sensor", "event", "all", "trigger", "#"]
    )
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
COMPONENTS = st.sampled_from(
    ["sensor", "binary_sensor", "number", "event", "tag", "device_automation", "device", "light"]
)
PAYLOADS = st.binary(max_size=60) | JSON.map(orjson.dumps)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(COMPONENTS, st.dictionaries(KEYS, JSON, max_size=12)), max_size=4),
    st.lists(st.tuples(st.sampled_from(["t/1", "t/2", "x", ""]), PAYLOADS), max_size=6),
)
def test_decode_never_raises(announcements, messages):
    convention = HomeAssistantDiscovery()
    for number, (component, config) in enumerate(announcements):
        config.setdefault("stat_t", "t/1")
        topic = f"homeassistant/{component}/o{number % 3}/config"
        assert isinstance(convention.decode(topic, orjson.dumps(config), NOW), Decoded)
        assert all("#" not in f for f in convention.filters())
    for topic, payload in messages:
        decoded = convention.decode(topic, payload, NOW)
        for item in decoded.items:
            if isinstance(item, StateReading) and isinstance(item.value, float):
                assert math.isfinite(item.value)
    convention.expire(NOW)
    ids = [entity.id for entity in convention.entities()]
    assert len(set(ids)) == len(ids)
    for number in range(3):
        for component in ("sensor", "device", "event"):
            convention.decode(f"homeassistant/{component}/o{number}/config", b"", NOW)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.binary(max_size=100))
def test_any_topic_any_bytes(topic, payload):
    convention = HomeAssistantDiscovery()
    for one in (topic, f"homeassistant/{topic}/config", f"homeassistant/sensor/{topic}/config"):
        assert isinstance(convention.decode(one, payload, NOW), Decoded)
