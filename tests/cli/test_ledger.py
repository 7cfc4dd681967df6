"""``ledger``: what a hub wrote is checked whole, proved to others, and damage is named."""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from hub.app import ledgertools
from hub.app.ledgertools import Published
from hub.app.mirror import fetcher, mirror
from hub.keyfiles.ledgerkey import LedgerKey, ledger_key
from hub.ledger.checkpoint import open_checkpoint
from hub.ledger.note import VerifierKey
from hub.ledger.tiles import read_bundle
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
    assert re.search(r"\d+ entries, 2 checkpoints, \d+ other rows; .*the log is whole\.", told.out)
    report = run("ledger", "verify", "--data", ran, "--json").json
    assert report["whole"] is True
    assert report["entries"] == report["signed"] >= MESSAGES
    assert report["openings"] >= MESSAGES


def test_a_bit_of_an_entry_names_that_entry(run: Run, ran: Path, tmp_path: Path) -> None:
    chosen = random.Random(9162)
    content = (ran / "hub.sqlite").read_bytes()
    with closing(sqlite3.connect(f"file:{ran / 'hub.sqlite'}?mode=ro", uri=True)) as database:
        entries = database.execute('SELECT "index", body FROM ledger').fetchall()
    for index, body in chosen.sample(entries, 10):
        place = content.index(body.encode()) + chosen.randrange(len(body))
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
    shutil.copytree(data, tmp_path / "changed")
    with closing(sqlite3.connect(tmp_path / "changed" / "hub.sqlite")) as database:
        database.execute("UPDATE cosignature SET line = replace(line, 'A', 'B')")
        database.commit()
    told = run("ledger", "verify", "--data", tmp_path / "changed")
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
    entries = []
    for number in range(-(-size // 256)):
        width = min(256, size - number * 256)
        name = f"tile/entries/{number:03}" + ("" if width == 256 else f".p/{width}")
        entries += read_bundle((folder / name).read_bytes(), width)
    assert rfc6962.mth(entries) == home.house.log.frontier.root
    assert b'"ana"' not in b"".join(entries)
    assert not list(folder.rglob(".*"))


def test_what_is_published_is_what_others_countersigned(
    run: Run, home: Household, tmp_path: Path
) -> None:
    data, folder, now = home.path.parent, tmp_path / "www", home.clock.now()
    key = ledger_key(data / "secrets", "home.example")
    friend = LedgerKey("birch.example/ledger", b"b" * 32)
    opened = open_checkpoint(run("ledger", "checkpoint", "--data", data).out, key.key.verifier)
    size = opened.checkpoint.size
    line = friend.cosign(opened, int(now.timestamp()))
    home.do(lambda tx: WitnessStore(tx.connection).keep(Cosigned("b", size, now, "k", line)))
    for number in range(300):
        home.do(lambda tx, number=number: tx.append(Entry("more", f"m{number}", {})))
    write = partial(ledgertools.publish, home.engine, key, folder)
    assert write(now) == Published(0, size, 1, 300)
    note = (folder / "checkpoint").read_bytes()
    assert open_checkpoint(note, key.key.verifier).checkpoint == opened.checkpoint
    assert line.encode() in note
    assert mirror(fetcher(str(folder)), key.key.verifier).signed.checkpoint.size == size
    # Nobody signed anything since: the log is not held back by those who are silent.
    assert write(now + timedelta(seconds=1)) == Published(size, size + 300, 0, 0)
    # What is published is not taken back to what was countersigned.
    assert write(now) == Published(size + 300, size + 300, 0, 0)
    assert mirror(fetcher(str(folder)), key.key.verifier).signed.checkpoint.size == size + 300


@pytest.fixture
def published(run: Run, home: Household, tmp_path: Path) -> Path:
    """A log of more than a tile, published, with its key beside it."""
    for number in range(300):
        home.do(lambda tx, number=number: tx.append(Entry("some", f"s{number}", {})))
    data, folder = home.path.parent, tmp_path / "www"
    run("ledger", "publish", folder, "--data", data)
    run("ledger", "key", "--data", data, "--out", tmp_path / "key")
    return folder


def test_a_stranger_mirrors_a_log_over_http_and_sees_it_grow(
    run: Run, home: Household, published: Path, tmp_path: Path
) -> None:
    key, copy = tmp_path / "key", tmp_path / "copy"
    with serving(published) as url:
        told = run("ledger", "mirror", url, "--key", key, "--to", copy)
        size = home.house.log.frontier.size
        assert f"{size} entries are published, and they are those signed" in told.out
        for number in range(300):
            home.do(lambda tx, number=number: tx.append(Entry("more", f"m{number}", {})))
        run("ledger", "publish", published, "--data", home.path.parent)
        # Partial files may be deleted once the whole ones are there (tlog-tiles).
        for partial in published.rglob("*.p"):
            if (partial.parent / partial.name.removesuffix(".p")).exists():
                shutil.rmtree(partial)
        told = run("ledger", "mirror", url, "--key", key, "--to", copy, "--json")
    grown = json.loads(told.out)
    assert (grown["from"], grown["size"]) == (size, home.house.log.frontier.size)
    assert {one.relative_to(published) for one in files_of(published)} <= {
        one.relative_to(copy) for one in files_of(copy)
    }
    assert run("ledger", "mirror", copy, "--key", key).code == 0


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("tile/entries/000", "not those that were signed"),
        ("tile/0/000", "does not hold the hashes"),
        ("checkpoint", "sign"),
    ],
)
def test_a_published_log_with_one_bit_changed_is_not_mirrored(
    run: Run, published: Path, tmp_path: Path, path: str, said: str
) -> None:
    data = bytearray((published / path).read_bytes())
    data[100] ^= 1
    (published / path).write_bytes(data)
    copy = tmp_path / "copy"
    refused = run("ledger", "mirror", published, "--key", tmp_path / "key", "--to", copy).refused(1)
    assert said in refused
    assert not copy.exists()


def test_a_mirror_notices_a_past_that_was_changed(
    run: Run, home: Household, published: Path, tmp_path: Path
) -> None:
    key, copy = tmp_path / "key", tmp_path / "copy"
    run("ledger", "mirror", published, "--key", key, "--to", copy)
    before = {one: one.read_bytes() for one in files_of(copy)}
    with closing(sqlite3.connect(home.path)) as database:
        database.execute("DELETE FROM checkpoint")
        database.execute('DELETE FROM ledger WHERE "index" > 10')
        database.commit()
    home.restart()
    home.house.sign = ledger_key(home.path.parent / "secrets", "home.example").sign
    home.do(lambda tx: tx.append(Entry("another", "past", {})))
    shutil.rmtree(published)
    run("ledger", "publish", published, "--data", home.path.parent)
    assert run("ledger", "mirror", published, "--key", key).code == 0
    refused = run("ledger", "mirror", published, "--key", key, "--to", copy).refused(1)
    assert "its past was changed" in refused
    assert {one: one.read_bytes() for one in files_of(copy)} == before


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://127.0.0.1:1/ledger", "refused"),
        ("nowhere", "no checkpoint is published there"),
    ],
)
def test_where_nothing_is_published(
    run: Run, published: Path, tmp_path: Path, source: str, said: str
) -> None:
    refused = run("ledger", "mirror", source, "--key", tmp_path / "key").refused(1)
    assert said in refused


def files_of(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder as any web server does."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


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
