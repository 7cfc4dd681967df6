"""From publishing to the notification at ten messages a second.

Echo, control and hub run at once on topics of their own and take turns, a third of the period
apart: they see the same machine at the same time, and never work at the same moment.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.harness import Bench, percentile, wait_until
from benchmarks.household import EVENT_TOPIC, PHONE, notify_on_event, pressed, start_hub
from benchmarks.results import Result

_PERIOD = 0.1  # seconds: 10 messages/s each
_WARM_UP = 20


def _all_came(bench: Bench, name: str, count: int) -> bool:
    return bench.came(name) >= count


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Measure p50 and p99 of the three, side by side."""
    count = 100 if quick else 600
    topics = {"echo": "bench/echo", "control": "bench/control", PHONE: EVENT_TOPIC}
    bench.subscriber("echo", topics["echo"], bench.phone)
    bench.subscriber("control", topics["control"], bench.phone, bench.folder / "latency.db")
    hub = start_hub(bench, "latency", rules=[notify_on_event("every_press")])

    publisher = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    publisher.connect("127.0.0.1", bench.broker)
    publisher.loop_start()
    sent: dict[str, list[int]] = {name: [] for name in topics}
    due = time.monotonic()
    for number in range(_WARM_UP + count):
        for name, topic in topics.items():
            time.sleep(max(0.0, due - time.monotonic()))
            payload = pressed(number)
            sent[name].append(time.monotonic_ns())
            publisher.publish(topic, payload, qos=1)
            due += _PERIOD / len(topics)
    for name in topics:
        wait_until(partial(_all_came, bench, name, len(sent[name])), f"{name}'s last", 20)
    publisher.disconnect()
    publisher.loop_stop()
    hub.stop()

    p50, p99 = {}, {}
    for name, began in sent.items():
        pairs = list(zip(began, bench.times(name), strict=True))[_WARM_UP:]
        milliseconds = [(came - left) / 1e6 for left, came in pairs]
        p50[name], p99[name] = percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)

    def figures(of: dict[str, float]) -> str:
        return f"hub {of[PHONE]:.2f} ms, control {of['control']:.2f} ms, echo {of['echo']:.2f} ms"

    yield Result(
        "publish to notification, p50 / control", p50[PHONE] / p50["control"], "", figures(p50)
    )
    yield Result(
        "publish to notification, p99 / control",
        p99[PHONE] / p99["control"],
        "",
        figures(p99),
        target=2,
    )
