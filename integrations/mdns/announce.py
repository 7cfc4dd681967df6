"""Saying in the home's network where the hub is (RFC 6763), in a process that ends with the hub.

What is announced holds nothing of the household unless a setting allows its name.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from pathlib import Path

from hub.domain.values import dataclass

log = logging.getLogger(__name__)
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Service:
    """One service: ``kind`` such as ``_mqtt._tcp``, a name as shown, its port, its TXT keys."""

    kind: str
    name: str
    port: int
    keys: Mapping[str, str] = field(default_factory=dict)


class Announcer:
    """Announces services until it is stopped, or the hub is no more."""

    def __init__(self, services: Sequence[Service], interfaces: Sequence[str] = ()) -> None:
        """``interfaces`` are addresses of this machine to announce on; none: all."""
        self._services = services
        self._interfaces = interfaces
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> bool:
        """Announce; returns once it is said. False where it cannot be: the hub goes on without."""
        self._child = child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "integrations.mdns.announce",
            *self._interfaces,
            cwd=_PROJECT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        said = json.dumps([asdict(one) for one in self._services])
        child.stdin.write(said.encode() + b"\n")
        if (await child.stdout.readline()).strip() == b"announced":
            return True
        log.warning("mdns: the hub cannot be announced in the network; it goes on without")
        return False

    @property
    def pid(self) -> int:
        """Return the process's id; 0 before it runs."""
        return self._child.pid if self._child is not None else 0

    @property
    def alive(self) -> bool:
        """Tell whether its process runs: one that was killed is to be made anew."""
        return self._child is not None and self._child.returncode is None

    async def stop(self) -> None:
        """Take it back; others forget it at once."""
        child = self._child
        if child is None or child.returncode is not None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), 10.0)
        except TimeoutError:
            child.kill()
            await child.wait()


def _announce(services: Sequence[Service], interfaces: Sequence[str]) -> None:
    import socket

    import ifaddr
    from zeroconf import InterfaceChoice, IPVersion, ServiceInfo, Zeroconf

    zone = Zeroconf(
        interfaces=list(interfaces) if interfaces else InterfaceChoice.All,
        ip_version=IPVersion.V4Only,
    )
    all_of_them = [str(ip.ip) for card in ifaddr.get_adapters() for ip in card.ips if ip.is_IPv4]
    own = list(interfaces) or [one for one in all_of_them if not one.startswith("127.")]
    try:
        for one in services:
            kind = f"{one.kind}.local."
            info = ServiceInfo(
                kind,
                f"{one.name}.{kind}",
                port=one.port,
                properties=dict(one.keys),
                addresses=[socket.inet_aton(address) for address in own],
            )
            zone.register_service(info, allow_name_change=True)
        print("announced", flush=True)  # noqa: T201 - read by the hub
        sys.stdin.buffer.read()
    finally:
        zone.unregister_all_services()
        zone.close()


if __name__ == "__main__":
    given = json.loads(sys.stdin.buffer.readline())
    _announce([Service(**one) for one in given], sys.argv[1:])
