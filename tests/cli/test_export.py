"""``export`` and ``erase``: everything is handed out, and gone when it is to be gone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from ruamel.yaml import YAML
from sqlmodel import SQLModel

from hub.app.secrets import NtfyTopics
from hub.keyfiles.ledgerkey import ledger_key
from hub.ledger.checkpoint import open_checkpoint
from hub.settings import MemberSettings
from hub.store.access import Access
from hub.store.database import lock_folder
from hub.store.everything import LEFT_OUT, SECRET, exported
from hub.store.passkeys import Passkey, PasskeyStore
from hub.store.tx import Entry
from tests.cli.support import Run
from tests.support.household import Household, Market, make_home
from tests.support.hubprocess import write_config

NAME = "Zuzanna"
MEMBERS = [
    {"id": "zuza", "name": NAME, "ntfy": {"topic": "zuza-topic", "token": "tk_canary"}},
    {"id": "ben", "name": "Ben", "apprise": ["json://user:pw@127.0.0.1:9"]},
]
SETTINGS: dict[str, Any] = {
    "members": MEMBERS,
    "mqtt": {"url": "mqtt://127.0.0.1:9", "username": "hub", "password": "pw-canary"},
}


class Folders:
    def __init__(self, tmp_path: Path) -> None:
        self.config = write_config(tmp_path / "config", settings=SETTINGS)
        self.data = tmp_path / "data"
        (self.data / "secrets").mkdir(parents=True)
        self.house = Household(self.data / "hub.sqlite", make_home(settings={"members": MEMBERS}))
        self.key = ledger_key(self.data / "secrets", "home.example")
        self.house.house.sign = self.key.sign

    @property
    def there(self) -> tuple[object, ...]:
        return ("--config", self.config, "--data", self.data)

    def bytes(self) -> bytes:
        """Return all that the data folder holds."""
        return b"".join(file.read_bytes() for file in self.data.rglob("*") if file.is_file())


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Folders]:
    folders = Folders(tmp_path)
    house, market = folders.house, Market(folders.house)
    house.level("milk", 0.4)
    market.offers()
    house.decide("approve", member="zuza")
    market.serve("init")
    market.serve("confirm")
    house.clock.turn(hours=5)
    house.level("eggs", 1)
    market.offers()
    house.decide("decline", house.open()[-1], member="zuza")
    house.do(lambda tx: tx.append(Entry("stock_changed", "rice", {"source": "member:zuza"})))
    access = Access(house.engine)
    access.create_session("zuza", house.clock.now())
    access.create_code("zuza", house.clock.now())
    PasskeyStore(house.engine).add(
        Passkey("1" * 32, "zuza", "Z phone", "hub.local", b"c", b"k", 0, house.clock.now())
    )
    access.create_token("grafana", frozenset({"read"}), house.clock.now())
    topics = NtfyTopics(folders.data / "secrets")
    for one in ("zuza", "ben"):
        topics.of(MemberSettings(id=one, name=one))
    yield folders
    house.close()


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with zipfile.ZipFile(file) as packed:
        for name in packed.namelist():
            text = packed.read(name).decode()
            rows = [json.loads(line) for line in text.splitlines()] if ".jsonl" in name else text
            found[name] = rows
    return found


def test_everything_is_handed_out_in_open_formats(run: Run, home: Folders, tmp_path: Path) -> None:
    told = run("export", *home.there, "--out", tmp_path / "home.zip")
    assert told.code == 0, told
    found = read(tmp_path / "home.zip")
    assert {f"{name}.jsonl" for name in exported()} < set(found)
    assert len(found["ledger.jsonl"]) == len(home.house.ledger())
    approved = next(one for one in found["ledger.jsonl"] if one["kind"] == "approved")
    assert approved["facts"]["member"] == "zuza", "what is sealed is open to the household"
    assert approved["at"].endswith("+00:00")
    assert {one["body"]["state"] for one in found["orders.jsonl"]} >= {"confirmed", "cancelled"}
    assert found["checkpoint.jsonl"]
    opened = open_checkpoint(found["checkpoint.jsonl"][-1]["note"], home.key.key.verifier)
    assert opened.checkpoint.size <= len(found["ledger.jsonl"])
    events = Calendar.from_ical(found["deliveries.ics"]).walk("VEVENT")
    assert [str(one["STATUS"]) for one in events].count("CONFIRMED") == 1
    hub = YAML(typ="safe").load(found["config/hub.yaml"])
    assert hub["members"][0]["name"] == NAME
    assert (tmp_path / "home.zip").stat().st_mode & 0o077 == 0


def test_secrets_are_not_handed_out(run: Run, home: Folders, tmp_path: Path) -> None:
    run("export", *home.there, "--out", tmp_path / "home.zip")
    whole = json.dumps(read(tmp_path / "home.zip"))
    for secret in ("pw-canary", "tk_canary", "user:pw"):
        assert secret not in whole
    with home.house.engine.connect() as connection:
        for query in ("SELECT hash FROM web_session", "SELECT hash FROM api_token"):
            (value,) = connection.exec_driver_sql(query).one()
            assert value not in whole
    for file in (home.data / "secrets").iterdir():
        assert file.read_text().strip() not in whole


def test_every_table_is_handed_out_or_left_out_for_a_reason() -> None:
    assert set(exported()) | LEFT_OUT == set(SQLModel.metadata.tables)
    columns = {column.name for t in SQLModel.metadata.tables.values() for column in t.c}
    assert columns >= SECRET - {"secret", "seed"}, "a column of that name was renamed"


def test_a_member_gets_what_is_about_them(run: Run, home: Folders, tmp_path: Path) -> None:
    told = run("export", *home.there, "--member", "zuza", "--out", tmp_path / "a.zip", "--json")
    assert told.json["rows"]["web_session"] == 1
    found = read(tmp_path / "a.zip")
    kinds = {one["kind"] for one in found["ledger.jsonl"]}
    assert {"approved", "declined", "stock_changed"} <= kinds
    assert "checkpoint" not in told.json["rows"]
    assert YAML(typ="safe").load(found["config/hub.yaml"])["members"][0]["id"] == "zuza"
    assert "Ben" not in found["config/hub.yaml"]
    nobody = run("export", *home.there, "--member", "eve", "--out", tmp_path / "b.zip", "--json")
    assert nobody.json["rows"] == {}


def test_a_member_is_forgotten_and_the_log_stays_whole(run: Run, home: Folders) -> None:
    size = len(home.house.ledger())
    home.house.close()
    assert NAME.encode() in home.bytes()
    assert b"zuza" in home.bytes()
    told = run("erase", *home.there, "--member", "zuza", "--yes", "--json")
    assert told.code == 0, told
    assert told.json["erased"]["sealed facts"] > 3
    assert told.json["erased"]["web session"] == 1
    assert told.json["erased"]["passkey"] == 1
    assert told.json["left_in_clear"] == 0
    assert NAME.encode() not in home.bytes()
    assert b"zuza" not in home.bytes(), "in no page of the database either"
    verified = run("ledger", "verify", "--data", home.data, "--json").json
    assert verified["whole"] is True
    assert verified["entries"] == verified["signed"] == size + 1, "that it was erased is noted"
    home.house.restart()
    entries = home.house.views.ledger()
    assert [one.kind for one in entries if one.kind == "approved"] == ["approved"]
    assert home.house.views.suggestions(open_only=False, limit=10)
    assert home.house.views.orders(limit=10)
    assert json.loads((home.data / "secrets" / "ntfy.json").read_text()).keys() == {"ben"}


def test_a_proof_made_before_still_holds_after(run: Run, home: Folders, tmp_path: Path) -> None:
    there = ("--data", home.data)
    approved = next(one.index for one in home.house.views.ledger() if one.kind == "approved")
    run("ledger", "prove", approved, *there, "--reveal", "--out", tmp_path / "proof")
    run("ledger", "checkpoint", *there, "--out", tmp_path / "held")
    run("ledger", "key", *there, "--out", tmp_path / "key")
    home.house.close()
    assert run("erase", *home.there, "--member", "zuza", "--yes").code == 0
    key = ("--key", tmp_path / "key")
    assert run("ledger", "check", tmp_path / "proof", *key, "--json").json["facts"]["member"]
    run("ledger", "consistency", tmp_path / "held", *there, "--out", tmp_path / "grown")
    assert run("ledger", "check", tmp_path / "grown", *key, "--seen", tmp_path / "held").code == 0
    run("ledger", "prove", approved, *there, "--reveal", "--out", tmp_path / "later")
    facts = run("ledger", "check", tmp_path / "later", *key, "--json").json["facts"]
    assert "member" not in facts


def test_what_is_over_is_erased_and_what_is_open_stays(run: Run, home: Folders) -> None:
    market = Market(home.house)
    home.house.clock.turn(days=3)
    home.house.level("rice", 0.1)
    market.offers()
    open_before = [one.id for one in home.house.open()]
    live = sorted(home.house.house.orders)
    home.house.close()
    told = run("erase", *home.there, "--before", "2026-11-25", "--yes", "--json")
    assert told.code == 0, told
    assert told.json["erased"]["suggestion"] == 2
    assert told.json["erased"]["sealed facts"] > 5
    assert run("ledger", "verify", "--data", home.data).code == 0
    home.house.restart()
    assert [one.id for one in home.house.open()] == open_before
    assert sorted(home.house.house.orders) == live
    facts = [json.loads(one.body)["facts"] for one in home.house.views.ledger()]
    assert not [one for one in facts if "member" in one]


def test_entries_of_before_are_told(run: Run, home: Folders) -> None:
    from hub.ledger.leaf import canonical, leaf_hash

    body = canonical("approved", 5, "s", {"member": "zuza"})
    size = len(home.house.ledger())
    with home.house.engine.begin() as connection:
        connection.exec_driver_sql(
            'INSERT INTO ledger ("index", at, kind, subject, body, leaf) VALUES (?, 5, ?, ?, ?, ?)',
            (size, "approved", "s", body, leaf_hash(body.encode())),
        )
    home.house.close()
    told = run("erase", *home.there, "--member", "zuza", "--yes")
    assert "1 entries of the log were written before facts were sealed" in told.out


def test_nothing_is_erased_while_a_hub_runs_or_unless_meant(run: Run, home: Folders) -> None:
    words = (*home.there, "--member", "zuza")
    assert "nothing was erased" in run("erase", *words).refused(2)
    lock = lock_folder(home.data)
    assert "used by another hub" in run("erase", *words, "--yes").refused(1)
    lock.close()
    assert b"zuza" in home.bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "expected --member or --before"),
        (("--member", "a", "--before", "2026-01-01"), "one of them"),
        (("--before", "soon", "--yes"), "expected a date"),
        (("--before", "2999-01-01", "--yes"), "has not come yet"),
    ],
)
def test_erase_says_what_it_needs(
    run: Run, home: Folders, words: tuple[str, ...], said: str
) -> None:
    assert said in run("erase", *home.there, *words).refused(2)


def test_export_says_what_is_in_the_way(run: Run, home: Folders, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    assert "there already" in run("export", *home.there, "--out", tmp_path / "there").refused(2)
    gone = tmp_path / "gone" / "x.zip"
    assert "No such file" in run("export", *home.there, "--out", gone).refused(1)
    empty = ("--config", home.config, "--data", tmp_path / "no")
    assert "no hub has run" in run("export", *empty, "--out", tmp_path / "x").refused(1)
    assert "no hub has run" in run("erase", *empty, "--member", "a", "--yes").refused(1)
    assert not (tmp_path / "x").exists()
