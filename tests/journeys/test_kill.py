"""kill -9 of the hub, anywhere: nothing is lost, and nothing anybody can notice happens twice."""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto, program, start_mosquitto
from tests.support.phone import Phone

MESSAGES = 2000
KILLS = 5
TOPIC = "commonhearth/v1/scale/stock"
EACH_LEVEL = {
    "id": "each_level",
    "name": "Each level",
    "when": {"stock_below_par": {"item": "milk", "below": 10 * MESSAGES}},
    "propose": {"kind": "notify", "title": "Milk", "message": "{quantity}"},
    "quiet_hours": "off",
}


def ledger(hub: HubProcess) -> list[dict[str, Any]]:
    """Return the ledger's entries, as its database has them."""
    from hub.store.database import open_database
    from hub.store.views import Views

    engine = open_database(hub.data / "hub.sqlite")
    try:
        entries = Views(engine).ledger(limit=100_000)
    finally:
        engine.dispose()
    return [json.loads(entry.body) for entry in entries]


@pytest.fixture
def broker(tmp_path: Path) -> Any:
    with start_mosquitto(tmp_path, extra="max_inflight_messages 0") as running:
        yield running


def test_2000_messages_over_kills_are_all_accounted_for(
    tmp_path: Path, broker: Mosquitto, request: pytest.FixtureRequest
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with Phone() as phone:
        hub = HubProcess(
            tmp_path / "home",
            settings={
                "mqtt": {"url": broker.url, "flood_rate": 0},
                "members": [
                    {"id": "ada", "name": "Ada", "ntfy": {"url": phone.url, "topic": "ada"}}
                ],
            },
            rules=[EACH_LEVEL],
        )
        with hub:
            hub.wait_connected()
            lines = tmp_path / "lines"
            lines.write_text(
                "".join(f'{{"item":"milk","quantity":{n},"id":"m{n}"}}\n' for n in range(MESSAGES))
            )
            with lines.open("rb") as stdin:
                publisher = subprocess.Popen(
                    [
                        program("mosquitto_pub"),
                        "-p",
                        str(broker.port),
                        "-q",
                        "1",
                        "-t",
                        TOPIC,
                        "-l",
                    ],
                    stdin=stdin,
                )
            marks = sorted(chance.sample(range(1, MESSAGES - 100), KILLS))
            for mark in marks:
                until(lambda: len(phone.shown) >= mark, lambda: f"{len(phone.shown)} shown")
                hub.kill()
                hub.start()
            assert publisher.wait(30) == 0
            wanted = set(map(str, range(MESSAGES)))
            until(
                lambda: wanted == {shown.body for shown in list(phone.shown)},
                lambda: (
                    f"seed {seed}: {sorted(wanted - {s.body for s in phone.shown})[:5]}"
                    f" of {len(phone.shown)} never came; {hub.words()}"
                ),
            )
        told = Counter(
            one["facts"]["because"]["current"] for one in ledger(hub) if one["kind"] == "told"
        )
        assert told == Counter(range(MESSAGES)), f"seed {seed}"
