"""Durable QoS 1 ingest from Mosquitto, each message changing a stock level.

The end of a run is seen from outside: its last message brings an item below par, for which a rule
notifies. MQTT keeps the order, so by then every message before it is committed. The bare callback
is held to the same clock: from the publisher's start to its last message.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks.harness import Bench, Hub, said, wait_until
from benchmarks.household import (
    PHONE,
    STOCK_TOPIC,
    notify_below_par,
    notify_on_other,
    start_hub,
    stock,
)
from benchmarks.results import Result

_TURN = 100  # items that take turns
_PATIENCE = 180.0


def _levels(count: int) -> Iterator[str]:
    """Yield messages that change an item's level each time, and never bring it below par."""
    for number in range(count):
        yield stock(f"item-{number % _TURN}", 1 + number // _TURN % 997 / 1000)


def _bare(bench: Bench, count: int) -> float:
    """Return the messages per second of the bare callback."""
    bare = bench.subscriber("bare_paho", "bench/bare", count)
    began = bench.publish("bench/bare", _levels(count))
    ended = int(said(bare))
    bare.wait()
    return count / (ended - began) * 1e9


def _hub(bench: Bench, count: int, turn: int) -> float:
    """Return the messages per second of the hub that runs; ``turn`` counts the runs on it."""
    before = bench.came(PHONE)
    last = stock(f"last-{turn}", 0.1)
    began = bench.publish(STOCK_TOPIC, (*_levels(count - 1), last))
    wait_until(lambda: bench.came(PHONE) > before, "the last message's notification", _PATIENCE)
    return count / (bench.times(PHONE)[before] - began) * 1e9


def _start(bench: Bench, name: str, rules: int, turns: int) -> Hub:
    """Start a hub with ``rules`` rules, each on something of its own, and one for each run's end.

    As many as there are items are on the items that take turns, the rest on other things.
    """
    lasts = [f"last-{turn}" for turn in range(turns)]
    names = [f"item-{number}" for number in range(_TURN)]
    others = (notify_on_other(number) for number in range(rules - _TURN))
    return start_hub(
        bench,
        name,
        items=(*names, *lasts),
        rules=(*(notify_below_par(item) for item in (*names[:rules], *lasts)), *others),
        patience=_PATIENCE,
    )


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Measure the hub with 100 rules beside the bare callback, then 10 and 10,000 rules."""
    count, turns = (10_000, 3) if quick else (20_000, 5)
    hub = _start(bench, "ingest-100", 100, turns + 1)
    _hub(bench, count // 4, turns)
    bare_rates, hub_rates = [], []
    for turn in range(turns):
        bare_rates.append(_bare(bench, count))
        hub_rates.append(_hub(bench, count, turn))
    hub.stop()
    bare_rate, hub_rate = median(bare_rates), median(hub_rates)
    yield Result(
        "durable ingest, 100 rules / bare paho",
        hub_rate / bare_rate,
        "",
        f"hub {hub_rate:,.0f}/s, bare {bare_rate:,.0f}/s",
        target=0.5,
        at_least=True,
    )

    # Both keep the same items, so that only the rules differ. They never run at once.
    most = 10_000
    rates: dict[int, list[float]] = {10: [], most: []}
    for rules, taken in rates.items():
        hub = _start(bench, f"ingest-of-{rules}", rules, turns + 1)
        _hub(bench, count // 4, turns)
        taken += [_hub(bench, count, turn) for turn in range(turns)]
        hub.stop()
    few, many = median(rates[10]), median(rates[most])
    yield Result(
        "cost of a message, 10,000 rules / 10 rules",
        few / many,
        "",
        f"{few:,.0f}/s with 10, {many:,.0f}/s with 10,000",
        target=1.2,
    )
