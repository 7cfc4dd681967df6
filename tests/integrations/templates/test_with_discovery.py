"""Discovery, book and rendering process together: what a device says becomes readings."""

from datetime import UTC, datetime

import orjson

from devices.book import DeviceBook
from devices.homeassistant import HomeAssistantDiscovery
from hub.domain.observations import AvailabilityReading, EventReading, Rejected, StateReading

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def announce(book, path, config):
    book.decode(f"homeassistant/{path}/config", orjson.dumps(config), NOW)


def test_a_batch_of_many_devices(renderer):
    book = DeviceBook([HomeAssistantDiscovery()])
    announce(
        book,
        "event/0xb1/action",
        {
            "stat_t": "zigbee2mqtt/Button/action",
            "evt_typ": ["single", "double"],
            "val_tpl": "{{ {'event_type': value, 'source': 'button'} | to_json }}",
        },
    )
    announce(
        book,
        "sensor/scale",
        {
            "stat_t": "scale",
            "unit_of_meas": "g",
            "val_tpl": "{{ (value_json.raw * 1000) | round(1) if value_json.ok else none }}",
        },
    )
    announce(book, "sensor/evil", {"stat_t": "evil", "val_tpl": "{{ 'x' * 10**9 }}"})
    announce(
        book,
        "sensor/there",
        {
            "stat_t": "there",
            "avty_t": "there/s",
            "avty_tpl": "{{ 'online' if value_json.up else 'offline' }}",
        },
    )
    said = [
        ("zigbee2mqtt/Button/action", b"single"),
        ("evil", b"1"),
        ("scale", b'{"raw": 1.25, "ok": true}'),
        ("scale", b'{"raw": 1.25, "ok": false}'),
        ("there/s", b'{"up": true}'),
        ("there", b"yes"),
    ]
    decoded = [book.decode(topic, payload, NOW) for topic, payload in said]
    event, evil, scale, unknown, there, state = book.resolve(decoded, renderer)
    assert event.items == (EventReading("event.0xb1_action", "single", {"source": "button"}),)
    assert evil.items == (
        Rejected("template: limit: more memory than a template may use", "sensor.evil"),
    )
    assert scale.items == (StateReading("sensor.scale", 1250.0, "g"),)
    assert unknown.items == (StateReading("sensor.scale", None, "g"),)
    assert there.items == (AvailabilityReading("sensor.there", True),)
    assert state is decoded[5]
