"""The provider's own log: entered with its cause, signed in the same commit, and checkable."""

import json
import sqlite3
from contextlib import closing

import pytest

from hub.domain.consent import ERASE
from hub.domain.money import money
from hub.domain.orders import Line, Party
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.checkpoint import open_checkpoint
from hub.ledger.leaf import leaf_hash
from hub.ledger.tiles import Tile, read_bundle
from hub.ledger.tree import root_of
from hub.ledger.verify import LogUnreadable
from integrations.beckn.provider.audit import verify_file

SHOP = """
provider: {id: shop, name: Shop, timezone: UTC, lead_minutes: 30, days_ahead: 0}
items:
  - {id: milk, name: Milk, price: "1.10", stock: 10}
slots:
  - {id: two, start: "14:00", end: "15:00", capacity: 2, fee: "1.50"}
  - {id: six, start: "18:00", end: "19:00", capacity: 1, fee: "1.50"}
"""
KEY = LedgerKey("shop.example/ledger", bytes(range(32)))
PUBLIC = KEY.key.verifier
MILK = (Line("milk", "", 2, money(0, "EUR")),)
PARTY = Party(name="Canary Bird", address="1 Canary Street", area_code="10115", phone="+4930")


@pytest.fixture
def shop(till):
    return till(SHOP, KEY)


@pytest.fixture
def slots(shop):
    return {slot.slot_id[-3:]: slot for slot in shop.ask("discover").catalogs[0].slots}


@pytest.fixture
def order(shop, slots):
    return shop.order(lines=MILK, slot=slots["two"], party=PARTY)


def entries(shop):
    """Return what others read of the log: what is in its files."""
    size, note = shop.store.ledger.checkpoint()
    signed = open_checkpoint(note, PUBLIC).checkpoint
    found = read_bundle(shop.store.ledger.tile(Tile(None, 0, size)), size)
    leaves = shop.store.ledger.tile(Tile(0, 0, size))
    assert leaves == b"".join(leaf_hash(entry) for entry in found)
    assert root_of([leaf_hash(entry) for entry in found]) == signed.root
    return [json.loads(entry) for entry in found]


def kinds(shop):
    return [entry["kind"] for entry in entries(shop)]


def changed(shop, *statements):
    with closing(sqlite3.connect(shop.path)) as db, db:
        for statement in statements:
            assert db.execute(statement).rowcount


def test_each_change_of_an_order_is_an_entry_that_is_signed_with_it(shop, order, slots):
    assert kinds(shop) == ["order_confirmed"]
    shop.ask("update", slot=slots["six"])
    shop.step(order, shop.changes.advance, "pack")
    shop.ask("cancel")
    said = entries(shop)
    assert [entry["kind"] for entry in said] == [
        "order_confirmed", "order_moved", "order_progressed", "order_cancelled",
    ]  # fmt: skip
    assert {entry["subject"] for entry in said} == {order.order_id}
    assert said[2]["facts"]["step"] == "Packed"
    report = verify_file(shop.path, PUBLIC)
    assert report.verdict.whole, report.verdict.faults
    assert (report.entries, report.signed, report.orders, report.checkpoints) == (4, 4, 1, 4)


def test_what_changes_nothing_is_no_entry(shop, order):
    shop.ask("select", "another", lines=MILK)
    shop.ask("status")
    shop.confirm(order)
    shop.ask("cancel", preview=True)
    assert kinds(shop) == ["order_confirmed"]
    shop.ask("cancel")
    shop.ask("cancel")
    assert kinds(shop) == ["order_confirmed", "order_cancelled"]


def test_the_files_tell_nobody_who_bought_what(shop, order):
    text = json.dumps(entries(shop))
    for said in ("Canary", "milk", "hub", "3.70", order.transaction_id, "10115"):
        assert said not in text
    assert entries(shop)[0]["facts"]["agreed"].keys() == {"commitment"}


def test_what_was_told_to_be_erased_leaves_the_log_whole(shop, order):
    for verb in ("pack", "dispatch", "deliver"):
        shop.step(order, shop.changes.advance, verb)
    shop.ask("support", reason=ERASE)
    assert shop.sale(order).party is None
    assert kinds(shop)[-1] == "order_erased"
    assert verify_file(shop.path, PUBLIC).verdict.whole
    with closing(sqlite3.connect(shop.path)) as db:
        assert "Canary" not in "".join(db.iterdump()).replace("X'", "")


def test_a_step_that_is_undone_leaves_no_entry(shop, order):
    def half():
        shop.store.save(shop.changes.progress(shop.sale(order), shop.now)[0])
        raise RuntimeError("a power cut")

    with pytest.raises(RuntimeError):
        shop.store.step(half)
    (_, problem), (sale, _) = shop.store.steps([half, lambda: shop.sale(order)])
    assert str(problem) == "a power cut"
    assert sale.fulfillment_state == "Pending"
    assert kinds(shop) == ["order_confirmed"]
    assert verify_file(shop.path, PUBLIC).verdict.whole


def test_it_goes_on_from_what_was_signed_after_a_restart(shop, order):
    shop.store.close()
    shop.open()
    shop.step(order, shop.changes.advance, "pack")
    assert kinds(shop) == ["order_confirmed", "order_progressed"]
    assert verify_file(shop.path, PUBLIC).verdict.whole


def test_orders_from_before_there_was_a_log_are_entered_once(shop, order):
    changed(shop, "DELETE FROM ledger", "DELETE FROM opening", "DELETE FROM checkpoint")
    for _ in range(2):
        shop.store.close()
        shop.open()
        assert kinds(shop) == ["order_confirmed"]
    assert verify_file(shop.path, PUBLIC).verdict.whole


def test_a_log_of_many_tiles_is_read_up_to_what_is_signed(shop):
    ledger = shop.store.ledger
    shop.store.step(
        lambda: [ledger.answered(f"order-{n}", "on_confirm", b"%d" % n, b"", shop.now)
                 for n in range(600)]
    )  # fmt: skip
    assert ledger.checkpoint()[0] == 600
    whole = [ledger.tile(Tile(0, number)) for number in (0, 1)]
    assert ledger.tile(Tile(1, 0, 2)) == b"".join(
        root_of([tile[at : at + 32] for at in range(0, len(tile), 32)]) for tile in whole
    )
    assert len(ledger.tile(Tile(0, 2, 88))) == 88 * 32
    assert ledger.tile(Tile(0, 2, 89)) is None
    assert ledger.tile(Tile(None, 2)) is None


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE orders SET state = 'completed'", "is not what entry 1 says of it"),
        ("UPDATE orders SET contract = replace(contract, 'milk', 'wine')", "entry 1 says"),
        ("DELETE FROM orders", "is gone"),
        ("UPDATE orders SET contract = '{}'", "cannot be read"),
        ("DELETE FROM ledger WHERE \"index\" = 1", "the end is gone"),
        ("UPDATE ledger SET body = replace(body, 'Packed', 'Pecked')", "entry 1 is not as it was"),
        ("UPDATE opening SET value = replace(value, 'milk', 'wine')", "entry 0: what it sealed"),
        ("UPDATE checkpoint SET note = replace(note, 'ledger', 'lodger')", "the checkpoint of 1"),
        ("DELETE FROM checkpoint WHERE size = 2", "only 1 are signed"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(shop, order, statement, named):
    shop.step(order, shop.changes.advance, "pack")
    changed(shop, statement)
    report = verify_file(shop.path, PUBLIC)
    assert not report.verdict.whole
    assert any(named in fault.what for fault in report.verdict.faults), report.verdict.faults


def test_an_entry_replaced_together_with_its_hash_is_found_by_what_was_signed(shop, order):
    with closing(sqlite3.connect(shop.path)) as db, db:
        (body,) = db.execute("SELECT body FROM ledger").fetchone()
        other = body.replace("Pending", "Waiting")
        leaf = leaf_hash(other.encode())
        db.execute("UPDATE ledger SET body = ?, leaf = ?", (other, leaf))
    faults = verify_file(shop.path, PUBLIC).verdict.faults
    assert "replaced together with its hash" in faults[0].what


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    (tmp_path / "provider.sqlite").write_bytes(b"nonsense" * 200)
    with pytest.raises(LogUnreadable, match="expected a provider's database"):
        verify_file(tmp_path / "provider.sqlite", PUBLIC)
