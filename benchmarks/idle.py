"""The hub with nothing to do: how soon it is ready, what it holds, what it uses."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from statistics import median

from benchmarks.harness import Bench, children, cpu_seconds, memory_mib
from benchmarks.household import notify_below_par, start_hub
from benchmarks.results import Result


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Measure with the web page loaded once and ten rules."""
    starts, seconds = (3, 5.0) if quick else (3, 20.0)
    items = [f"item-{number}" for number in range(10)]
    ready = []
    for turn in range(starts):
        hub = start_hub(
            bench, f"idle-{turn}", items=items, rules=(notify_below_par(item) for item in items)
        )
        ready.append(hub.ready_seconds)
        if turn < starts - 1:
            hub.stop()
    with (
        suppress(urllib.error.HTTPError),  # it may want a sign-in; a page it is
        urllib.request.urlopen(f"http://127.0.0.1:{hub.port}/", timeout=10) as page,
    ):
        page.read()
    time.sleep(2)
    used = cpu_seconds(hub.pid)
    time.sleep(seconds)
    share = (cpu_seconds(hub.pid) - used) / seconds * 100
    memory = memory_mib(hub.pid)
    helpers = sum(memory_mib(child) for child in children(hub.pid))
    hub.stop()
    yield Result("ready", median(ready), " s", "from exec to /healthz", target=2)
    yield Result(
        "idle memory", memory, " MiB", f"its helper processes {helpers:.0f} MiB more", target=95
    )
    yield Result("idle CPU", share, " %", f"of a core, over {seconds:g} s", target=1)
