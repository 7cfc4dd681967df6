"""The hub's line to its broker: which broker, over which link, subscribed to what."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from devices.homeassistant.birth import ONLINE, Birth
from devices.types import Entity
from hub.app.health import Health
from hub.app.logins import HubLogins
from hub.app.showing import Showing
from hub.flow.home import Home
from hub.keyfiles.files import SecretsError
from hub.ports import Clock, InMessage
from hub.settings import MqttSettings
from hub.store.tx import Tx
from hub.worker.writer import Writer
from integrations.broker import Broker, BrokerError, start_broker
from integrations.mqtt import MqttLink, MqttSetupError

log = logging.getLogger(__name__)


class Line:
    """One broker and one link to it; another broker can take their place while the hub runs."""

    def __init__(
        self,
        home: Home,
        writer: Writer,
        clock: Clock,
        *,
        data: Path,
        birth: Birth,
        logins: HubLogins,
        showing: Showing,
        health: Health,
    ) -> None:
        """Use the logins that the managed broker lets in; ``showing`` and ``health`` are told."""
        self._home = home
        self._writer = writer
        self._clock = clock
        self._data = data
        self._birth = birth
        self._logins = logins
        self._showing = showing
        self._health = health
        self._relinking = asyncio.Lock()
        self._subscribed: frozenset[str] = frozenset()
        self._mqtt = home.settings.mqtt
        self.entities: tuple[Entity, ...] = tuple(home.book.entities())
        self.broker: Broker | None = None

    async def open(self) -> None:
        """Start (or find) the broker and make the link, which ``listen`` lets receive.

        Raises BrokerError or MqttSetupError when there can be no broker.
        """
        self._link = await self._linked(self._mqtt)
        self._health.link = self._link

    async def listen(self) -> None:
        """Subscribe, and receive from here on."""
        self.subscribe()
        self._link.start()
        await self._showing.start(self._link)

    async def unlink(self) -> None:
        """Receive nothing more."""
        await asyncio.to_thread(self._link.stop)

    async def close(self) -> None:
        """End the managed broker."""
        if self.broker is not None:
            await asyncio.to_thread(self.broker.stop)

    def describe(self) -> str:
        """Say in a few words which broker it is."""
        return self.broker.describe() if self.broker is not None else "no broker"

    def ports(self) -> tuple[int, int]:
        """Return the ports devices come to, plain and encrypted; 0 for one that there is not."""
        if self.broker is None:
            return 0, 0
        return self.broker.port, self.broker.tls_port or 0

    def acknowledge(self, messages: Sequence[InMessage]) -> None:
        """Tell the broker that these are kept."""
        self._link.ack(messages)

    def subscribe(self) -> None:
        """Listen to what the entities known by now are told on, and to nothing else."""
        self.entities = tuple(self._home.book.entities())
        wanted = self._home.book.filters() | {self._birth.topic} | self._showing.topics()
        self._link.subscribe(sorted(wanted - self._subscribed))
        self._link.unsubscribe(sorted(self._subscribed - wanted))
        self._subscribed = wanted

    def ask(self) -> None:
        """Ask Home Assistant's devices to announce themselves, when that is due."""
        if self._birth.due(self._clock.now()):
            self._link.publish(self._birth.topic, ONLINE)

    async def look(self) -> None:
        """Renew the managed broker's certificate in time."""
        if self.broker is not None:
            await asyncio.to_thread(self.broker.renew, self._certify)

    async def relink(self, mqtt: MqttSettings) -> None:
        """Leave the broker for the one that ``mqtt`` names.

        Raises BrokerError or MqttSetupError; then the broker before is in use again.
        """
        async with self._relinking:
            if mqtt == self._mqtt:
                return
            before = self._mqtt
            await self.unlink()
            await self.close()
            try:
                link = await self._linked(mqtt)
            except (BrokerError, MqttSetupError):
                await self._take(await self._linked(before))
                raise
            await self._take(link)

    async def _linked(self, mqtt: MqttSettings) -> MqttLink:
        after = self._link.connections if self.broker is not None else 0
        self._mqtt = mqtt
        self.broker = broker = await asyncio.to_thread(
            start_broker, mqtt, self._data, log.warning, self._logins.known(), self._certify
        )
        return MqttLink(
            mqtt,
            self._writer,
            host=broker.host,
            port=broker.port,
            username=broker.username,
            password=broker.password,
            tls=broker.tls,
            on_refused=self._refused,
            now=self._clock.now,
            will=self._showing.will,
            on_connected=self._showing.again,
            after=after,
        )

    async def _take(self, link: MqttLink) -> None:
        def swap(tx: Tx) -> None:
            # Here, as the writer's other steps subscribe and acknowledge by the link.
            tx.forget_mqtt()
            self._home.settings = self._home.settings.model_copy(update={"mqtt": self._mqtt})
            self._link = self._health.link = link
            self._subscribed = frozenset()
            self.subscribe()
            tx.page_changed = True

        await self._writer.run(swap)
        self._showing.broker = link
        link.start()
        log.info("%s", self.describe())

    def _certify(self, file: Path) -> bool:
        from hub.app.tls import certify_broker

        secrets, now = self._data / "secrets", self._clock.now()
        try:
            return certify_broker(file, secrets, self._home.settings, now)
        except (SecretsError, OSError) as error:
            raise BrokerError(f"mqtt.tls_port: {error}") from None

    def _refused(self, message: InMessage, reason: str) -> None:
        self._writer.post(lambda tx: tx.park(message.topic, message.payload, reason))
