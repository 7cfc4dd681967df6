"""Two households as processes: fishing is proposed, joined, moved and called off."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.app.activityreceipts import check
from hub.cli.main import main
from tests.support.friends import FriendHub, befriend
from tests.support.hubprocess import RUN, run_cli, until
from tests.support.mosquitto import free_port, start_mosquitto
from tests.support.phone import Phone, tap


@pytest.fixture
def phone() -> Iterator[Phone]:
    with Phone() as running:
        yield running


def hub(folder: Path, name: str, member: str, broker: str, **settings: Any) -> FriendHub:
    mqtt = {"url": broker, "client_id": name}
    made = FriendHub(folder / name, name, http={"port": free_port()}, mqtt=mqtt, **settings)
    made.arguments = [sys.executable, RUN, "run", "--config", made.config, "--data", made.data]
    return made


def partstats(one: FriendHub) -> list[tuple[int, str, str]]:
    return [
        (found["sequence"], found["state"], found["attendees"][0]["partstat"])
        for found in one.get("/activities")
    ]


def kinds(one: FriendHub) -> list[str]:
    return [found["kind"] for found in one.get("/suggestions")]


def times(one: FriendHub) -> list[tuple[str, str, bool]]:
    blocks = one.get("/agenda?days=7")
    return [(b["title"], b["window"]["start"], b["tentative"]) for b in blocks]


def witness(one: FriendHub) -> dict[str, Any]:
    (found,) = one.get("/ledger/witnesses")
    return dict(found)


def both_have_signed(one: FriendHub, uid: str, file: Path) -> None:
    assert main(["activity", "receipt", uid, "--data", str(one.data), "--out", str(file)]) == 0
    found = check(file.read_bytes())
    assert (found.faults, found.both) == ((), True)
    said = [line.partition(":")[0] for line in found.holds]
    assert {"REQUEST Fishing", "REPLY Fishing ACCEPTED", "COUNTER Fishing TENTATIVE"} <= set(
        said
    ), said


def an_old_backup_is_put_back(ada: FriendHub, ben: FriendHub, old: Path) -> None:
    """Ben countersigned what Ada did since; then her database is an older one."""
    before = witness(ada)["size"]
    ada.contact("witness", "Ben")
    until(lambda: witness(ada)["size"] > before, ada.words)
    until(lambda: witness(ben)["seen_size"] == witness(ada)["size"], ben.words)
    held = witness(ben)["seen_size"]
    ada.kill()
    verified = run_cli("ledger", "verify", "--data", ada.data)
    assert f"countersigned {held} entries at" in verified.stdout, verified
    for left in ada.data.glob("hub.sqlite*"):
        left.unlink()
    shutil.copy(old, ada.data / "hub.sqlite")
    ada.forget_token()
    ada.start()
    ada.contact("witness", "Ben")
    until(lambda: f"went back from {held} to" in witness(ben)["fault"], ben.words)
    until(lambda: f"Ben holds {held} entries" in witness(ada)["fault"], ada.words)
    assert len(witness(ben)["evidence"]) == 2
    assert witness(ben)["seen_size"] == held, "the smaller one is not signed"


def test_fishing_is_joined_moved_and_called_off(tmp_path: Path, phone: Phone) -> None:
    ntfy = {"url": phone.url, "topic": "ben"}
    people = [{"id": "ben", "name": "Ben", "ntfy": ntfy}]
    with start_mosquitto(tmp_path) as broker:
        ada = hub(tmp_path, "Ada", "ada", broker.url)
        ben = hub(tmp_path, "Ben", "ben", broker.url, members=people)
        try:
            ada.start()
            ben.start()
            befriend(ada, ben)
            ada.contact("witness", "Ben")
            until(lambda: "has not agreed" in witness(ada)["refused"], ada.words)
            ben.contact("witness", "Ada")
            until(lambda: witness(ada)["size"] and witness(ben)["seen_size"], ada.words)
            old = tmp_path / "old.sqlite"
            with closing(sqlite3.connect(ada.data / "hub.sqlite")) as now:
                now.execute("VACUUM INTO ?", (str(old),))
            start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
            fishing = {
                "summary": "Fishing",
                "start": start.isoformat(),
                "end": (start + timedelta(hours=3)).isoformat(),
                "location": "Mill Lake",
                "member": "ada",
            }
            (friend,) = ada.get("/friends")
            made = ada.call("POST", "/api/v1/activities", {**fishing, "guests": [friend["id"]]})
            asked = phone.wait(lambda one: "Fishing" in one.title and one.buttons)
            assert "Mill Lake" in asked.body
            assert tap(asked, "Approve")[0] == 200
            until(lambda: partstats(ada) == [(0, "confirmed", "ACCEPTED")], ada.words)
            until(lambda: partstats(ben) == partstats(ada), ben.words)
            assert times(ada) == times(ben) != []
            assert times(ben)[0][2] is False, "it is agreed"
            path = f"/api/v1/activities/{made['uid']}"
            wanted = {
                "start": (start + timedelta(hours=2)).isoformat(),
                "end": (start + timedelta(hours=5)).isoformat(),
                "member": "ben",
            }
            ben.call("POST", f"{path}/propose", wanted)
            until(lambda: kinds(ada) == ["counter"], ada.words)
            (asked_back,) = ada.get("/suggestions")
            assert "Ben proposes" in asked_back["title"]
            decided = {"version": asked_back["version"], "verb": "approve", "member": "ada"}
            ada.call("POST", f"/api/v1/suggestions/{asked_back['id']}/decision", decided)
            until(lambda: partstats(ben) == [(1, "confirmed", "ACCEPTED")], ben.words)
            until(lambda: partstats(ada) == partstats(ben), ada.words)
            assert times(ada) == times(ben)
            later = {**fishing, "start": (start + timedelta(hours=1)).isoformat()}
            moved = ada.call("PUT", path, later)
            assert moved["sequence"] == 2
            again = phone.wait(lambda one: "answer anew" in one.title and one.buttons)
            until(lambda: partstats(ben) == [(2, "confirmed", "NEEDS-ACTION")], ben.words)
            assert tap(again, "Maybe")[0] == 200
            until(lambda: partstats(ada) == [(2, "confirmed", "TENTATIVE")], ada.words)
            ben.call("POST", f"{path}/answer", {"member": "ben", "answer": "ACCEPTED"})
            until(lambda: partstats(ada) == [(2, "confirmed", "ACCEPTED")], ada.words)
            until(lambda: partstats(ben) == partstats(ada), ben.words)
            assert times(ada) == times(ben)
            for one in (ada, ben):
                both_have_signed(one, made["uid"], tmp_path / f"{one.household}.receipt")
            ben.kill()
            ada.call("POST", f"{path}/cancel", {"member": "ada"})
            ben.start()
            phone.wait(lambda one: "cancelled Fishing" in one.body)
            assert (times(ada), times(ben)) == ([], [])
            an_old_backup_is_put_back(ada, ben, old)
        finally:
            ada.stop()
            ben.stop()
