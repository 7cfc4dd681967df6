"""Whatever devices send: one readable rejection, bounded memory, and everybody else goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish

STOCK = "commonhearth/v1/{}/stock"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "'
    + b"lol" * 100
    + b'"><!ENTITY b "'
    + b"&a;" * 100
    + b'"><!ENTITY c "'
    + b"&b;" * 100
    + b'"><!ENTITY d "'
    + b"&c;" * 100
    + b'">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
    + b"<identifier>&d;</identifier></alert>"
)


@dataclass(frozen=True, slots=True)
class Bad:
    """A message, and what its rejection has to say."""

    name: str
    payload: bytes
    said: str
    topic: str = STOCK


BAD = [
    Bad("broken-json", b'{"item": "milk", "quan', "expected JSON"),
    Bad("empty", b"", "expected JSON"),
    Bad("wrong-type", b'{"item": "milk", "quantity": "a lot"}', "expected a number, got 'a lot'"),
    Bad("a-list", b'{"item": "milk", "quantity": [1]}', "expected a number, got a list"),
    Bad("not-an-object", b'"milk"', "expected an object"),
    Bad("nan", b'{"item": "milk", "quantity": NaN}', "expected JSON"),
    Bad("infinity", b'{"item": "milk", "quantity": 1e999}', "expected"),
    Bad("negative", b'{"item": "milk", "quantity": -1}', "expected a number from 0"),
    Bad("huge-number", b'{"item": "milk", "quantity": 1' + b"0" * 5000 + b"}", "expected"),
    Bad("deep", b"[" * 100_000, "expected"),
    Bad("deep-object", b'{"item":' * 20_000 + b"1" + b"}" * 20_000, "expected"),
    Bad("bad-utf8", b'{"item": "m\xff\xfelk", "quantity": 1}', "expected JSON in UTF-8"),
    Bad("surrogate", rb'{"item": "\ud800", "quantity": 1}', "expected"),
    Bad(
        "naive-time",
        b'{"item": "milk", "quantity": 1, "time": "2026-11-24T12:00:00"}',
        "zone",
    ),
    Bad("no-time", b'{"item": "milk", "quantity": 1, "time": "yesterday"}', "expected"),
    Bad("unknown-field", b'{"item": "milk", "quantity": 1, "qty": 2}', "expected no field but"),
    Bad("unknown-unit", b'{"item": "milk", "quantity": 1, "unit": "kg of"}', "kg of"),
    Bad("unknown-item", b'{"item": "caviar", "quantity": 1}', "caviar"),
    Bad("10-megabytes", b'{"item": "' + b"x" * 10_000_000 + b'"}', "expected at most 262144 bytes"),
    Bad("xml-bomb", BOMB, "", "notices/{}"),
    Bad("xml-half", b"<alert><identifier>", "", "notices/{}"),
    Bad("xml-other", b"<html><body/></html>", "", "notices/{}"),
    Bad("no-config", b"{", "", "homeassistant/sensor/{}/config"),
    Bad("config-list", b"[]", "", "homeassistant/sensor/{}/config"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_one_readable_rejection_and_the_next_message_goes_through(
    home: HubProcess, broker: Mosquitto, bad: Bad
) -> None:
    topic = bad.topic.format(bad.name)
    before = home.memory_mib()
    publish(broker, topic, bad.payload)
    parked = home.wait_parked(topic)
    reason = parked["reason"]
    assert bad.said in f"{reason} {parked['where']}"
    assert 10 <= len(reason) <= 400
    assert reason.isprintable(), "one line"
    assert "Traceback" not in reason
    assert parked["count"] == 1
    assert len(parked["payload"]) <= 1100
    well_behaved(home, broker)
    assert home.memory_mib() - before < 40


TEMPLATES = {
    "looping": "{% for i in range(10**9) %}{% for j in range(10**9) %}{% endfor %}{% endfor %}1",
    "hungry": "{{ 'x' * 10**9 }}",
    "powers": "{{ 10 ** 10 ** 9 }}",
    "escaping": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "broken": "{{ value_json.",
    "failing": "{{ value_json.a / 0 }}",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_attacks_costs_only_its_own_message(
    home: HubProcess, broker: Mosquitto, name: str
) -> None:
    config = {
        "name": name,
        "unique_id": name,
        "state_topic": f"attack/{name}",
        "value_template": TEMPLATES[name],
    }
    before = home.memory_mib()
    publish(broker, f"homeassistant/sensor/{name}/config", json.dumps(config), retain=True)
    # A template that cannot be compiled is told with the announcement, others when they are used.
    topics = (f"attack/{name}", f"homeassistant/sensor/{name}/config")
    until(
        lambda: heard(home, name) or told(home, topics),
        lambda: f"{name}: {home.get('/parked')}",
    )
    publish(broker, f"attack/{name}", b'{"a": 1}')
    until(lambda: told(home, topics), lambda: f"{name}: {home.get('/parked')}")
    (parked,) = told(home, topics)
    assert parked["reason"].isprintable()
    assert 5 <= len(parked["reason"]) <= 400
    well_behaved(home, broker)
    assert home.memory_mib() - before < 40


def test_a_flood_is_cut_and_told_once_and_the_others_go_on(
    home: HubProcess, broker: Mosquitto
) -> None:
    topic = "commonhearth/v1/flooding/state"
    before = home.health()["messages_total"]
    publish(broker, topic, *(b'{"n": %d}' % n for n in range(3000)), qos=0)
    publish(broker, topic, b'{"n": -1}')
    parked = home.wait_parked(topic)
    assert "sends more than 50 messages/s (mqtt.flood_rate)" in parked["reason"]
    assert parked["count"] == 1
    well_behaved(home, broker)
    assert home.health()["messages_total"] - before < 2000


def test_nothing_of_all_that_is_in_the_log_as_a_fault(home: HubProcess) -> None:
    assert home.health()["ok"]
    assert home.health()["faults_total"] == 0
    assert "Traceback" not in home.log.read_text()


_counted = iter(range(1, 1000))


def well_behaved(home: HubProcess, broker: Mosquitto) -> None:
    quantity = next(_counted) / 8
    body = json.dumps({"item": "milk", "quantity": quantity, "unit": "l"})
    publish(broker, "commonhearth/v1/well-behaved/stock", body)
    home.wait_level("milk", quantity)


def heard(home: HubProcess, name: str) -> bool:
    return any(one["name"].endswith(name) for one in home.get("/entities"))


def told(home: HubProcess, topics: tuple[str, ...]) -> list[dict[str, object]]:
    return [one for one in home.get("/parked?limit=200") if one["topic"] in topics]
