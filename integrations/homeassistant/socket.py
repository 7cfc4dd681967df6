"""One websocket connection to Home Assistant that many can use at once.

``homeassistant-api`` reads in whoever waits for an answer. Here one task reads for all
(``read``), and hands each answer to whoever asked for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from homeassistant_api import AsyncWebsocketClient
from niquests import AsyncSession

from hub.ports import DeliveryError

log = logging.getLogger(__name__)
ANSWER_SECONDS = 30.0
_NOBODY = -1

Heard = Callable[[Any], None]


class Refused(Exception):
    """Home Assistant would not; ``code`` is its own word for why, e.g. ``unauthorized``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message or code)
        self.code = code


class Socket(AsyncWebsocketClient):
    """A connection; ``async with`` opens it and signs in. Raises the library's errors."""

    def __init__(self, url: str, token: str) -> None:
        """``url`` is Home Assistant's own, without a path."""
        # A websocket is HTTP/1.1; and nobody outside is to hear of a home's own certificate.
        session = AsyncSession(
            disable_http2=True,
            disable_http3=True,
            revocation_configuration=None,
        )
        session.trust_env = False
        super().__init__(url.rstrip("/") + "/api/websocket", token, session=session)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._heard: dict[int, Heard] = {}
        self._sending = asyncio.Lock()
        self._open = False

    async def shut(self) -> None:
        """Let go of everything, however far opening came. Never raises."""
        self._open = False
        for future in self._asked.values():
            if not future.done():
                future.set_exception(DeliveryError("Home Assistant went away", unknown=True))
        for close in (getattr(getattr(self, "_ws", None), "close", None), self._session.close):
            if close is not None:
                await asyncio.gather(close(), return_exceptions=True)

    async def read(self) -> None:
        """Read until the connection ends; raises then, always."""
        self._open = True
        await self.recv(_NOBODY)

    async def ask(self, kind: str, **data: Any) -> Any:
        """Return the answer to a command. Raises Refused, or DeliveryError without an answer."""
        return await self._ask(kind, None, data)

    async def listen(self, kind: str, heard: Heard, **data: Any) -> Any:
        """Subscribe: ``heard`` gets each event, in order, in the task that reads."""
        return await self._ask(kind, heard, data)

    async def _ask(self, kind: str, heard: Heard | None, data: Mapping[str, Any]) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        # Numbers have to arrive in order, so nobody else takes one before this one is sent.
        async with self._sending:
            number = self._request_id()
            self._asked[number] = future
            if heard is not None:
                self._heard[number] = heard
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self.send(kind, include_id=False, id=number, **data)
            except (OSError, TimeoutError) as error:
                self._asked.pop(number, None)
                self._heard.pop(number, None)
                message = f"Home Assistant cannot be reached: {error}"
                raise DeliveryError(message, unknown=True) from error
            finally:
                # The library waits for answers by number, too; here nobody will fetch them.
                self._event_responses.pop(number, None)
                self._result_responses.pop(number, None)
                self._ping_responses.pop(number, None)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        except TimeoutError as error:
            raise DeliveryError("Home Assistant did not answer", unknown=True) from error
        finally:
            self._asked.pop(number, None)

    def handle_recv(self, data: dict[str, Any]) -> None:
        """Hand a message to whoever waits for it; what nobody waits for is passed over."""
        if not self._open:
            super().handle_recv(data)
            return
        number, kind = data.get("id"), data.get("type")
        if not isinstance(number, int):
            return
        if kind == "event":
            heard = self._heard.get(number)
            try:
                if heard is not None:
                    heard(data.get("event"))
            except Exception:
                # One event must not end the connection for all.
                log.exception("an event of Home Assistant could not be read")
            return
        future = self._asked.get(number)
        if future is None or future.done():
            return
        if kind == "pong":
            future.set_result(None)
        elif kind == "result" and data.get("success"):
            future.set_result(data.get("result"))
        elif kind == "result":
            error = data.get("error")
            said = error if isinstance(error, dict) else {}
            future.set_exception(
                Refused(str(said.get("code", ""))[:80], str(said.get("message", ""))[:300])
            )
