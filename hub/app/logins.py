"""Devices' logins for pages and devices (``hub.web.logins``): the database first, then the broker.

The command line makes logins in the database alone; ``look`` has the broker know them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from hub.domain.logins import Kind, Login
from hub.keyfiles.files import write
from hub.ports import Clock
from hub.settings import MqttSettings, Settings
from hub.store.logins import Logins, Paired
from hub.web.logins import MadeLogin
from integrations.broker import Broker, BrokerError
from integrations.broker.acl import access_list, password_file, password_hash

log = logging.getLogger(__name__)


def store_of(engine: Engine, settings: Settings) -> Logins:
    """Return the household's logins, that may not be called as its own users are."""
    mqtt = settings.mqtt
    return Logins(
        engine, prefix=mqtt.discovery_prefix, taken=(mqtt.username,) if mqtt.username else ()
    )


def new_login(
    name: str, kind: Kind, write: Sequence[str] = (), read: Sequence[str] = ()
) -> tuple[Login, str]:
    """Make a login and its password, which is known here and nowhere else."""
    password = secrets.token_urlsafe(18)
    return Login(name, kind, password_hash(password), tuple(write), tuple(read)), password


class HubLogins:
    """Makes and takes back devices' logins while the hub runs."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        clock: Clock,
        broker: Callable[[], Broker | None],
        secrets_dir: Path,
    ) -> None:
        """``broker`` returns the running one, None before it runs."""
        self._secrets_dir = secrets_dir
        self._store = store_of(engine, settings)
        self._clock = clock
        self._broker = broker
        self.heard: Callable[[tuple[Login, ...]], Awaitable[None]] | None = None
        """Told of the logins before the broker lets them in: a device speaks at once."""

    def known(self) -> tuple[Login, ...]:
        """Return every login, by name."""
        return self._store.all()

    @property
    def managed(self) -> bool:
        """Tell whether the broker is the hub's own and holds devices to their topics."""
        broker = self._broker()
        return broker is not None and broker.limits

    @property
    def port(self) -> int:
        """Return the broker's port."""
        broker = self._broker()
        return broker.port if broker is not None else 1883

    @property
    def tls_port(self) -> int | None:
        """Return the broker's port for encrypted connections, None without one."""
        broker = self._broker()
        return broker.tls_port if broker is not None else None

    @property
    def authority(self) -> str:
        """Return the certificate (PEM) of the authority that vouches for it, "" without one."""
        from hub.app.tls import authority_text

        return authority_text(self._secrets_dir)

    async def look(self) -> None:
        """Have the broker know what the database says."""
        known = await asyncio.to_thread(self.known)
        if self.heard is not None:
            await self.heard(known)
        broker = self._broker()
        if broker is None or not broker.limits:
            return
        try:
            await asyncio.to_thread(broker.use, known)
        except BrokerError as error:
            log.error("%s", error)

    async def add(
        self, name: str, kind: Kind, write: Sequence[str], read: Sequence[str]
    ) -> MadeLogin:
        """Make a login; return it with its password, this once. Raises LoginError."""
        login, password = new_login(name, kind, write, read)
        made = await asyncio.to_thread(self._store.add, login, self._clock.now())
        await self.look()
        return MadeLogin(made, password)

    async def revoke(self, name: str) -> bool:
        """Take a login back and end its connections; False when there is none of that name."""
        done = await asyncio.to_thread(self._store.revoke, name)
        await self.look()
        return done

    async def open_pairing(self) -> tuple[str, datetime]:
        """Let one device in by a code for some minutes; return it, and until when."""
        return await asyncio.to_thread(self._store.open_pairing, self._clock.now())

    async def close_pairing(self) -> None:
        """Let no device in any more."""
        await asyncio.to_thread(self._store.close_pairing)

    def pairing(self) -> datetime | None:
        """Return until when a device may pair, None when none may."""
        return self._store.pairing(self._clock.now())

    async def pair(self, code: str, name: str) -> MadeLogin | Paired:
        """Make a device's login for a code that is used up by it. Raises LoginError."""
        login, password = new_login(name, "device")
        outcome = await asyncio.to_thread(self._store.pair, code, login, self._clock.now())
        if outcome != "paired":
            return outcome
        log.info("%s was paired by a code: it has a login of its own", name)
        await self.look()
        return MadeLogin(login, password)


def write_for_mosquitto(folder: Path, logins: Sequence[Login], mqtt: MqttSettings) -> str:
    """Write the logins for a household's own Mosquitto; return the lines for its configuration.

    The hub's user (``mqtt.username``) may all. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    user, prefix = mqtt.username or "", mqtt.discovery_prefix
    users = {user: mqtt.password or ""}
    lines = (
        "allow_anonymous false\n"
        "password_file /etc/mosquitto/commonhearth/passwords\n"
        "acl_file /etc/mosquitto/commonhearth/topics\n"
    )
    topics = access_list(logins, all_rights=(user,), prefix=prefix)
    write(folder / "topics", topics, shared=True)
    write(folder / "passwords", password_file(logins, users), shared=True)
    write(folder / "commonhearth.conf", lines, shared=True)
    return lines.rstrip()
