"""``ledger``: what a hub wrote is checked whole, proved to others, and damage is named."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.app.ledgerkey import LedgerKey, ledger_key
from hub.ledger.checkpoint import open_checkpoint
from hub.ledger.note import VerifierKey
from hub.ledger.tiles import TileHashes, read_bundle
from hub.ledger.tree import root_at
from hub.store.tx import Entry
from hub.store.witness import Cosigned, WitnessStore
from tests.cli.support import Run
from tests.ledger import rfc6962
from tests.support.household import Household, Market, make_home
from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish

RULES = [
    {
        "id": "each_level",
        "name": "Each level",
        "when": {"stock_below_par": {"item": "milk", "below": 1000}},
        "propose": {"kind": "notify", "title": "Milk", "message": "{quantity}"},
        "quiet_hours": "off",
    }
]
MESSAGES = 120
FLIPS = 200


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Path:
    """The data folder of a hub that ran, wrote entries, signed them, and was stopped."""
    from hub.cli.main import main

    hub = HubProcess(
        tmp_path_factory.mktemp("ran"),
        settings={"mqtt": {"url": broker.url, "client_id": "ran"}},
        rules=RULES,
    )
    with hub:
        hub.wait_connected()
        half = str(hub.data / "half.checkpoint")
        for number in range(MESSAGES):
            stock = f'{{"item": "milk", "quantity": {number}, "id": "m{number}"}}'
            publish(broker, "commonhearth/v1/scale/stock", stock.encode())
            if number == MESSAGES // 2:
                assert main(["ledger", "checkpoint", "--data", str(hub.data), "--out", half]) == 0
        hub.wait_level("milk", MESSAGES - 1)
        # Beside the running hub, which signs within the hour.
        until(lambda: main(["ledger", "checkpoint", "--data", str(hub.data)]) == 0)
    return hub.data


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    """A household whose members approved an order, in ``tmp_path``/data."""
    data = tmp_path / "data"
    (data / "secrets").mkdir(parents=True)
    house = Household(data / "hub.sqlite", make_home())
    house.house.sign = ledger_key(data / "secrets", "home.example").sign
    market = Market(house)
    house.level("milk", 0.4)
    market.offers()
    house.decide("approve")
    market.serve("init")
    market.serve("confirm")
    yield house
    house.close()


def log_of(file: Path) -> list[list[object]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.text_factory = bytes
        return [
            database.execute('SELECT * FROM ledger ORDER BY "index"').fetchall(),
            database.execute("SELECT * FROM checkpoint ORDER BY size").fetchall(),
            database.execute("SELECT * FROM opening ORDER BY entry, place").fetchall(),
        ]


def flipped(data: Path, folder: Path, place: int, bit: int) -> Path:
    """Return a copy of the data folder with one bit of its database flipped."""
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    shutil.copy(data / "secrets" / "ledger.key", folder / "secrets")
    content = bytearray((data / "hub.sqlite").read_bytes())
    content[place] ^= 1 << bit
    for left in folder.glob("hub.sqlite*"):
        left.unlink()
    (folder / "hub.sqlite").write_bytes(content)
    return folder


def test_a_hubs_log_is_whole(run: Run, ran: Path) -> None:
    told = run("ledger", "verify", "--data", ran)
    assert told.code == 0, told
    assert re.search(r"\d+ entries, 2 checkpoints; .*the log is whole\.", told.out)
    report = run("ledger", "verify", "--data", ran, "--json").json
    assert report["whole"] is True
    assert report["entries"] == report["signed"] >= MESSAGES
    assert report["openings"] >= MESSAGES


def test_one_flipped_bit_anywhere_is_named_or_did_not_touch_the_log(
    run: Run, ran: Path, tmp_path: Path
) -> None:
    chosen = random.Random(6962)
    size = (ran / "hub.sqlite").stat().st_size
    true = log_of(ran / "hub.sqlite")
    named = refused = untouched = 0
    for _ in range(FLIPS):
        place, bit = chosen.randrange(size), chosen.randrange(8)
        data = flipped(ran, tmp_path, place, bit)
        told = run("ledger", "verify", "--data", data)
        where = f"bit {bit} of byte {place}: {told}"
        assert "Traceback" not in told.err + told.out, where
        if told.code == 0:
            untouched += 1
            assert log_of(data / "hub.sqlite") == true, where
        elif told.err:
            refused += 1
            assert len(told.err.splitlines()) == 1, where
            assert told.err.startswith(f"error: {data / 'hub.sqlite'}: "), where
        else:
            named += 1
            assert re.match(r"entry \d+|the checkpoint|the database|the log|one of", told.out)
    assert named + refused + untouched == FLIPS
    assert named > 20, (named, refused, untouched)


def test_a_bit_of_an_entry_names_that_entry(run: Run, ran: Path, tmp_path: Path) -> None:
    chosen = random.Random(9162)
    content = (ran / "hub.sqlite").read_bytes()
    entries = log_of(ran / "hub.sqlite")[0]
    for index, *_, body, _leaf in chosen.sample(entries, 50):
        place = content.index(body) + chosen.randrange(len(body))
        data = flipped(ran, tmp_path, place, chosen.randrange(8))
        told = run("ledger", "verify", "--data", data, "--json")
        assert told.code == 1
        assert index in [fault["entry"] for fault in told.json["faults"]], (index, told)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE ledger SET subject = 'x' WHERE \"index\" = 7", "entry 7 has a time, kind or"),
        ('UPDATE ledger SET at = at + 1 WHERE "index" = 7', "entry 7 has a time, kind or"),
        ('DELETE FROM ledger WHERE "index" = 7', "entry 7 is missing"),
        ('DELETE FROM ledger WHERE "index" > 7', "the end is gone"),
        ('UPDATE ledger SET body = CAST(body AS BLOB) WHERE "index" = 7', "entry 7 is kept as"),
        ("UPDATE checkpoint SET size = size + 1", "it is signed for"),
        ("UPDATE checkpoint SET note = replace(note, '=', '+')", "the checkpoint of"),
        ("UPDATE checkpoint SET roots = zeroblob(length(roots))", "the hashes beside it"),
        ("UPDATE opening SET value = '\"eve\"' WHERE entry = 7", "entry 7: what it sealed"),
        ("UPDATE opening SET value = 'x' WHERE entry = 7", "entry 7: what it sealed"),
        ("UPDATE opening SET entry = 999999 WHERE entry = 7", "entry 999999: what it sealed"),
        ("DROP TABLE checkpoint", "no such table: checkpoint"),
    ],
)
def test_what_was_changed_is_told(
    run: Run, ran: Path, tmp_path: Path, statement: str, said: str
) -> None:
    shutil.copytree(ran, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "hub.sqlite")) as database:
        database.execute(statement)
        database.commit()
    told = run("ledger", "verify", "--data", tmp_path / "data")
    assert told.code == 1
    assert said in told.out + told.err


def test_an_entry_replaced_with_its_hash_is_told_by_the_checkpoint(
    run: Run, ran: Path, tmp_path: Path
) -> None:
    from hub.ledger.leaf import leaf_hash

    shutil.copytree(ran, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "hub.sqlite")) as database:
        (body,) = database.execute('SELECT body FROM ledger WHERE "index" = 9').fetchone()
        other = body.replace('"rule_version":"', '"rule_version":"f')
        assert other != body
        database.execute(
            'UPDATE ledger SET body = ?, leaf = ? WHERE "index" = 9',
            (other, leaf_hash(other.encode())),
        )
        database.commit()
    told = run("ledger", "verify", "--data", tmp_path / "data")
    assert told.code == 1
    assert re.search(r"one of 0 to \d+ was replaced together with its hash", told.out)


def test_erased_facts_leave_the_log_whole(run: Run, home: Household) -> None:
    data = home.path.parent
    with closing(sqlite3.connect(home.path)) as database:
        database.execute("DELETE FROM opening WHERE of = 'ana'")
        database.commit()
    assert run("ledger", "verify", "--data", data).code == 0


def test_a_proof_is_checked_elsewhere_and_by_others(
    run: Run, home: Household, tmp_path: Path
) -> None:
    data, away = home.path.parent, tmp_path / "away"
    away.mkdir()
    approved = next(one.index for one in home.views.ledger() if one.kind == "approved")
    proof, key = away / "entry.proof", away / "hub.key"
    assert run("ledger", "prove", approved, "--data", data, "--out", proof).code == 0
    assert run("ledger", "key", "--data", data, "--out", key).code == 0
    told = run("ledger", "check", proof, "--key", key)
    assert told.code == 0, told
    assert f"entry {approved} of" in told.out
    assert "ana" not in told.out, "sealed"
    entry, led_to, signed = rfc6962.root_of_proof_file(proof.read_text())
    assert led_to == signed
    assert b'"kind":"approved"' in entry

    open_proof = away / "open.proof"
    run("ledger", "prove", approved, "--data", data, "--reveal", "--out", open_proof)
    found = run("ledger", "check", open_proof, "--key", key.read_text().strip(), "--json").json
    assert (found["kind"], found["facts"]["member"]) == ("approved", "ana")
    assert found["log"] == "home.example/ledger"


def test_what_others_countersigned_is_carried_checked_and_told(
    run: Run, home: Household, tmp_path: Path
) -> None:
    data, proof, key = home.path.parent, tmp_path / "proof", tmp_path / "key"
    run("ledger", "key", "--data", data, "--out", key)
    friend = LedgerKey("birch.example/ledger", b"b" * 32)
    raw = run("ledger", "checkpoint", "--data", data).out
    opened = open_checkpoint(raw, VerifierKey.parse(key.read_text().strip()))
    size, at = opened.checkpoint.size, int(home.clock.now().timestamp())
    signed = Cosigned("b", size, home.clock.now(), friend.witness, friend.cosign(opened, at))
    home.do(lambda tx: WitnessStore(tx.connection).keep(signed))
    home.do(lambda tx: tx.append(Entry("more", "x", {})))
    run("ledger", "checkpoint", "--data", data)
    run("ledger", "prove", 1, "--data", data, "--out", proof)
    told = run("ledger", "check", proof, "--key", key, "--witness", friend.witness)
    assert told.code == 0, told
    assert f"entry 1 of {size} is in the log" in told.out
    assert "countersigned by birch.example/witness at 2026-11-24 12:0" in told.out
    other = LedgerKey("cleo.example/ledger", b"c" * 32).witness
    refused = run("ledger", "check", proof, "--key", key, "--witness", other).refused(1)
    assert refused == "cleo.example/witness has not countersigned this checkpoint"
    (found,) = run("ledger", "verify", "--data", data, "--json").json["witnesses"]
    assert (found["witness"], found["size"]) == ("birch.example/witness", size)
    with closing(sqlite3.connect(home.path)) as database:
        database.execute("UPDATE cosignature SET line = replace(line, 'A', 'B')")
        database.commit()
    told = run("ledger", "verify", "--data", data)
    assert told.code == 1
    assert f"the countersignature of {size} entries by b: " in told.out


@pytest.mark.parametrize("part", ["extra ", "index ", "home.example/ledger\n", "— home"])
def test_a_changed_proof_is_refused_in_one_line(
    run: Run, home: Household, tmp_path: Path, part: str
) -> None:
    data, proof, key = home.path.parent, tmp_path / "proof", tmp_path / "key"
    run("ledger", "prove", 1, "--data", data, "--out", proof)
    run("ledger", "key", "--data", data, "--out", key)
    text = proof.read_text()
    at = text.index(part) + len(part)
    proof.write_text(text[:at] + "9" + text[at:])
    assert run("ledger", "check", proof, "--key", key).refused(1)


def test_growth_is_proved_from_a_checkpoint_somebody_holds(
    run: Run, home: Household, tmp_path: Path
) -> None:
    data, held, key = home.path.parent, tmp_path / "held", tmp_path / "key"
    run("ledger", "checkpoint", "--data", data, "--out", held)
    run("ledger", "key", "--data", data, "--out", key)
    size = home.house.log.frontier.size
    for _ in range(5):
        home.do(lambda tx: tx.append(Entry("more", "x", {})))
    grown = tmp_path / "grown"
    assert run("ledger", "consistency", held, "--data", data, "--out", grown).code == 0
    told = run("ledger", "check", grown, "--key", key, "--seen", held)
    assert f"grew from {size} to {size + 5} entries" in told.out
    assert "expected the checkpoint" in run("ledger", "check", grown, "--key", key).refused(2)
    assert run("ledger", "consistency", 0, "--data", data, "--out", grown).code == 0
    found = run("ledger", "check", grown, "--key", key, "--json").json
    assert (found["from"], found["to"]) == (0, size + 5)


def test_a_rewritten_past_does_not_grow(run: Run, home: Household, tmp_path: Path) -> None:
    data, held, key = home.path.parent, tmp_path / "held", tmp_path / "key"
    run("ledger", "checkpoint", "--data", data, "--out", held)
    run("ledger", "key", "--data", data, "--out", key)
    with closing(sqlite3.connect(home.path)) as database:
        database.execute('UPDATE ledger SET leaf = zeroblob(32) WHERE "index" = 1')
        # The liar also signs anew.
        database.execute("DELETE FROM checkpoint")
        database.commit()
    home.do(lambda tx: tx.append(Entry("more", "x", {})))
    grown = tmp_path / "grown"
    assert run("ledger", "consistency", held, "--data", data, "--out", grown).code == 0
    refused = run("ledger", "check", grown, "--key", key, "--seen", held).refused(1)
    assert "signed" in refused


def test_anyone_can_mirror_the_published_log(run: Run, home: Household, tmp_path: Path) -> None:
    data, folder = home.path.parent, tmp_path / "www"
    for number in range(300):
        home.do(lambda tx, number=number: tx.append(Entry("some", f"s{number}", {})))
    assert run("ledger", "publish", folder, "--data", data).code == 0
    before = (folder / "tile" / "0" / "000").read_bytes()
    for number in range(300):
        home.do(lambda tx, number=number: tx.append(Entry("more", f"m{number}", {"title": "ana"})))
    told = run("ledger", "publish", folder, "--data", data)
    assert "300 new entries" in told.out
    assert (folder / "tile" / "0" / "000").read_bytes() == before
    size = home.house.log.frontier.size
    lines = (folder / "checkpoint").read_text().split("\n")
    assert lines[:2] == ["home.example/ledger", str(size)]
    hashes = TileHashes(lambda path: (folder / path).read_bytes(), size)
    assert root_at(hashes, size) == home.house.log.frontier.root
    entries = []
    for number in range(-(-size // 256)):
        width = min(256, size - number * 256)
        name = f"tile/entries/{number:03}" + ("" if width == 256 else f".p/{width}")
        entries += read_bundle((folder / name).read_bytes(), width)
    assert rfc6962.mth(entries) == home.house.log.frontier.root
    assert b'"ana"' not in b"".join(entries)
    assert not list(folder.rglob(".*"))


def test_a_folder_of_another_log_is_left_alone(
    run: Run, home: Household, ran: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "www"
    run("ledger", "publish", folder, "--data", ran)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    told = run("ledger", "publish", folder, "--data", home.path.parent)
    assert "expected a folder of this log" in told.refused(1)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_list_says_what_happened(run: Run, home: Household) -> None:
    there = ("--data", home.path.parent)
    told = run("ledger", "list", *there)
    assert "Approved: " in told.out
    rows = run("ledger", "list", *there, "--limit", 500, "--json").json
    assert [row["index"] for row in rows] == list(reversed(range(len(rows))))
    assert rows[0]["text"]
    about = rows[-1]["subject"]
    assert {
        r["subject"] for r in run("ledger", "list", *there, "--subject", about, "--json").json
    } == {about}


@pytest.mark.parametrize(
    "command",
    [("verify",), ("list",), ("prove", 0), ("consistency", 0), ("checkpoint",), ("publish", "www")],
    ids=lambda command: command[0],
)
def test_where_no_hub_has_run_that_is_said(
    run: Run, tmp_path: Path, command: tuple[object, ...]
) -> None:
    refused = run("ledger", *command, "--data", tmp_path).refused(1)
    assert "no hub has run here yet" in refused or "a hub makes it" in refused
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_told_in_one_line(run: Run, home: Household, tmp_path: Path) -> None:
    there = ("--data", home.path.parent)
    assert "there is no entry 9999" in run("ledger", "prove", 9999, *there).refused(1)
    assert "there is no entry -1" in run("ledger", "prove", *there, "--", -1).refused(1)
    assert "cannot be proved" in run("ledger", "consistency", 9999, *there).refused(1)
    assert "No such file" in run("ledger", "consistency", tmp_path / "x", *there).refused(2)
    (tmp_path / "empty").write_text("")
    assert (
        run("ledger", "check", tmp_path / "empty", "--key", "a+b+c").refused(2).startswith("--key:")
    )
    key = tmp_path / "key"
    run("ledger", "key", *there, "--out", key)
    assert "empty line" in run("ledger", "check", tmp_path / "empty", "--key", key).refused(1)
    secret = home.path.parent / "secrets" / "ledger.key"
    secret.chmod(0o644)
    assert "chmod 600" in run("ledger", "key", *there).refused(1)
    secret.chmod(0o600)
    secret.write_text(secret.read_text().replace("home", "hame"))
    assert "put it back from a backup" in run("ledger", "key", *there).refused(1)
