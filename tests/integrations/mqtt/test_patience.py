"""The pure parts of the link: waiting, repeating, versions, floods, topics; and its queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.mqtt.flood import MOST_KEYS, FloodGate, device_of
from integrations.mqtt.patience import FIRST_DELAY, LONGEST_DELAY, Backoff, Repeats
from integrations.mqtt.topics import filter_fault, topic_fault
from integrations.mqtt.version import Versions
from integrations.mqtt.waker import Waker


def test_waits_double_up_to_the_longest_and_half_of_each_is_chance() -> None:
    backoff = Backoff()
    waits = [backoff.next() for _ in range(12)]
    for n, wait in enumerate(waits):
        full = min(FIRST_DELAY * 2**n, LONGEST_DELAY)
        assert full / 2 <= wait <= full
    firsts = {Backoff().next() for _ in range(20)}
    assert len(firsts) > 1


def test_only_a_connection_that_lasted_makes_the_wait_short_again() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.next()
    backoff.lasted(1.0)
    assert backoff.next() >= LONGEST_DELAY / 2
    assert backoff.short_lives == 1
    backoff.lasted(60.0)
    assert backoff.next() <= FIRST_DELAY
    assert backoff.short_lives == 0


def test_the_same_trouble_is_said_at_growing_intervals() -> None:
    repeats = Repeats()
    said = [now for now in range(0, 20_000, 10) if repeats.worth_saying("no broker", now)]
    assert said[:4] == [0, 60, 300, 1260]
    assert said[-1] - said[-2] <= 3600
    assert repeats.worth_saying("something else", 20_001)
    repeats.settled()
    assert repeats.worth_saying("something else", 20_002)


def test_versions() -> None:
    unknown = Versions("5")
    tried = []
    for _ in range(6):
        tried.append(unknown.next())
        unknown.hung_up()
    assert tried == ["5", "5", "3.1.1", "3.1.1", "5", "5"]

    known = Versions("5")
    known.accepted("5")
    for _ in range(6):
        assert known.next() == "5"
        known.hung_up()
    assert known.refused_five()
    assert not known.refused_five()
    assert known.next() == "3.1.1"
    assert Versions("3.1.1").next() == "3.1.1"


@given(st.lists(st.floats(0, 5), max_size=200), st.floats(0.1, 50), st.floats(0.1, 20))
def test_a_flood_gate_never_passes_more_than_the_rate_and_one_burst(
    pauses: list[float], rate: float, over: float
) -> None:
    gate = FloodGate(rate, over)
    now = passed = 0.0
    for pause in pauses:
        now += pause
        passed += gate.allow("device", now)
    assert passed <= max(1.0, rate * over) + rate * now + 1e-6


def test_a_flood_gate_tells_devices_apart_and_remembers_a_bounded_number() -> None:
    gate = FloodGate(1, 2)
    assert [gate.allow("wild", 0) for _ in range(4)] == [True, True, False, False]
    assert (gate.just_closed("wild"), gate.just_closed("wild")) == (True, False)
    assert gate.allow("calm", 0)
    assert not gate.just_closed("calm")
    assert gate.allow("wild", 1)
    assert [gate.allow("wild", 10), gate.allow("wild", 10), gate.allow("wild", 10)] == [
        True,
        True,
        False,
    ]
    assert gate.just_closed("wild")
    for n in range(MOST_KEYS + 10):
        gate.allow(f"device {n}", 20)
    assert len(gate._buckets) == MOST_KEYS
    for rate, over in ((0, 1), (1, 0), (-1, 1)):
        with pytest.raises(ValueError, match="above 0"):
            FloodGate(rate, over)


def test_what_stands_for_the_device_in_a_topic() -> None:
    assert device_of("commonhearth/v1/fridge/stock/milk") == "commonhearth/v1/fridge"
    assert device_of("zigbee2mqtt/door") == "zigbee2mqtt/door"


@pytest.mark.parametrize("good", ["a", "a/b", "/", "+", "#", "+/a/#", "a/+/b", "$share/x/a", "ä"])
def test_good_filters(good: str) -> None:
    assert filter_fault(good) is None


@pytest.mark.parametrize(
    "bad", ["", "a#", "#/a", "a/#/b", "a+", "+a/b", "a\0b", "\udc80", "ä" * 40_000]
)
def test_bad_filters(bad: str) -> None:
    assert filter_fault(bad)
    assert topic_fault(bad)


def test_a_waker_can_be_woken_before_during_and_after() -> None:
    waker = Waker()
    waker.arm()
    waker.wake()
    waker.sleep(60)
    waker.wake()
    waker.sleep(0)
    waker.close()
    waker.close()
    waker.arm()
    waker.wake()
