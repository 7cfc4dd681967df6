"""One flipped bit anywhere in the database: the row is named, or nothing was said by that bit."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Integer, LargeBinary, insert
from sqlmodel import SQLModel

from hub.domain.logins import Login
from hub.domain.push import PushSubscription
from hub.keyfiles.ledgerkey import LedgerKey, ledger_key
from hub.ledger.verify import LogUnreadable, Report
from hub.store.access import Access
from hub.store.crc import COLUMN, PROVED, SCHEMA, UNCHECKED, covered
from hub.store.database import open_database
from hub.store.logfile import verify_file
from hub.store.logins import Logins
from hub.store.passkeys import Passkey, PasskeyStore
from hub.store.peers import PeerStore
from hub.store.push import PushStore
from hub.store.sums import summed
from tests.support.household import Household, Market, make_home

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FLIPS = 200
CHECKED = [
    table
    for name, table in sorted(SQLModel.metadata.tables.items())
    if name not in PROVED | UNCHECKED | SCHEMA
]
Rows = dict[str, list[tuple[Any, ...]]]


def invented(table: Any, number: int) -> dict[str, Any]:
    """Return a row of a table; its texts are in no other row."""
    row: dict[str, Any] = {}
    for column in table.c:
        if isinstance(column.type, Integer):
            row[column.name] = 1_000_000 + number
        elif isinstance(column.type, LargeBinary):
            row[column.name] = f"{table.name}.{column.name}.{number}".encode()
        else:
            row[column.name] = f"{table.name}.{column.name}.{number} and a few more words"
    row.pop(COLUMN)
    return row


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LedgerKey]:
    """The database of a household that ordered, with rows in every table; and its log's key."""
    data = tmp_path_factory.mktemp("kept")
    (data / "secrets").mkdir()
    key = ledger_key(data / "secrets", "home.example")
    house = Household(data / "hub.sqlite", make_home())
    house.house.sign = key.sign
    market = Market(house)
    house.level("milk", 0.4)
    market.offers()
    house.decide("approve")
    market.serve("init")
    market.serve("confirm")
    with house.engine.begin() as connection:
        for table in CHECKED:
            if table.name not in ("checkpoint", "cosignature"):  # They must be signed.
                for number in range(3):
                    row = summed(table, **invented(table, number))
                    if table.name == "outbox":
                        row["state"] = "dead"
                    connection.execute(insert(table).values(row))
    house.close()
    return house.path, key


def rows_of(file: Path) -> Rows:
    """Return every row of the tables that are checked or prove themselves, typed.

    Without how far an effect or a message is (``CHANGING``): no checksum is over that.
    """
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
        database.text_factory = lambda raw: ("text", bytes(raw))
        found: Rows = {}
        for name, table in SQLModel.metadata.tables.items():
            if name not in UNCHECKED:
                asked = ", ".join(f'"{one}"' for one in covered(name, table.c.keys()))
                found[name] = database.execute(f'SELECT {asked} FROM "{name}"').fetchall()
                found[name].sort(key=repr)
        return found


def judged(file: Path, key: LedgerKey) -> list[str]:
    try:
        report: Report = verify_file(file, key.key.verifier)
    except LogUnreadable as error:
        return [str(error)]
    return [fault.what for fault in report.verdict.faults]


@pytest.fixture
def flipped(kept: tuple[Path, LedgerKey], tmp_path: Path) -> Iterator[Any]:
    content = kept[0].read_bytes()
    target = tmp_path / "hub.sqlite"

    def flip(place: int, bit: int) -> Path:
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        target.write_bytes(changed)
        return target

    return flip


def test_an_undamaged_database_is_whole(kept: tuple[Path, LedgerKey]) -> None:
    file, key = kept
    assert judged(file, key) == []
    assert verify_file(file, key.key.verifier).rows > 3 * len(CHECKED) - 6


def test_one_of_200_bits_anywhere_is_named_or_says_nothing(
    kept: tuple[Path, LedgerKey], flipped: Any
) -> None:
    file, key = kept
    chosen = random.Random(6962)
    size, true = file.stat().st_size, rows_of(file)
    silent, named = [], 0
    for _ in range(FLIPS):
        place, bit = chosen.randrange(size), chosen.randrange(8)
        damaged = flipped(place, bit)
        if judged(damaged, key):
            named += 1
        elif rows_of(damaged) != true:
            silent.append((place, bit))
    assert silent == []
    assert named >= 10


def test_a_bit_of_a_row_names_its_table_and_its_key(
    kept: tuple[Path, LedgerKey], flipped: Any
) -> None:
    file, key = kept
    chosen, content = random.Random(3309), file.read_bytes()
    tried = 0
    for table in CHECKED:
        texts = [c.name for c in table.c if not c.primary_key and not isinstance(c.type, Integer)]
        for column in texts[:1]:
            text = str(invented(table, 1)[column]).encode()
            if content.count(text) != 1:
                continue  # An index holds it too: SQLite tells the two apart, not always which.
            tried += 1
            damaged = flipped(content.index(text) + chosen.randrange(len(text)), 0)
            (fault,) = judged(damaged, key)
            first = next(iter(table.primary_key.columns)).name
            assert fault.startswith(f"{table.name}, row "), fault
            assert str(invented(table, 1)[first])[:20] in fault
    assert tried > 15


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE orders SET state = 'completed'", "orders, row "),
        ("UPDATE consent SET crc = NULL", "consent, row "),
        ("UPDATE disclosure SET body = CAST(body AS BLOB)", "disclosure, row "),
        ("UPDATE outbox SET body = 'x'", "outbox, row "),
        ("UPDATE outbox SET state = 'waitiog'", "its state is none there is"),
        ("UPDATE opening SET of = 'ben' WHERE of = 'ana'", "what it sealed is not"),
        ("UPDATE opening SET place = place + 7", "what it sealed is not"),
        ("UPDATE alembic_version SET version_num = '0099'", "the database's schema"),
        ("DROP INDEX suggestion_one_open", "the database's schema"),
        ("PRAGMA user_version = 0", "the database's schema"),
    ],
)
def test_what_was_changed_is_named(
    kept: tuple[Path, LedgerKey], tmp_path: Path, statement: str, said: str
) -> None:
    file, key = kept
    changed = tmp_path / "hub.sqlite"
    changed.write_bytes(file.read_bytes())
    with closing(sqlite3.connect(changed)) as database:
        database.execute(statement)
        database.commit()
    faults = judged(changed, key)
    assert faults
    assert all(said in fault for fault in faults), faults


def test_how_far_an_effect_is_changes_without_its_checksum(
    kept: tuple[Path, LedgerKey], tmp_path: Path
) -> None:
    file, key = kept
    changed = tmp_path / "hub.sqlite"
    changed.write_bytes(file.read_bytes())
    with closing(sqlite3.connect(changed)) as database:
        database.execute("UPDATE outbox SET state = 'leased', attempts = 3, error = 'no answer'")
        database.execute("UPDATE peer_out SET sent_at = 7")
        database.commit()
    assert judged(changed, key) == []


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path / "hub.sqlite")
    yield engine
    engine.dispose()


def test_what_is_written_beside_the_writer_has_its_checksum(engine: Engine, tmp_path: Path) -> None:
    access, logins, passkeys = Access(engine), Logins(engine), PasskeyStore(engine)
    _, session = access.create_session("ana", NOW)
    access.create_code("ana", NOW)
    access.create_feed("ana", NOW)
    access.create_token("grafana", frozenset({"read"}), NOW)
    logins.open_pairing(NOW)
    scale = Login("scale", "device", "$7$101$c2FsdA==$aGFzaA==")
    assert logins.pair("wrong", scale, NOW) == "wrong"
    logins.add(scale, NOW)
    passkeys.add(Passkey("p", "ana", "phone", "hub.example", b"c", b"k", 1, NOW))
    assert passkeys.used("p", 2, NOW)
    assert not passkeys.used("p", 2, NOW), "a copy"
    push = PushStore(engine, lambda: NOW)
    push.put(PushSubscription("ana", "https://push.example/1", b"p" * 65, b"a" * 16), session.id)
    with engine.begin() as connection:
        peers = PeerStore(connection)
        peers.add_invitation("hash", NOW.replace(year=2027), NOW, 10)
        peers.use_invitation("hash", "peer")
    key = ledger_key(tmp_path, "home.example")
    report = verify_file(tmp_path / "hub.sqlite", key.key.verifier)
    assert [fault.what for fault in report.verdict.faults] == []
    assert report.rows == 9
