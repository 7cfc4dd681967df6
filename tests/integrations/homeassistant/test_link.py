"""The connection to Home Assistant: what is chosen comes, and it is kept up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from hub.domain.homeassistant import HomeState, ServiceCall, matches
from hub.ports import DeliveryError
from integrations.homeassistant import link as link_module
from integrations.homeassistant import socket as socket_module
from integrations.homeassistant.link import HomeLink
from tests.support.homesocket import TOKEN, HomeSocket, eventually


class Taken:
    """What the hub was handed, in order."""

    def __init__(self) -> None:
        self.states: list[HomeState] = []
        self.events: list[Any] = []
        self.fails = 0

    async def take(self, batch: Sequence[HomeState]) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("no room")
        self.states += batch

    async def hear(self, event: Any) -> None:
        self.events.append(event)

    def of(self, entity: str) -> list[str | None]:
        return [one.state for one in self.states if one.entity == entity]


@pytest.fixture
async def home() -> AsyncIterator[HomeSocket]:
    async with HomeSocket() as serving:
        yield serving


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(link_module, "LONGEST_PAUSE", 0.2)


@pytest.fixture
async def link(home: HomeSocket, taken: Taken) -> AsyncIterator[HomeLink]:
    made = HomeLink(
        home.url,
        lambda: TOKEN,
        wanted=lambda name: matches(name, ["sensor.*", "event.*"]),
        take=taken.take,
        hear={"pressed": taken.hear},
    )
    yield made
    await made.stop()


async def test_what_is_so_comes_first_and_then_what_changes(
    home: HomeSocket, taken: Taken, link: HomeLink
) -> None:
    await home.set("sensor.milk", "2", unit_of_measurement="L")
    await home.set("light.kitchen", "on")
    link.start()
    await eventually(lambda: taken.of("sensor.milk"))
    first = taken.states[0]
    assert (first.state, first.retained) == ("2", True)
    await home.set("sensor.milk", "1", unit_of_measurement="L")
    await eventually(lambda: taken.of("sensor.milk") == ["2", "1"])
    assert (taken.states[-1].retained, taken.states[-1].attributes) == (
        False,
        {"unit_of_measurement": "L"},
    )
    await home.set("sensor.new", "5")
    await home.remove("sensor.milk")
    await eventually(lambda: taken.of("sensor.milk") == ["2", "1", None])
    assert taken.of("sensor.new") == ["5"]
    assert taken.of("light.kitchen") == []


async def test_areas_and_devices_have_names_and_the_hubs_own_entities_are_left_out(
    home: HomeSocket, taken: Taken, link: HomeLink
) -> None:
    own = {"entity_id": "sensor.suggestions", "platform": "mqtt"}
    home.answers = {
        "config/entity_registry/list": [
            {"entity_id": "sensor.milk", "device_id": "d", "area_id": None},
            {**own, "unique_id": "commonhearth_hub_1_suggestions"},
        ],
        "config/device_registry/list": [{"id": "d", "name": "Fridge", "area_id": "k"}],
        "config/area_registry/list": [{"area_id": "k", "name": "Kitchen"}],
    }
    await home.set("sensor.suggestions", "1")
    await home.set("sensor.milk", "2")
    link.start()
    await eventually(lambda: taken.states)
    assert [(one.entity, one.area, one.device) for one in taken.states] == [
        ("sensor.milk", "Kitchen", "Fridge")
    ]


async def test_it_comes_back_after_home_assistant_did(
    home: HomeSocket, taken: Taken, link: HomeLink
) -> None:
    await home.set("sensor.milk", "2")
    await home.set("sensor.gone", "2")
    link.start()
    await eventually(lambda: link.connected)
    await home.vanish()
    await eventually(lambda: not link.connected)
    with pytest.raises(DeliveryError, match="away") as caught:
        await link.call(ServiceCall("scene.turn_on"))
    assert caught.value.retry
    del home.states["sensor.gone"]
    home.states["sensor.milk"]["s"] = "3"
    await home.begin()
    await eventually(lambda: taken.of("sensor.milk")[-1] == "3")
    assert taken.of("sensor.gone") == ["2", None]


async def test_a_connection_that_says_nothing_is_given_up(
    home: HomeSocket, link: HomeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "PING_SECONDS", 0.05)
    monkeypatch.setattr(socket_module, "ANSWER_SECONDS", 0.2)
    link.start()
    await eventually(lambda: home.asked.count("ping") > 2)
    assert home.signed_in == 1
    home.silent = {"ping"}
    await eventually(lambda: home.signed_in > 1)


async def test_a_refused_token_is_said_so_and_not_tried_again_soon(
    home: HomeSocket, taken: Taken, caplog: pytest.LogCaptureFixture
) -> None:
    link = HomeLink(home.url, lambda: "wrong", wanted=lambda name: True, take=taken.take)
    link.start()
    await eventually(lambda: "homeassistant.token" in caplog.text)
    assert not link.connected
    assert "wrong" not in caplog.text
    await link.stop()


async def test_what_the_hub_could_not_take_is_handed_over_again(
    home: HomeSocket, taken: Taken, link: HomeLink
) -> None:
    taken.fails = 2
    await home.set("sensor.milk", "2")
    link.start()
    await eventually(lambda: taken.of("sensor.milk") == ["2"])


async def test_each_time_something_happens_counts(
    home: HomeSocket, taken: Taken, link: HomeLink
) -> None:
    link.start()
    await eventually(lambda: link.connected)
    for n in range(20):
        await home.set("event.bell", f"2026-11-25T10:00:{n:02}+00:00", event_type="ring")
    await eventually(lambda: len(taken.of("event.bell")) == 20)
    await home.fire("pressed", action="x")
    await eventually(lambda: taken.events)
    assert taken.events[0]["data"] == {"action": "x"}


async def test_many_ask_at_once_and_each_gets_its_own_answer(
    home: HomeSocket, link: HomeLink
) -> None:
    home.respond = lambda call: {"entity": call["target"]["entity_id"][0]}
    link.start()
    await eventually(lambda: link.connected)
    calls = [ServiceCall("todo.get_items", (f"todo.list_{n}",)) for n in range(50)]
    answers = await asyncio.gather(*(link.call(one, answer=True) for one in calls))
    assert [one["entity"] for one in answers] == [f"todo.list_{n}" for n in range(50)]
    home.refused = {"call_service": "service_validation_error"}
    with pytest.raises(DeliveryError, match="not here") as caught:
        await link.call(calls[0])
    assert not caught.value.retry


async def test_without_an_answer_it_is_not_known(
    home: HomeSocket, link: HomeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "ANSWER_SECONDS", 0.2)
    link.start()
    await eventually(lambda: link.connected)
    home.silent = {"call_service"}
    with pytest.raises(DeliveryError) as caught:
        await link.call(ServiceCall("script.turn_on"))
    assert caught.value.unknown


async def test_events_that_may_not_be_heard_are_named_and_the_rest_works(
    home: HomeSocket, taken: Taken, link: HomeLink, caplog: pytest.LogCaptureFixture
) -> None:
    home.refused = {"pressed": "unauthorized"}
    await home.set("sensor.milk", "2")
    link.start()
    await eventually(lambda: taken.of("sensor.milk"))
    assert "administrator" in caplog.text


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {"a": [], "c": 5, "r": "x"},
        {"a": {"sensor.x": None, "sensor.y": {"s": 5}, "sensor.z": {"s": "1", "a": [], "lc": "x"}}},
        {"c": {"sensor.milk": {"+": {"a": 5, "s": None}, "-": {"a": "x"}}, "sensor.none": {}}},
        {"r": [None, {}, "sensor.none"]},
    ],
)
async def test_what_cannot_be_read_is_passed_over(
    home: HomeSocket, taken: Taken, link: HomeLink, event: Any
) -> None:
    await home.set("sensor.milk", "2")
    link.start()
    await eventually(lambda: taken.of("sensor.milk"))
    await home.tell("subscribe_entities", event)
    await home.set("sensor.milk", "1")
    await eventually(lambda: taken.of("sensor.milk")[-1] == "1")
    assert home.signed_in == 1
