"""A catalogue is written once and shown to many, until something of it changes."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from hub.clock import SYSTEM
from hub.domain.orders import OrderRequest, Subscriber
from integrations.beckn import v2
from integrations.beckn.exchange import Sender
from integrations.beckn.keys import Identity
from integrations.beckn.provider.counter import Counter
from integrations.beckn.provider.desk import Desk
from integrations.beckn.provider.listing import load_listing
from integrations.beckn.provider.shown import Shown
from integrations.beckn.provider.store import Callback, Store
from integrations.beckn.reading import parse
from integrations.beckn.registry import Registry
from tests.support.hubprocess import ROOT

NOW = datetime.now(UTC)
US = Subscriber("corner-shop.commonhearth.local", "http://shop/beckn/v2")


class Shop:
    """A provider's back office without a server, which counts how often it writes a catalogue."""

    def __init__(self, folder):
        self.listing = load_listing(ROOT / "config/demo/catalogues/corner-shop.yaml")
        self.path = folder / "shop.sqlite"
        self.store = Store(self.path)
        self.store.step(lambda: self.store.shelves.restock(self.listing))
        self.written = 0
        counter = Counter(self.listing, self.store, US.uri)
        catalog = counter.books.trade.catalog

        def counted(asked, now):
            self.written += 1
            return catalog(asked, now)

        counter.books.trade.catalog = counted
        known = Registry(None)
        self.sender = Sender(Identity(US.subscriber_id, "k", bytes(32)), known)
        self.desk = Desk(
            self.store, counter, self.sender, known, bpp_id=US.subscriber_id,
            bpp_uri="http://shop", progress=None, say=lambda line: None,
            clock=SYSTEM,
        )  # fmt: skip

    def search(self, hub, **changes):
        """Return what a hub is called back with."""
        request = OrderRequest("discover", str(uuid.uuid4()), str(uuid.uuid4()), US, **changes)
        document = v2.build_request(request, bap_id=hub, bap_uri=f"http://{hub}", now=NOW)
        body = json.dumps(document).encode()
        store = self.store

        def work():
            store.receive(hub, request.message_id, "discover", body, NOW)
            (row,) = store.unanswered(10)
            self.desk._answer(row)
            due, _ = store.due(NOW + timedelta(seconds=5))
            (out,) = [one for one in due if one.receiver == hub]
            store.sent(out)
            return out

        out = store.step(work)
        assert out.message_id == request.message_id
        answer = v2.read_answer(parse(out.body), US)
        assert (answer.message_id, answer.transaction_id) == (
            request.message_id,
            request.transaction_id,
        )
        return {item.item_id: item.available for item in answer.catalogs[0].items}


@pytest.fixture
async def shop(tmp_path):
    one = Shop(tmp_path)
    yield one
    await one.sender.close()
    one.desk.close()


async def test_it_is_written_once_for_all_and_anew_when_stock_changes(shop):
    first = shop.search("ada")
    assert first == shop.search("ben")
    assert shop.written == 1
    shop.store.step(lambda: shop.store.shelves.take("milk", 2))
    assert shop.search("cem") == first | {"milk": first["milk"] - 2}
    assert shop.written == 2
    with pytest.raises(ZeroDivisionError):
        shop.store.step(lambda: shop.store.shelves.take("milk", 2) and 1 / 0)
    assert shop.search("dan")["milk"] == first["milk"] - 2, "it was undone"


async def test_who_looks_for_something_else_is_shown_something_else(shop):
    from hub.domain.orders import Want

    everything = shop.search("ada")
    milk = shop.search("ben", wants=(Want("milk", "Milk", 1, "l"),))
    assert "milk" in milk
    assert len(milk) < len(everything)
    assert everything == shop.search("cem")


async def test_what_many_are_shown_is_on_disk_once_and_outlives_a_crash(shop):
    for hub in ("ada", "ben", "cem"):
        shop.search(hub)
    again = Store(shop.path)
    try:
        assert _count(again, "endings") == 1
        again.step(lambda: again._db.execute("UPDATE outbox SET state = 'waiting'"))
        rows, _ = again.step(lambda: again.due(NOW + timedelta(seconds=5)))
        assert {row.receiver for row in rows} == {"ada", "ben", "cem"}
        assert all(json.loads(row.body)["message"]["catalogs"] for row in rows)
        again.step(lambda: [again.sent(row) for row in rows])
        again.step(lambda: again.tidy(NOW + timedelta(hours=23)))
        assert (_count(again, "endings"), _count(again, "outbox")) == (1, 3)
        again.step(lambda: again.tidy(NOW + timedelta(hours=25)))
        assert [_count(again, table) for table in ("endings", "outbox", "inbox")] == [0, 0, 0]
    finally:
        again.close()


def test_no_more_is_kept_than_is_allowed():
    shown, built = Shown(most=250), []

    def build(name):
        built.append(name)
        return {"context": {}, "message": {"text": name * 100}}, 1

    for name in "abab":
        shown.ending(name, lambda name=name: build(name))
    assert built == ["a", "b"]
    shown.ending("c", lambda: build("c"))
    shown.ending("b", lambda: build("b"))
    shown.ending("a", lambda: build("a"))
    assert built == ["a", "b", "c", "a"]
    big = shown.ending("big", lambda: build("x" * 10))
    assert big is shown.ending("big", lambda: build("never"))


def test_a_buyer_that_is_slow_keeps_no_other_waiting(tmp_path):
    store = Store(tmp_path / "shop.sqlite")
    try:
        for hub in ("slow", "slow", "quick"):
            callback = Callback(hub, str(uuid.uuid4()), "on_status", b"{}")
            store.step(lambda callback=callback: store.post(callback, NOW))
        (first, other), upcoming = store.step(lambda: store.due(NOW))
        assert ((first.receiver, other.receiver), upcoming) == (("slow", "quick"), None)
        (row,), _ = store.step(lambda: store.due(NOW, {"slow"}))
        assert row.receiver == "quick"
        later = NOW + timedelta(seconds=9)
        store.step(lambda: store.not_sent(row, "away", later))
        assert store.step(lambda: store.due(NOW, {"slow"})) == ([], later)
        assert store.step(lambda: store.due(NOW, {"slow", "quick"})) == ([], None)
    finally:
        store.close()


def test_of_several_steps_the_faulty_one_is_undone_alone(tmp_path):
    store = Store(tmp_path / "shop.sqlite")

    def post(hub, fault=False):
        def work():
            store.post(Callback(hub, str(uuid.uuid4()), "on_status", b"{}"), NOW)
            if fault:
                raise ValueError(hub)
            return hub

        return work

    try:
        outcomes = store.steps([post("a"), post("b", fault=True), post("c")])
        assert [result for result, _ in outcomes] == ["a", None, "c"]
        assert [type(error) for _, error in outcomes] == [type(None), ValueError, type(None)]
        assert {row.receiver for row in store.step(lambda: store.due(NOW))[0]} == {"a", "c"}
    finally:
        store.close()


def _count(store, table):
    return store._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
