"""Handing messages over: counted, sealed, published, and only then said to be kept."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TypeVar

from paho.mqtt.client import MQTTMessage

from hub.domain.values import dataclass
from integrations.relay.link import Link, NobodyListens, NotStored
from integrations.relay.sealed import seal
from integrations.relay.store import Hub, Store
from integrations.relay.words import HELLO, MOST_RECEIPTS, TOPICS, Gate, Relayed

T = TypeVar("T")

_TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What one hub, one sender and one address may ask of a relay.

    ``queue`` messages and ``queue_bytes`` bytes may wait for a hub. Rates are messages a second
    for long, with five times as many at once. ``patience`` is how many seconds the broker's
    acknowledgement is awaited.
    """

    hubs: int = 1000
    queue: int = 500
    queue_bytes: int = 32 * 1024 * 1024
    sender_rate: float = 20.0
    hub_rate: float = 50.0
    address_rate: float = 50.0
    patience: float = 10.0


class Counter:
    """The relay's work behind its routes; its one thread is the only one that uses the store."""

    link: Link

    def __init__(
        self, store: Store, gate: Gate, limits: Limits, *, now: Callable[[], datetime]
    ) -> None:
        """Hand over by ``link``, which is to be set before the first message."""
        self.store = store
        self.limits = limits
        self._gate = gate
        self._now = now
        self._thread = ThreadPoolExecutor(1, "relay")
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Return when what was begun is written."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.shutdown()

    async def step(self, work: Callable[[], T]) -> T:
        """Do ``work`` in the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def hand_over(
        self, hub: Hub, path: str, headers: dict[str, str], body: bytes, now: datetime
    ) -> None:
        """Return once the broker keeps a message for the hub. Raises NotStored otherwise."""
        token = secrets.token_hex(_TOKEN_BYTES)
        payload = seal(
            Relayed(path, headers, body, now, token),
            to=hub.subscriber_id,
            encryption_public_key=hub.encryption_public_key,
            gate=self._gate,
        )
        kept = await self.step(
            partial(
                self.store.reserve,
                hub,
                token,
                payload,
                now,
                most=self.limits.queue,
                most_bytes=self.limits.queue_bytes,
            )
        )
        if not kept:
            raise NotStored(f"too much waits for {hub.subscriber_id}: send it again later")
        try:
            await self._publish(hub.mailbox, payload)
        except TimeoutError:
            # It may yet arrive, so it stays here; the sender's repetition is a duplicate then.
            raise NotStored("the broker does not answer: send it again") from None
        except BaseException:
            await asyncio.shield(self.step(partial(self.store.release, token)))
            raise
        await self.step(partial(self.store.stored, token))

    def connected(self) -> None:
        """Hand over again what no hub has receipted: the broker may have lost it. In the loop."""
        self._redeliver("")

    def receipt(self, link: Link, message: MQTTMessage, connection: int) -> None:
        """Take a hub's word that it has messages; called in the loop, never raises."""
        mailbox = message.topic.split("/")[-2]
        most = MOST_RECEIPTS * (2 * _TOKEN_BYTES + 1)
        tokens = bytes(message.payload[:most]).decode("ascii", "replace").split(" ")
        if HELLO in tokens:
            self._redeliver(mailbox)
        done = self._thread.submit(self.store.done, mailbox, tokens, self._now())
        loop = asyncio.get_running_loop()
        done.add_done_callback(
            lambda _: None if loop.is_closed() else _soon(loop, link, message, connection)
        )

    def _redeliver(self, mailbox: str) -> None:
        task = asyncio.create_task(self._hand_over_again(mailbox))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand_over_again(self, mailbox: str) -> None:
        absent: set[str] = set()
        for box, token in await self.step(partial(self.store.undelivered, mailbox)):
            if box in absent:
                continue
            payload = await self.step(partial(self.store.payload, token))
            if payload is None:
                continue
            try:
                await self._publish(box, payload)
            except NobodyListens:
                # It says hello when it comes, and gets all of it in order.
                absent.add(box)
            except (NotStored, TimeoutError):
                # The next connection begins anew.
                return

    async def _publish(self, mailbox: str, payload: bytes) -> None:
        topic = f"{TOPICS}/{mailbox}/in"
        await self.link.publish(topic, payload, patience=self.limits.patience)


def _soon(
    loop: asyncio.AbstractEventLoop, link: Link, message: MQTTMessage, connection: int
) -> None:
    loop.call_soon_threadsafe(link.ack, message, connection)
