"""What a relay hands over: what cannot be taken now waits; what the hub fails on does not."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from hub.app.network import Network
from hub.worker.writer import Stopping
from integrations.relay.words import Relayed
from tests.support.household import NOON, TurnedClock, make_home

FULL = sqlite3.OperationalError("database or disk is full")
FULL.sqlite_errorcode = sqlite3.SQLITE_FULL


class Door:
    """A network whose takers do as a test wishes."""

    def __init__(self, folder: Path, error: Exception) -> None:
        self.error, self.parked = error, list[tuple[str, bytes, str]]()
        buyer: Any = SimpleNamespace(take=self._refuse)
        self.network = Network(
            make_home().settings,
            buyer,
            folder,
            take_peer=self._refuse,
            park=lambda *kept: self.parked.append(kept),
            clock=TurnedClock(),
        )

    async def _refuse(self, *_: object) -> None:
        raise self.error


def relayed(path: str, at: datetime = NOON) -> Relayed:
    return Relayed(path, {}, b"{}", at, "token")


@pytest.mark.parametrize("path", ["/peers/v1/messages", "/beckn/v2/on_select"])
async def test_one_that_the_hub_fails_on_holds_up_nobody(tmp_path: Path, path: str) -> None:
    door = Door(tmp_path, ValueError("a fault of ours"))
    await door.network._relayed(relayed(path))
    ((topic, kept, why),) = door.parked
    assert (topic, kept) == ("relay", b"{}")
    assert "a fault of ours" in why


@pytest.mark.parametrize(
    "error",
    [OSError("the disk is full"), OperationalError("INSERT", None, FULL), Stopping("stopping")],
)
async def test_what_passes_is_waited_for(tmp_path: Path, error: Exception) -> None:
    door = Door(tmp_path, error)
    with pytest.raises(type(error)):
        await door.network._relayed(relayed("/peers/v1/messages"))
    assert door.parked == []
