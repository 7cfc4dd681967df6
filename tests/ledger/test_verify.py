import random
import sqlite3
from typing import NamedTuple

import pytest

from hub.ledger.checkpoint import Checkpoint
from hub.ledger.leaf import canonical, leaf_hash
from hub.ledger.tree import Frontier
from hub.ledger.verify import verify


class Row(NamedTuple):
    """A row whose columns have names."""

    index_: int
    at: int
    kind: bytes
    subject: bytes
    body: bytes
    leaf: bytes


def rows(count):
    found = []
    for number in range(count):
        kind, subject = f"order.{number % 7}", f"order:{number}"
        body = canonical(kind, 10**15 + number, subject, {"n": number}).encode()
        found.append(
            Row(number, 10**15 + number, kind.encode(), subject.encode(), body, leaf_hash(body))
        )
    return found


ROWS = rows(700)


def checkpoint(size):
    root = Frontier().extend(row.leaf for row in ROWS[:size]).root
    return Checkpoint("home.example/log", size, root)


SIGNED = [checkpoint(size) for size in (0, 1, 100, 256, 300, 512, 700)]


def told(verdict):
    return [(fault.index, fault.what) for fault in verdict.faults]


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 700])
def test_a_whole_log_is_whole(count):
    verdict = verify(ROWS[:count], [one for one in SIGNED if one.size <= count])
    assert verdict.whole
    assert told(verdict) == []
    assert verdict.frontier == Frontier().extend(row.leaf for row in ROWS[:count])


def flip(value, bit):
    if isinstance(value, int):
        return value ^ 1 << bit % 60
    raw = bytearray(value)
    raw[bit // 8 % len(raw)] ^= 1 << bit % 8
    return bytes(raw)


CHANCE = random.Random(6962)
PLACES = [
    (CHANCE.randrange(700), column, CHANCE.randrange(4096))
    for _ in range(40)
    for column in ("at", "kind", "subject", "body", "leaf")
]


@pytest.mark.parametrize(("index", "column", "bit"), PLACES)
def test_one_flipped_bit_names_its_entry(index, column, bit):
    damaged = list(ROWS)
    row = ROWS[index]
    damaged[index] = row._replace(**{column: flip(getattr(row, column), bit)})
    verdict = verify(damaged, SIGNED)
    assert [fault.index for fault in verdict.faults] == [index]
    assert f"entry {index} " in verdict.faults[0].what


@pytest.mark.parametrize("column", ["at", "kind", "subject", "body", "leaf"])
@pytest.mark.parametrize("value", [None, 1.5, float("nan"), "text"])
def test_a_cell_of_another_type_names_its_entry(column, value):
    damaged = [*ROWS[:5], ROWS[5]._replace(**{column: value}), *ROWS[6:]]
    assert [fault.index for fault in verify(damaged, SIGNED).faults] == [5]


def test_a_missing_entry_is_named():
    assert told(verify([*ROWS[:300], *ROWS[301:]])) == [
        (300, "entry 300 is missing, 301 comes instead")
    ]


def test_a_missing_end_is_named():
    assert told(verify(ROWS[:650], SIGNED)) == [
        (None, "the log has 650 entries, but 700 were signed: the end is gone")
    ]


@pytest.mark.parametrize(
    ("index", "between"), [(0, "0 to 0"), (260, "256 to 299"), (699, "512 to 699")]
)
def test_an_entry_replaced_with_its_hash_is_told_by_the_checkpoint(index, between):
    row = ROWS[index]
    body = row.body.replace(b'"n":', b'"n":9')
    damaged = [*ROWS[:index], row._replace(body=body, leaf=leaf_hash(body)), *ROWS[index + 1 :]]
    verdict = verify(damaged, SIGNED)
    assert verdict.faults_found == 1
    assert f"one of {between} was replaced" in verdict.faults[0].what


def test_many_faults_are_counted_and_the_first_hundred_named():
    verdict = verify([row._replace(leaf=bytes(32)) for row in ROWS], SIGNED)
    assert verdict.faults_found == 700
    assert [fault.index for fault in verdict.faults] == list(range(100))


def test_rows_are_read_from_sqlite_as_they_lie_there(tmp_path):
    database = sqlite3.connect(tmp_path / "hub.db")
    database.execute(
        'CREATE TABLE ledger ("index" INTEGER PRIMARY KEY, at INTEGER, kind TEXT, subject TEXT,'
        " body TEXT, leaf BLOB)"
    )
    database.executemany(
        "INSERT INTO ledger VALUES (?,?,CAST(? AS TEXT),CAST(? AS TEXT),CAST(? AS TEXT),?)", ROWS
    )
    database.text_factory = bytes
    select = 'SELECT "index", at, kind, subject, body, leaf FROM ledger ORDER BY "index"'
    assert verify(database.execute(select), SIGNED).whole
    database.execute("UPDATE ledger SET subject = CAST(x'ff' AS TEXT) WHERE \"index\" = 42")
    verdict = verify(database.execute(select), SIGNED)
    assert [fault.index for fault in verdict.faults] == [42]
    database.close()
