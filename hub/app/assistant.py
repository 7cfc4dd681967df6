"""A Home Assistant beside the hub: what it says taken in by the road that MQTT messages take."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from devices.homeassistant import states
from hub.app.buttons import pressed
from hub.app.homelists import HomeLists
from hub.domain.decisions import Decision
from hub.domain.homeassistant import OUR_ACTIONS, STATES, HomeState, ServiceCall, matches
from hub.domain.suggestions import Suggestion
from hub.flow.home import Home
from hub.flow.reply import take_reply
from hub.ports import Clock, DeliveryError, InMessage
from hub.settings import HomeAssistantSettings
from hub.store.house import House
from hub.worker.writer import Writer

if TYPE_CHECKING:
    from integrations.homeassistant.link import HomeLink

log = logging.getLogger(__name__)


APP_EVENT = "mobile_app_notification_action"
VIA = "homeassistant app"
"""By what way an answer given in the app came (``Decision.via``)."""


class Assistant:
    """Owns the connection. Without ``homeassistant.url`` it does nothing and imports nothing."""

    def __init__(
        self,
        home: Home,
        house: House,
        writer: Writer,
        clock: Clock,
        *,
        secret: bytes,
        recent: Callable[[], Sequence[Suggestion]],
    ) -> None:
        """Nothing is connected before ``start``; ``secret`` signs the members' buttons.

        ``recent`` are the last suggestions, also closed ones, for who answers late.
        """
        self._secret = secret
        self.lists = HomeLists(home, writer, clock, self)
        self._recent = recent
        self._home = home
        self._house = house
        self._writer = writer
        self._clock = clock
        self._settings = home.settings.homeassistant
        self._first = True
        self.link: HomeLink | None = None

    @property
    def connected(self) -> bool | None:
        """Tell whether Home Assistant is there, None where none is set."""
        return None if self.link is None else self.link.connected

    async def start(self) -> None:
        """Connect, now or once it is there. Forgets entities that are no longer to be read."""
        unwanted = [name for name in self._known() if not self._reads(name)]
        await self._take_in([HomeState(name, None) for name in unwanted])
        there = self._settings
        await self.lists.start()
        if there.url is None:
            return
        from integrations.homeassistant.link import HomeLink

        exact = not any(set("*?") & set(glob) for glob in there.entities)
        self.link = HomeLink(
            there.url,
            lambda: token_of(there),
            wanted=self._wanted,
            only=[*there.entities, *self.lists.watched] if exact else None,
            begun=self._begun,
            take=self._take,
            hear={APP_EVENT: self._answered},
        )
        self.link.start()

    async def close(self) -> None:
        """Disconnect."""
        await self.lists.close()
        if self.link is not None:
            await self.link.stop()

    async def call(self, call: ServiceCall, *, answer: bool = False) -> Mapping[str, object]:
        """Have Home Assistant do something (``hub.ports.HomeControl``). Raises DeliveryError."""
        if self.link is None:
            raise DeliveryError("no Home Assistant is set (homeassistant.url)", retry=False)
        return await self.link.call(call, answer=answer)

    # -- answers given in its app ---------------------------------------------------------------

    def _asked_there(self) -> list[str]:
        return [one.id for one in self._home.settings.members if one.homeassistant]

    async def _answered(self, event: Mapping[str, Any]) -> None:
        data = event.get("data")
        action = data.get("action") if isinstance(data, Mapping) else None
        if not isinstance(action, str) or not action.startswith(OUR_ACTIONS):
            return
        members = self._asked_there()
        live = list(self._house.suggestions.values())
        token = pressed(action, live, members, self._secret)
        if token is None:
            token = await asyncio.to_thread(
                lambda: pressed(action, self._recent(), members, self._secret)
            )
        if token is None:
            log.info("a button in the Home Assistant app is not known: it was long ago")
            return
        decision = Decision.of(token, VIA)
        await self._writer.run(lambda tx: take_reply(tx, self._home, decision))

    # -- states -----------------------------------------------------------------------------------

    def _known(self) -> list[str]:
        return [
            source.removeprefix(STATES)
            for source in list(self._house.announcements)
            if source.startswith(STATES)
        ]

    def _reads(self, name: str) -> bool:
        there = self._settings
        return there.url is not None and matches(name, there.entities)

    def _wanted(self, name: str) -> bool:
        return self._reads(name) or name in self.lists.watched

    async def _begun(self) -> None:
        self.lists.changed()

    async def _take(self, changed: Sequence[HomeState]) -> None:
        for one in changed:
            if one.entity in self.lists.watched:
                self.lists.changed(one.entity)
        read = [one for one in changed if self._reads(one.entity)]
        await self._take_in([one for one in read if not self._told_by_device(one.entity)])
        if self._first and self.link is not None:
            self._first = False
            gone = [name for name in self._known() if self.link.state(name) is None]
            await self._take_in([HomeState(name, None) for name in gone])

    def _told_by_device(self, name: str) -> bool:
        """Tell whether a device says the same to us itself, over MQTT: that is nearer."""
        known = self._home.book.entity(name)
        return known is not None and known.convention != states.CONVENTION

    async def _take_in(self, changed: Sequence[HomeState]) -> None:
        if changed:
            await asyncio.to_thread(self._put, changed)

    def _put(self, changed: Sequence[HomeState]) -> None:
        """Queue states for the writer, waiting while too much waits already."""
        now = self._clock.now()
        for state in changed:
            topic, payload = states.message(state)
            message = InMessage(topic, payload, 0, 0, False, state.retained, 0, now)
            self._writer.put(message)


def token_of(settings: HomeAssistantSettings) -> str:
    """Return the access token. Raises OSError when its file cannot be read."""
    if settings.token_file is not None:
        return settings.token_file.read_text(encoding="utf-8").strip()
    return settings.token or ""
