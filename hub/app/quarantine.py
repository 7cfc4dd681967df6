"""Devices that wait, for pages and the command line (``hub.web.quarantine``)."""

from __future__ import annotations

from collections.abc import Sequence

from hub.app.logins import HubLogins
from hub.domain.decisions import DecisionResult
from hub.domain.logins import speaker
from hub.domain.quarantine import KnownDevice
from hub.flow import admitting
from hub.flow.home import Home
from hub.store.house import House
from hub.worker.writer import Writer


class HubQuarantine:
    """Reads from memory; changes go through the writer thread."""

    def __init__(self, home: Home, house: House, writer: Writer, logins: HubLogins) -> None:
        self._home = home
        self._house = house
        self._writer = writer
        self._logins = logins

    def devices(self) -> Sequence[KnownDevice]:
        """Return those that wait and those that were refused, the newest first."""
        found = [one for one in list(self._house.devices.values()) if one.state != "accepted"]
        return sorted(found, key=lambda one: (one.state != "waiting", -one.at.timestamp()))

    async def answer(self, owner: str, member: str, *, accept: bool) -> DecisionResult:
        """Accept a device or refuse it, and take the login back of one that is refused."""
        if accept:
            return await self._writer.run(
                lambda tx: admitting.accept(tx, self._home, owner, member)
            )
        login = self._login(owner)
        result = await self._writer.run(lambda tx: admitting.refuse(tx, self._home, owner, member))
        if result.result == "done" and login:
            await self._logins.revoke(login)
        return result

    def _login(self, owner: str) -> str:
        prefix = self._home.settings.mqtt.discovery_prefix
        topics = [
            topic
            for entity in list(self._home.book.entities())
            if entity.owner == owner
            for topic in entity.topics
        ]
        devices = (login for login in self._logins.known() if login.kind == "device")
        return speaker(devices, topics, prefix)
