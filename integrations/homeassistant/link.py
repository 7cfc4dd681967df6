"""The connection to Home Assistant: kept up by one task, which is the only one that reads."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hub.domain.homeassistant import HomeState, ServiceCall
from hub.ports import DeliveryError
from integrations.homeassistant.compressed import States
from integrations.homeassistant.places import Places, read_places

if TYPE_CHECKING:
    from integrations.homeassistant.socket import Socket

log = logging.getLogger(__name__)
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
REFUSED_PAUSE = 300.0
"""Seconds after a refused token: Home Assistant may shut out who tries too often."""
OPEN_SECONDS = 20.0
PING_SECONDS = 30.0
MOST_EVENTS = 1000
MOST_WAITING = 10_000
HAPPENS = ("event.", "button.", "input_button.")
"""Entities whose state says when something happened last."""

TakeStates = Callable[[Sequence[HomeState]], Awaitable[None]]
Event = Mapping[str, Any]
Hear = Callable[[Event], Awaitable[None]]


class HomeLink:
    """A connection that outlives Home Assistant (``hub.ports.HomeControl``).

    ``take`` gets states that changed, in batches, and is awaited before the next: what changes
    meanwhile is kept once an entity. ``hear`` are events by their type and what is done with each.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        *,
        wanted: Callable[[str], bool],
        only: Sequence[str] | None = None,
        take: TakeStates,
        hear: Mapping[str, Hear] | None = None,
        begun: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """``token`` is asked for at each connection. ``only``: the names that can be wanted, where
        they are known (none: nothing is listened to); else every entity is looked at. ``begun`` is
        awaited once connected."""
        self._url, self._token = url, token
        self._only = None if only is None else list(only)
        self._take, self._begun = take, begun
        self._hear = dict(hear or {})
        self._states = States(wanted)
        self._places = Places()
        self._places_old = True
        self._waiting: dict[str, HomeState] = {}
        self._events: list[tuple[str, Event]] = []
        self._more = asyncio.Event()
        self._socket: Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._pause = FIRST_PAUSE
        self._said = ""
        self.trouble = "not connected yet"

    @property
    def connected(self) -> bool:
        """Tell whether Home Assistant is there and has let us in."""
        return self._socket is not None

    def state(self, entity: str) -> HomeState | None:
        """Return an entity's state as last heard, None when there is none."""
        return self._states.get(entity)

    def start(self) -> None:
        """Connect, now or as soon as there is something to connect to; call in the loop."""
        self._tasks = [
            asyncio.create_task(self._keep_up(), name="homeassistant"),
            asyncio.create_task(self._feed(), name="homeassistant states"),
        ]

    async def stop(self) -> None:
        """Disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def call(self, call: ServiceCall, *, answer: bool = False) -> Mapping[str, object]:
        """Call a service (``HomeControl.call``). Raises DeliveryError."""
        domain, _, service = call.service.partition(".")
        asked: dict[str, Any] = {"domain": domain, "service": service}
        if call.data:
            asked["service_data"] = dict(call.data)
        if call.entities:
            asked["target"] = {"entity_id": list(call.entities)}
        if answer:
            asked["return_response"] = True
        found = await self.ask("call_service", **asked)
        response = found.get("response") if isinstance(found, Mapping) else None
        return response if isinstance(response, Mapping) else {}

    async def ask(self, kind: str, **data: Any) -> Any:
        """Return the answer to a websocket command. Raises DeliveryError."""
        socket = self._socket
        if socket is None:
            raise DeliveryError(f"Home Assistant is away: {self.trouble}")
        from integrations.homeassistant.socket import Refused

        try:
            return await socket.ask(kind, **data)
        except Refused as error:
            # It says so of whatever is not there yet, too, while it starts.
            later = error.code == "not_found"
            raise DeliveryError(f"Home Assistant refused: {error}", retry=later) from error

    # -- the task that owns the socket ----------------------------------------------------------

    async def _keep_up(self) -> None:
        while True:
            began, pause = time.monotonic(), 0.0
            try:
                await self._once()
            except Exception as error:
                pause = self._failed(error)
            if time.monotonic() - began > LONGEST_PAUSE:
                self._pause = FIRST_PAUSE
            # Half of it is chance: not all that watch one Home Assistant come back at once.
            await asyncio.sleep(max(pause, self._pause) * random.uniform(0.5, 1.0))  # noqa: S311
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _failed(self, error: Exception) -> float:
        """Say what the matter is, once; return how long to wait at least."""
        # By name: importing the library may be what failed.
        refused = type(error).__name__ == "UnauthorizedError"
        if refused:
            text = f"Home Assistant at {self._url} refused the token (homeassistant.token)"
        else:
            why = " ".join(str(error).split()) or type(error).__name__
            text = f"no Home Assistant at {self._url} ({why[:200]}); trying again"
        self.trouble = text
        if text != self._said:
            self._said = text
            log.warning("%s", text)
        return REFUSED_PAUSE if refused else 0.0

    async def _once(self) -> None:
        """Connect, and read until it ends; raises then, always."""
        from integrations.homeassistant.socket import Socket

        # It says each message it gets, at the level that says what the household should know.
        logging.getLogger("homeassistant_api").setLevel(logging.WARNING)
        socket = Socket(self._url, await asyncio.to_thread(self._token))
        reading: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await socket.__aenter__()
            reading = asyncio.create_task(socket.read(), name="homeassistant reading")
            beginning = asyncio.create_task(self._begin(socket), name="homeassistant beginning")
            try:
                await asyncio.wait({reading, beginning}, return_when=asyncio.FIRST_COMPLETED)
                if beginning.done():
                    await beginning
                await reading
            finally:
                beginning.cancel()
                await asyncio.gather(beginning, return_exceptions=True)
        finally:
            if self._socket is not None:
                self._socket = None
                self._said = ""
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            await socket.shut()

    async def _begin(self, socket: Socket) -> None:
        """Subscribe to what is wanted; then ask for a sign of life from time to time."""
        self._states.begin()
        self._places_old = True
        await socket.listen(
            "subscribe_events", self._registry_changed, event_type="entity_registry_updated"
        )
        await self._find_places(socket)
        for kind in self._hear:
            await self._listen_to(socket, kind)
        if self._only is None:
            await socket.listen("subscribe_entities", self._heard)
        elif self._only:
            await socket.listen("subscribe_entities", self._heard, entity_ids=self._only)
        self._socket = socket
        self._said, self.trouble = "", ""
        log.info("connected to Home Assistant at %s", self._url)
        if self._begun is not None:
            await self._begun()
        while True:
            await asyncio.sleep(PING_SECONDS)
            await socket.ask("ping")

    async def _listen_to(self, socket: Socket, kind: str) -> None:
        from integrations.homeassistant.socket import Refused

        def heard(event: Any) -> None:
            if isinstance(event, Mapping) and len(self._events) < MOST_EVENTS:
                self._events.append((kind, event))
                self._more.set()

        try:
            await socket.listen("subscribe_events", heard, event_type=kind)
        except Refused as error:
            log.warning(
                "Home Assistant does not tell of %s (%s): homeassistant.token has to be an "
                "administrator's for that",
                kind,
                error,
            )

    def _registry_changed(self, _event: Any) -> None:
        self._places_old = True
        self._more.set()

    def _heard(self, event: Any) -> None:
        for state in self._states.apply(event):
            key = state.entity
            if key.startswith(HAPPENS) and len(self._waiting) < MOST_WAITING:
                # Each time that it happened counts; of a state only what it came to does.
                key = f"{key}@{state.state}"
            self._waiting[key] = state
        self._more.set()

    # -- the task that hands over ---------------------------------------------------------------

    async def _feed(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            try:
                await self._hand_over()
            except Exception:
                log.exception("what Home Assistant said could not be taken in")
                await asyncio.sleep(FIRST_PAUSE)
                self._more.set()

    async def _hand_over(self) -> None:
        # What is in the registry is told of before the state: taken first, looked up after.
        waiting, self._waiting = self._waiting, {}
        events, self._events = self._events, []
        if self._places_old and self._socket is not None:
            await self._find_places(self._socket)
        for kind, event in events:
            try:
                await self._hear[kind](event)
            except Exception:
                log.exception("an event of Home Assistant (%s) could not be taken in", kind)
        if not waiting:
            return
        own = self._places.own
        batch = [self._placed(one) for one in waiting.values() if one.entity not in own]
        try:
            await self._take(batch)
        except BaseException:
            self._waiting = {**waiting, **self._waiting}
            raise

    def _placed(self, state: HomeState) -> HomeState:
        areas, devices = self._places.areas, self._places.devices
        return replace(
            state, area=areas.get(state.entity, ""), device=devices.get(state.entity, "")
        )

    async def _find_places(self, socket: Socket) -> None:
        self._places_old = False
        lists = []
        for registry in ("entity", "device", "area"):
            try:
                lists.append(await socket.ask(f"config/{registry}_registry/list"))
            except Exception as error:
                # Without them there are no areas; the states are as good.
                log.info("Home Assistant's %s registry: %s", registry, error)
                lists.append(None)
        self._places = read_places(*lists)
