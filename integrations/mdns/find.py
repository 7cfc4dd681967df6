"""Brokers that announce themselves as ``_mqtt._tcp``: asked for once, when somebody wants to know.

It happens in a process of its own that ends: zeroconf would otherwise stay in the hub's memory.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.domain.values import dataclass

SECONDS = 2.0
PATIENCE = 20.0
MOST = 20
_PROJECT = Path(__file__).resolve().parents[2]
_SERVICES = {"_mqtt._tcp.local.": "mqtt", "_secure-mqtt._tcp.local.": "mqtts"}


@dataclass(frozen=True, slots=True)
class Found:
    """A broker as it announces itself."""

    name: str
    url: str


async def find(interfaces: Sequence[str] = ()) -> list[Found]:
    """Return what answers within two seconds, at most twenty; nothing where there is no network.

    ``interfaces`` are addresses of this machine to ask on; none: all.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "integrations.mdns.find",
        *interfaces,
        cwd=_PROJECT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await asyncio.wait_for(child.communicate(), PATIENCE)
        return [Found(str(name), str(url)) for name, url in json.loads(out or b"[]")]
    except (TimeoutError, ValueError):
        return []
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _ask(interfaces: Sequence[str]) -> list[tuple[str, str]]:
    import time

    from zeroconf import InterfaceChoice, IPVersion, ServiceBrowser, ServiceListener, Zeroconf

    class Heard(ServiceListener):
        names: set[tuple[str, str]]

        def __init__(self) -> None:
            self.names = set()

        def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
            if len(self.names) < MOST:
                self.names.add((type_, name))

        def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
            self.add_service(zc, type_, name)

        def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
            self.names.discard((type_, name))

    zone = Zeroconf(
        interfaces=list(interfaces) if interfaces else InterfaceChoice.All,
        ip_version=IPVersion.V4Only,
    )
    heard = Heard()
    try:
        ServiceBrowser(zone, list(_SERVICES), heard)
        time.sleep(SECONDS)
        found = []
        for type_, name in sorted(heard.names):
            info = zone.get_service_info(type_, name, timeout=1000)
            addresses = info.parsed_addresses(IPVersion.V4Only) if info else []
            if info is not None and addresses and info.port:
                shown = name.removesuffix(f".{type_}")[:80]
                found.append((shown, f"{_SERVICES[type_]}://{addresses[0]}:{info.port}"))
        return found
    finally:
        zone.close()


if __name__ == "__main__":
    try:
        print(json.dumps(_ask(sys.argv[1:])))  # noqa: T201 - read by the process that asked
    except OSError:
        print("[]")  # noqa: T201
