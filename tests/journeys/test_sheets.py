"""Three households as processes: two keep the third's recovery words, and bring it back by them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.friends import FriendHub, befriend
from tests.support.hubprocess import RUN, run_cli, until
from tests.support.mosquitto import free_port, start_mosquitto


@pytest.fixture
def households(tmp_path: Path) -> Iterator[list[FriendHub]]:
    made: list[FriendHub] = []
    with start_mosquitto(tmp_path) as broker:
        for name in ("Ana", "Ben", "Cleo"):
            mqtt = {"url": broker.url, "client_id": name}
            hub = FriendHub(tmp_path / name, name, http={"port": free_port()}, mqtt=mqtt)
            # As people run it: no notes of the test's own.
            hub.arguments = [
                *(sys.executable, str(RUN), "run"),
                *("--config", str(hub.config), "--data", str(hub.data)),
            ]
            made.append(hub)
            hub.launch()
        for hub in made:
            hub.wait_ready()
        yield made
        for hub in made:
            hub.stop()


def shown(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_cli("identity", "show", "--data", data, "--json").stdout)
    return found


def test_two_friends_bring_back_a_household_that_lost_everything(
    households: list[FriendHub], tmp_path: Path
) -> None:
    ana, *friends = households
    for friend in friends:
        befriend(ana, friend)
    names = [friend.household for friend in friends]
    alone = run_cli("identity", "share", *names, "--threshold", 1, "--data", ana.data)
    assert "expected 2 or more" in alone.stderr, alone
    given = run_cli("identity", "share", *names, "--threshold", 2, "--data", ana.data)
    assert given.returncode == 0, given
    until(lambda: shown(ana.data)["sheets"]["enough"], ana.words)
    known = shown(ana.data)
    ana.kill()

    words = []
    for friend in friends:
        refused = run_cli("contact", "sheet", "Ana", "--data", friend.data)
        assert "expected a person to ask, or --yes" in refused.stderr
        words += friend.contact("sheet", "Ana", "--yes")["words"]
    assert len(words) == 70
    new = tmp_path / "new"
    back = subprocess.run(
        [
            *(sys.executable, RUN, "identity", "recover"),
            *("--config", str(tmp_path / "config"), "--data", str(new)),
        ],
        input=" ".join(words),
        capture_output=True,
        text=True,
        check=False,
    )
    assert back.returncode == 0, back
    for name in ("subscriber_id", "key_id", "key", "hub", "hub_key", "backups_for"):
        assert shown(new)[name] == known[name], name
