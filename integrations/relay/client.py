"""The hub's side of a relay: enrolled once, then listening at the broker; no port is opened."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout
from aiohttp.client_exceptions import ClientError
from paho.mqtt.client import MQTTMessage

from hub.clock import SYSTEM
from hub.keyfiles.files import SecretsError, read, write
from integrations.relay.enrolment import (
    Enrolment,
    read_enrolment,
    write_enrolment,
    write_request,
)
from integrations.relay.link import Broker, Link, NotStored
from integrations.relay.sealed import unseal
from integrations.relay.words import HELLO, MOST_RECEIPTS, TOPICS, Member, Relayed, RelayError

log = logging.getLogger(__name__)

KEPT = "relay.json"
_TIMEOUT = ClientTimeout(total=15.0, sock_connect=5.0)
_BIGGEST_ANSWER = 32 * 1024
_AGAIN = 3600.0
_SOON = 300.0
_WAITS = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
_RECEIPT_PATIENCE = 10.0
_MOST_REMEMBERED = 4096

Handle = Callable[[Relayed], Awaitable[None]]


class RelayClient:
    """Enrols the hub at a relay and hands on what the relay kept for it.

    A message is acknowledged to the broker once ``handle`` has returned, that is after the commit.
    Messages come one at a time, in the order the relay took them. Where ``handle`` raises, the
    message could not be stored: it is tried again and the others wait. A message may come twice
    after a crash; ``handle`` recognises it. What is not sealed by the relay for this hub is
    dropped, and told to ``on_refused``.
    """

    def __init__(
        self,
        url: str,
        member: Member,
        handle: Handle,
        *,
        data: Path,
        broker: Broker | None = None,
        code: str = "",
        now: Callable[[], datetime] = SYSTEM.now,
        on_status: Callable[[str], None] = log.info,
        on_refused: Callable[[str], None] = log.warning,
    ) -> None:
        """Prepare it. ``url`` is the relay's; ``data`` the folder where the enrolment is kept.

        ``broker`` overrides the broker that the relay names (whose user and password it cannot
        name); ``code`` is the one that a closed relay asks for.
        """
        self._url = url.rstrip("/")
        self._member = member
        self._handle = handle
        self._path = data / KEPT
        self._broker = broker
        self._code = code
        self._now = now
        self._say = on_status
        self._refused = on_refused
        self._queue: asyncio.Queue[tuple[MQTTMessage, int]] = asyncio.Queue()
        self._owed: asyncio.Queue[str] = asyncio.Queue()
        self._had: OrderedDict[str, None] = OrderedDict()
        self._link: Link | None = None
        self._enrolment: Enrolment | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._staying: asyncio.Task[None] | None = None

    @property
    def uri(self) -> str:
        """Return the address that others reach the hub at. RelayError before ``start``."""
        if self._enrolment is None:
            raise RelayError(f"the hub is not enrolled at the relay {self._url}")
        return self._enrolment.uri

    @property
    def listening(self) -> bool:
        """Tell whether the broker is connected and the mailbox subscribed to."""
        return self._link is not None and self._link.ready.is_set()

    async def start(self) -> str:
        """Enrol, connect to the broker, begin to hand messages on; return ``uri``.

        A relay that is away, or refuses (a clock that is wrong after a power cut), does not matter
        once the hub was enrolled: what it stored is fetched from the broker, and the enrolment is
        made anew soon. Raises RelayError when either is so at the first time.
        """
        kept, again = self._kept(), _AGAIN
        try:
            self._enrolment = await self._enrol()
        except (_Away, RelayError) as error:
            if kept is None:
                raise RelayError(str(error)) from None
            self._say(f"{error}; going on as enrolled before")
            self._enrolment, again = kept, _SOON
        self._listen(self._enrolment)
        self._staying = asyncio.create_task(self._stay_enrolled(again))
        return self._enrolment.uri

    async def renew(self) -> None:
        """Enrol anew; where the relay has forgotten the hub, move to the new mailbox.

        Raises RelayError when it refuses or is away. It is done each hour by itself.
        """
        try:
            enrolment = await self._enrol()
        except _Away as error:
            raise RelayError(str(error)) from None
        if enrolment != self._enrolment:
            await self._fall_silent()
            self._enrolment = enrolment
            self._listen(enrolment)

    async def follow(self, member: Member) -> None:
        """Be known by other keys from now on; the relay's registry has to know them already.

        Raises RelayError when the relay refuses or is away; it is tried again each hour.
        """
        self._member = member
        await self.renew()

    async def ready(self) -> None:
        """Return once the mailbox is subscribed to: from then on nothing is lost."""
        if self._link is None:
            raise RelayError("start it first")
        await self._link.ready.wait()

    async def stop(self) -> None:
        """Stop listening; the broker keeps what comes."""
        if self._staying is not None:
            self._staying.cancel()
            await asyncio.gather(self._staying, return_exceptions=True)
            self._staying = None
        await self._fall_silent()

    async def leave(self) -> None:
        """Have the relay forget the hub. Raises RelayError."""
        await self._enrol(leave=True)
        self._path.unlink(missing_ok=True)

    def _listen(self, enrolment: Enrolment) -> None:
        self._link = Link(
            self._broker or Broker(enrolment.broker),
            client_id=enrolment.mailbox,
            topics=[f"{TOPICS}/{enrolment.mailbox}/in"],
            on_message=lambda message, connection: self._queue.put_nowait((message, connection)),
            on_ready=lambda kept: None if kept else self._owed.put_nowait(HELLO),
            on_status=self._say,
        )
        self._link.start()
        self._tasks = [
            asyncio.create_task(self._hand_on(self._link, enrolment)),
            asyncio.create_task(self._send_receipts(self._link, enrolment)),
        ]

    async def _fall_silent(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._link is not None:
            await self._link.stop()
            self._link = None
        self._queue = asyncio.Queue()

    # -- messages ------------------------------------------------------------------------------

    async def _hand_on(self, link: Link, enrolment: Enrolment) -> None:
        while True:
            message, connection = await self._queue.get()
            relayed = self._unsealed(message, enrolment)
            if relayed is not None and relayed.token not in self._had:
                await self._stored(relayed)
                self._had[relayed.token] = None
                if len(self._had) > _MOST_REMEMBERED:
                    self._had.popitem(last=False)
            link.ack(message, connection)
            if relayed is not None:
                self._owed.put_nowait(relayed.token)

    def _unsealed(self, message: MQTTMessage, enrolment: Enrolment) -> Relayed | None:
        problem = ""
        for key in (self._member.encryption_key, *self._member.older_keys):
            try:
                return unseal(
                    bytes(message.payload),
                    me=self._member.subscriber_id,
                    encryption_key=key,
                    relay_public_key=enrolment.relay_public_key,
                )
            except RelayError as error:
                problem = problem or str(error)
        self._refused(f"the relay's mailbox had {problem}: dropped")
        return None

    async def _stored(self, relayed: Relayed) -> None:
        waits, pause = iter(_WAITS), 0.0
        while True:
            try:
                await self._handle(relayed)
            except Exception:
                log.exception("a relayed message could not be stored; it is tried again")
                pause = next(waits, pause)
                await asyncio.sleep(pause)
            else:
                return

    async def _send_receipts(self, link: Link, enrolment: Enrolment) -> None:
        topic = f"{TOPICS}/{enrolment.mailbox}/done"
        while True:
            tokens = [await self._owed.get()]
            while not self._owed.empty() and len(tokens) < MOST_RECEIPTS:
                tokens.append(self._owed.get_nowait())
            while not await self._receipted(link, topic, " ".join(tokens).encode()):
                pass

    async def _receipted(self, link: Link, topic: str, payload: bytes) -> bool:
        await link.ready.wait()
        try:
            await link.publish(topic, payload, patience=_RECEIPT_PATIENCE, reach=False)
        except (NotStored, TimeoutError):
            # Without receipts the relay counts too much for this hub, and at last refuses it.
            await asyncio.sleep(_WAITS[0])
            return False
        return True

    # -- enrolment -----------------------------------------------------------------------------

    async def _stay_enrolled(self, pause: float) -> None:
        while True:
            await asyncio.sleep(pause)
            try:
                await self.renew()
                pause = _AGAIN
            except RelayError as error:
                self._say(str(error))
                pause = _SOON

    async def _enrol(self, *, leave: bool = False) -> Enrolment:
        now = self._now()
        body = write_request(self._member, self._code, now, leave=leave)
        headers = {"Authorization": self._member.sign(body, now)}
        url = f"{self._url}/enrol"
        try:
            async with (
                ClientSession(timeout=_TIMEOUT) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                answer = await response.content.read(_BIGGEST_ANSWER)
                while (more := await response.content.read(_BIGGEST_ANSWER)) and (
                    len(answer) <= _BIGGEST_ANSWER
                ):
                    answer += more
                status = response.status
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise _Away(f"the relay {self._url} is away: {error or 'no answer'}") from None
        if status >= 500 or status == 429:
            raise _Away(f"the relay {self._url} answers {status}")
        if status != 200:
            raise RelayError(f"the relay {self._url} refused the hub: {_reason(answer)}")
        enrolment = self._read(answer)
        self._keep(enrolment)
        return enrolment

    def _read(self, answer: bytes) -> Enrolment:
        try:
            said = json.loads(answer)
            sealed, key = str(said["sealed"]).encode(), str(said["relay_public_key"])
        except (ValueError, KeyError, TypeError) as error:
            raise RelayError(f"{self._url} is no relay: {error}") from None
        told = unseal(
            sealed,
            me=self._member.subscriber_id,
            encryption_key=self._member.encryption_key,
            relay_public_key=key,
        )
        enrolment = read_enrolment(told.body)
        if enrolment.relay_public_key != key:
            raise RelayError(f"{self._url} is no relay: it names two keys")
        return enrolment

    def _kept(self) -> Enrolment | None:
        try:
            return read_enrolment(read(self._path))
        except SecretsError as error:
            raise RelayError(str(error)) from None
        except (FileNotFoundError, RelayError):
            return None

    def _keep(self, enrolment: Enrolment) -> None:
        write(self._path, write_enrolment(enrolment))


class _Away(Exception):
    """The relay could not be asked."""


def _reason(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"]["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return answer[:200].decode(errors="replace")
