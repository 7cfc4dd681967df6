"""The household as a provider: with one setting it lends, cooks or sells over the same protocol."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from hub.ports import Clock
from hub.settings import Settings

log = logging.getLogger(__name__)
_AGAIN_SECONDS = 60.0


class Selling:
    """A provider that runs beside the hub, with a database and a key of its own."""

    def __init__(self, settings: Settings, data: Path, clock: Clock) -> None:
        """Use ``sell`` of the settings; files go below ``data``/provider."""
        self._settings = settings
        self._clock = clock
        self._data = data / "provider"
        self._task: asyncio.Task[None] | None = None
        self.url = ""

    def start(self) -> None:
        """Begin, when a catalogue is configured. Call in the event loop."""
        if self._settings.sell.catalog is not None:
            self._task = asyncio.create_task(self._run(self._settings.sell.catalog))

    async def stop(self) -> None:
        """End; what is under way is taken up at the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def again(self, settings: Settings) -> None:
        """Begin anew with other settings."""
        await self.stop()
        self._settings = settings
        self.start()

    async def _run(self, catalog: Path) -> None:
        # Imported here: most homes only buy.
        from integrations.beckn.buyer import source_of
        from integrations.beckn.provider import serve_provider

        sell = self._settings.sell
        while True:
            try:
                await serve_provider(
                    catalog,
                    host=sell.host,
                    port=sell.port,
                    data=self._data,
                    registry=self._settings.beckn.registry,
                    sources=[source_of(one) for one in self._settings.beckn.registries],
                    public_url=sell.public_url,
                    version=self._settings.beckn.version,
                    say=log.info,
                    ready=self._ready,
                    clock=self._clock,
                )
            except Exception as error:
                # A mistake in the catalogue must not take the household's own hub down.
                log.error("sell.catalog: %s; trying again in a minute", error)
            await asyncio.sleep(_AGAIN_SECONDS)

    def _ready(self, url: str) -> None:
        self.url = url
