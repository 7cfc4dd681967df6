"""The log in the database: sealed facts, checkpoints in the commit that they are about."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from hub.ledger.leaf import MAX_ENTRY
from hub.ledger.note import SigningKey
from hub.ledger.tree import Frontier, root_of
from hub.store.log import load_log, sign_now
from hub.store.tables import CheckpointRow, LedgerRow, OpeningRow
from hub.store.tx import Entry, Tx
from tests.support.household import Household, Market, make_home, same

KEY = SigningKey("hub.example/ledger", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def sign(size: int, root: bytes) -> str:
    return str(sign_checkpoint(Checkpoint(KEY.name, size, root), KEY))


@pytest.fixture
def house(tmp_path: Path):
    household = Household(tmp_path / "hub.db", make_home())
    household.house.sign = sign
    yield household
    household.close()


def checkpoints(house: Household) -> list[Checkpoint]:
    rows = sorted(house.rows(CheckpointRow), key=lambda row: row.size)
    return [open_checkpoint(row.note, KEY.verifier).checkpoint for row in rows]


def leaves(house: Household) -> list[bytes]:
    return [row.leaf for row in sorted(house.rows(LedgerRow), key=lambda row: row.index)]


def add(house: Household, kind: str = "something", **facts: object) -> int:
    return house.do(lambda tx: tx.append(Entry(kind, "subject", facts)))


def test_an_approval_is_signed_in_its_own_commit(house: Household) -> None:
    market = Market(house)
    house.level("milk", 0.4)
    market.offers()
    assert checkpoints(house) == []
    house.decide("approve")
    (one,) = checkpoints(house)
    assert one.size == len(leaves(house)), "also what followed from it in that commit"
    assert one.root == root_of(leaves(house))
    assert house.house.log.signed == one.size
    same(house.house, house.load())


def test_other_entries_are_signed_within_an_hour(house: Household) -> None:
    add(house)
    house.tick(minutes=59)
    assert checkpoints(house) == []
    add(house)
    house.tick(minutes=1)
    assert [one.size for one in checkpoints(house)] == [2]
    house.tick(hours=5)
    assert [one.size for one in checkpoints(house)] == [2], "nothing new, nothing signed"


def test_a_checkpoint_that_is_undone_is_made_again(house: Household) -> None:
    add(house)

    def fails(tx: Tx) -> None:
        tx.append(Entry("approved", "subject", {"member": "ana"}))
        tx.sign_log()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        house.do(fails)
    assert (house.house.log.frontier.size, house.house.log.signed) == (1, 0)
    same(house.house, house.load())
    add(house, "approved", member="ana")
    assert [one.size for one in checkpoints(house)] == [2]


def test_a_restart_goes_on_from_the_newest_checkpoint(house: Household) -> None:
    for number in range(300):
        add(house, "approved" if number == 150 else "something", number=number)
    before = house.house.log
    house.restart()
    assert house.house.log == before
    assert before.frontier.root == root_of(leaves(house))
    assert before.signed == 151


def test_a_past_that_was_changed_is_not_signed_again(house: Household) -> None:
    for _ in range(5):
        add(house)
    add(house, "approved")
    true = leaves(house)
    with sqlite3.connect(house.path) as other:
        other.execute('UPDATE ledger SET leaf = zeroblob(32) WHERE "index" = 2')
    house.restart()
    house.house.sign = sign
    add(house, "approved")
    assert checkpoints(house)[-1].root == root_of([*true, leaves(house)[-1]])


def test_a_damaged_checkpoint_does_not_stop_the_hub(house: Household) -> None:
    add(house)
    add(house, "approved")
    with sqlite3.connect(house.path) as other:
        other.execute("UPDATE checkpoint SET roots = zeroblob(32), note = 'x'")
    house.damaged = True
    assert house.load().log.frontier == Frontier().extend(leaves(house))


def test_the_command_line_signs_beside_a_running_hub(house: Household) -> None:
    assert open_checkpoint(sign_now(house.engine, sign), KEY.verifier).checkpoint.size == 0
    add(house)
    first = sign_now(house.engine, sign)
    assert open_checkpoint(first, KEY.verifier).checkpoint.size == 1
    assert sign_now(house.engine, sign) == first
    add(house, "approved")
    house.tick(hours=2)
    assert [one.size for one in checkpoints(house)] == [0, 1, 2]


def test_what_concerns_people_is_sealed_and_read_as_before(house: Household) -> None:
    index = add(house, "approved", member="ana", total="3.80 EUR", via="web", version=2)
    asked = add(house, "asked", members=["ana", "ben"], version=1)
    written = "".join(row.body for row in house.rows(LedgerRow))
    assert "ana" not in written
    assert "3.80" not in written
    assert '"version":2' in written
    entries = {one.index: json.loads(one.body)["facts"] for one in house.views.ledger()}
    assert entries[index] == {"member": "ana", "total": "3.80 EUR", "via": "web", "version": 2}
    assert entries[asked] == {"members": ["ana", "ben"], "version": 1}
    assert {(row.entry, row.of) for row in house.rows(OpeningRow)} == {
        (index, "ana"),
        (asked, "ana"),
        (asked, "ben"),
    }


def test_what_was_erased_is_missing_and_the_log_is_whole(house: Household) -> None:
    add(house, "asked", members=["ana", "ben"], version=1)
    before = leaves(house)
    with sqlite3.connect(house.path) as other:
        other.execute("DELETE FROM opening WHERE of = 'ana'")
    (entry,) = house.views.ledger()
    assert json.loads(entry.body)["facts"] == {"members": ["ben"], "version": 1}
    assert leaves(house) == before


def test_a_level_that_a_member_counted_is_theirs(house: Household) -> None:
    add(house, "stock_changed", source="member:ben", current=2.0)
    add(house, "stock_changed", source="scale", current=2.0)
    assert [row.of for row in house.rows(OpeningRow)] == ["ben", ""]


def test_an_entry_always_fits_a_published_log(house: Household) -> None:
    add(house, "odd", tag="t", extra="x" * (2 * MAX_ENTRY))
    add(house, "odd", tag="t", current="x" * (2 * MAX_ENTRY))
    first, second = house.views.ledger()
    assert json.loads(first.body)["facts"] == {"cut": True, "tag": "t"}
    assert len(json.loads(second.body)["facts"]["current"]) == 2 * MAX_ENTRY
    assert max(len(row.body.encode()) for row in house.rows(LedgerRow)) < MAX_ENTRY


def test_load_tells_since_when_entries_wait(house: Household) -> None:
    add(house, "approved")
    house.clock.turn(minutes=5)
    add(house)
    since = house.clock.now()
    house.clock.turn(minutes=5)
    add(house)
    with house.engine.connect() as connection:
        log = load_log(connection)
    assert log.since == since == house.house.log.since
    assert house.clock.now() - log.since == timedelta(minutes=5)
