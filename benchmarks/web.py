"""The pages of a household with a year behind it: time, size, and what open pages cost."""

from __future__ import annotations

import gzip
import http.client
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.harness import Bench, BenchError, Hub, cpu_seconds, memory_mib, wait_until
from benchmarks.household import start_hub
from benchmarks.results import Result
from benchmarks.year import DEVICES, ITEMS, announce_devices, live_a_year

_PAGES = (
    *("/", "/day", "/pantry", "/orders", "/activities", "/devices", "/ledger", "/rules"),
    *("/privacy", "/settings", "/you"),
)
_STREAMS = 100
_LINKED = re.compile(r'(?:href|src)="(/(?:static/|manifest)[^"]+)"')


class Browser:
    """One kept connection of somebody who is signed in."""

    def __init__(self, port: int, secret: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {
            "Cookie": f"commonhearth={secret}",
            "Accept": "text/html",
            "Accept-Encoding": "gzip",
        }

    def get(self, path: str) -> tuple[float, int, str]:
        """Return the milliseconds to the last byte, the bytes transferred, and the text."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        body = response.read()
        took = (time.perf_counter() - began) * 1e3
        if response.status != 200:
            raise BenchError(f"{path} answered {response.status}")
        head = sum(len(name) + len(value) + 4 for name, value in response.getheaders())
        packed = response.getheader("Content-Encoding") == "gzip"
        text = (gzip.decompress(body) if packed else body).decode("utf-8", "replace")
        return took, head + len(body), text


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Measure each page, the first visit as a whole, and 100 pages that wait for news."""
    turns, seconds = (15, 10.0) if quick else (60, 30.0)
    items = [f"item-{number}" for number in range(ITEMS)]
    secret = live_a_year(bench.folder / "web-data", "me", items)
    announce_devices(bench)
    hub = start_hub(bench, "web", items=items)
    browser = Browser(hub.port, secret)
    wait_until(lambda: _devices_known(browser), "the devices to be known", 30, every=0.2)

    first = _first_visit(browser)
    for path in _PAGES:
        browser.get(path)
        used = cpu_seconds(hub.pid)
        times, sizes = zip(*(browser.get(path)[:2] for _ in range(turns)), strict=True)
        cpu = (cpu_seconds(hub.pid) - used) / turns * 1e3
        yield Result(
            f"page {path}",
            median(times),
            " ms",
            f"{cpu:.0f} ms of CPU, {sizes[0] / 1024:.0f} KiB",
            target=30,
        )
    yield Result("first page with all it loads", first / 1000, " kB", "as transferred", target=100)
    yield from _open_pages(bench, hub, secret, seconds)
    hub.stop()


def _devices_known(browser: Browser) -> bool:
    return browser.get("/devices")[2].count("sensor.sensor_") >= DEVICES


def _first_visit(browser: Browser) -> int:
    _, size, text = browser.get("/")
    return size + sum(browser.get(path)[1] for path in sorted(set(_LINKED.findall(text))))


def _open_pages(bench: Bench, hub: Hub, secret: str, seconds: float) -> Iterator[Result]:
    time.sleep(2)
    used = cpu_seconds(hub.pid)
    time.sleep(seconds)
    alone = (cpu_seconds(hub.pid) - used) / seconds * 100
    before = memory_mib(hub.pid)
    with ExitStack() as stack:
        for _ in range(_STREAMS):
            page = stack.enter_context(socket.create_connection(("127.0.0.1", hub.port), 10))
            page.sendall(
                f"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Cookie: commonhearth={secret}\r\n\r\n".encode()
            )
            if b" 200 " not in page.recv(4096).split(b"\r\n")[0]:
                raise BenchError(f"a page of {_STREAMS} found no room for its live updates")
        time.sleep(2)
        used = cpu_seconds(hub.pid)
        time.sleep(seconds)
        share = (cpu_seconds(hub.pid) - used) / seconds * 100
        memory = memory_mib(hub.pid) - before
    yield Result(f"{_STREAMS} open pages, memory", memory, " MiB", "more than without", target=10)
    yield Result(
        f"{_STREAMS} open pages, CPU",
        share - alone,
        " %",
        f"of a core, {share:.1f} % with and {alone:.1f} % without them, over {seconds:g} s",
        target=2,
    )
