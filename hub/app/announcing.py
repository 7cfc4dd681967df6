"""What the hub says of itself in the home's network, as ``mdns`` in hub.yaml allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.settings import Settings
from integrations.broker.address import is_loopback

if TYPE_CHECKING:
    from integrations.mdns.announce import Announcer, Service


_LONGEST_PAUSE = 255
"""Looks after which it is tried again where it could not be announced."""


class Announcing:
    """Keeps what is announced as the settings and the running parts are."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        http: Callable[[], int],
        broker: Callable[[], tuple[int, int]],
    ) -> None:
        """``http`` and ``broker`` (plain, encrypted) return the ports listened on; 0: none."""
        self._settings = settings
        self._http = http
        self._broker = broker
        self._said: list[Service] = []
        self._announcer: Announcer | None = None
        self._pause = self._looks = 0

    async def look(self) -> None:
        """Announce what is to be announced now, and take back what is not."""
        settings = self._settings()
        if not settings.mdns.announce and self._announcer is None:
            return
        wanted = services(settings, self._http(), *self._broker())
        if wanted != self._said:
            self._pause = self._looks = 0
        elif self._announcer is None or self._announcer.alive:
            return
        elif self._looks < self._pause:
            self._looks += 1
            return
        await self.close()
        self._said = wanted
        if wanted:
            from integrations.mdns.announce import Announcer

            self._announcer = Announcer(wanted)
            said = await self._announcer.start()
            # Where it cannot be, nor soon: a network without multicast is not to cost anything.
            self._pause, self._looks = 0 if said else min(2 * self._pause + 1, _LONGEST_PAUSE), 0

    async def close(self) -> None:
        """Take it all back."""
        announcer, self._announcer, self._said = self._announcer, None, []
        if announcer is not None:
            await announcer.stop()


def services(settings: Settings, http: int, broker: int, tls_port: int = 0) -> list[Service]:
    """Return what may be announced: only what others in the network can reach.

    TXT keys by RFC 6763, section 6: ``path`` of the pages, ``tls`` 1 where they are encrypted.
    """
    from integrations.mdns.announce import Service

    if not settings.mdns.announce:
        return []
    name = settings.home.name[:60] if settings.mdns.name else "Commonhearth"
    name = name.encode()[:60].decode(errors="ignore") or "Commonhearth"
    found = []
    if http and not is_loopback(settings.http.host):
        tls = settings.http.tls != "off"
        keys = {"txtvers": "1", "path": "/", "tls": "1" if tls else "0"}
        found.append(Service("_commonhearth._tcp", name, http, keys))
        found.append(Service("_https._tcp" if tls else "_http._tcp", name, http, {"path": "/"}))
    if broker and settings.mqtt.url == "managed" and not is_loopback(settings.mqtt.plain_bind):
        found.append(Service("_mqtt._tcp", name, broker))
    if tls_port and not is_loopback(settings.mqtt.bind):
        found.append(Service("_secure-mqtt._tcp", name, tls_port))
    return found
