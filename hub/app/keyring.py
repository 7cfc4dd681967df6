"""Looks from time to time whether keys of members, devices and programs came or went."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine

from hub.flow.keyring import note_keys
from hub.store import keyring
from hub.worker.writer import Writer

LOOK_SECONDS = 60.0


class Keyring:
    """Has the log say which keys are in force; nearly always it does already."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        """Read from ``engine``; changes go through the writer thread."""
        self._engine = engine
        self._writer = writer

    async def look(self) -> None:
        """Enter what came and went, if anything did."""
        if await asyncio.to_thread(self._changed):
            await self._writer.run(note_keys)

    def _changed(self) -> bool:
        with self._engine.connect() as connection:
            there = {one.print for one in keyring.present(connection)}
            return keyring.noted(connection).keys() != there
