"""A burst of messages that each notify, beside the control in the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.harness import Bench, BenchError, Hub, memory_mib, stop
from benchmarks.household import (
    EVENT_TOPIC,
    PHONE,
    STOCK_TOPIC,
    notify_below_par,
    notify_on_event,
    pressed,
    start_hub,
    stock,
)
from benchmarks.results import Result

# The faster peer, Node-RED, with 1,000 flows on one topic of which one matches (design, section 6).
_PEER_SAME_SUBJECT = 43.0
_RULES = 1000
_ITEM_COUNT = 500  # as many as one native device may have
_WARM_UP = 200
_PATIENCE = 120.0


_ITEMS = [f"item-{number}" for number in range(_ITEM_COUNT)]


def _low(number: int) -> str:
    """Return a level below par, another one each time that an item has its turn."""
    return stock(_ITEMS[number % len(_ITEMS)], 0.4 - number // len(_ITEMS) / 1000)


def _burst(
    bench: Bench,
    topic: str,
    name: str,
    numbers: range,
    payload: Callable[[int], str] = pressed,
) -> float:
    """Publish one message for each number; return the notifications per second."""
    before = bench.came(name)
    began = bench.publish(topic, map(payload, numbers))
    came = bench.settled(name, before + len(numbers)) - before
    if came == 0:
        raise BenchError(f"no notification came from {name}")
    return came / (bench.times(name)[-1] - began) * 1e9


def _bursts(
    bench: Bench, topic: str, count: int, turns: int, payload: Callable[[int], str]
) -> list[float]:
    return [
        _burst(bench, topic, PHONE, range(t * count, (t + 1) * count), payload)
        for t in range(turns)
    ]


def _memory(hub: Hub) -> tuple[float, float]:
    return memory_mib(hub.pid), memory_mib(hub.pid, "VmHWM")


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Measure rate, memory and loss; then with rules on other subjects, and on the same one."""
    count, turns = (1_000, 3) if quick else (5_000, 5)
    control = bench.subscriber("control", "bench/burst", bench.phone, bench.folder / "burst.db")
    hub = start_hub(bench, "burst", items=_ITEMS, rules=[notify_below_par("any")])
    _burst(bench, "bench/burst", "control", range(-_WARM_UP, 0))
    _burst(bench, STOCK_TOPIC, PHONE, range(-_WARM_UP, 0), _low)
    at_first, _ = _memory(hub)
    control_rates, hub_rates = [], []
    for turn in range(turns):
        numbers = range(turn * count, (turn + 1) * count)
        control_rates.append(_burst(bench, "bench/burst", "control", numbers))
        hub_rates.append(_burst(bench, STOCK_TOPIC, PHONE, numbers, _low))
    at_last, highest = _memory(hub)
    wanted = _WARM_UP + turns * count
    came, distinct = bench.came(PHONE), bench.distinct(PHONE)
    hub.stop()
    stop(control)
    hub_rate, control_rate = median(hub_rates), median(control_rates)
    yield Result(
        "burst, notifications / control",
        hub_rate / control_rate,
        "",
        f"hub {hub_rate:,.0f}/s, control {control_rate:,.0f}/s",
        target=0.75,
        at_least=True,
    )
    yield Result(
        "burst, lost or doubled",
        wanted - distinct + came - distinct,
        "",
        f"{wanted - distinct} lost, {came - distinct} doubled of {wanted:,}",
        target=0,
    )
    yield Result(
        "burst, memory at its highest / before",
        highest / at_first,
        "",
        f"{at_first:.0f} MiB before, {highest:.0f} at most, {at_last:.0f} after",
        target=1.25,
    )

    others = [f"other-{number}" for number in range(_RULES)]
    hub = start_hub(
        bench,
        "burst-others",
        items=(*_ITEMS, *others),
        rules=[*(notify_below_par(one) for one in (*_ITEMS, *others))],
        patience=_PATIENCE,
    )
    _burst(bench, STOCK_TOPIC, PHONE, range(-_WARM_UP, 0), _low)
    rate = median(_bursts(bench, STOCK_TOPIC, count, turns, _low))
    hub.stop()
    yield Result(
        f"burst with {_RULES:,} rules on other subjects / without",
        rate / hub_rate,
        "",
        f"hub {rate:,.0f}/s",
        target=0.9,
        at_least=True,
    )

    # One question with a thousand answers, and a thousand questions of their own.
    for forms, condition in (
        ("alike", "int(event.data.n) % {} == {}"),
        ("each of its own form", "int(event.data.n) % {} - {} == 0"),
    ):
        same = [notify_on_event(f"press_{n}", condition.format(_RULES, n)) for n in range(_RULES)]
        hub = start_hub(bench, f"burst-{forms[:4]}", rules=same, patience=_PATIENCE)
        rate = median(_bursts(bench, EVENT_TOPIC, count, turns, pressed))
        hub.stop()
        yield Result(
            f"{_RULES:,} rules on the same subject, {forms} / Node-RED's recorded"
            f" {_PEER_SAME_SUBJECT:g}/s",
            rate / _PEER_SAME_SUBJECT,
            "",
            f"hub {rate:,.0f}/s",
            target=10,
            at_least=True,
        )
