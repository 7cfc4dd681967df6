"""What a provider answers as time goes by: quotes expire, windows begin."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.money import money
from hub.domain.orders import Line, OrderRequest, Subscriber
from integrations.beckn import v2
from integrations.beckn.envelope import Context
from integrations.beckn.provider.counter import Counter
from integrations.beckn.provider.listing import load_listing
from integrations.beckn.provider.store import Store

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LISTING = """
provider: {id: shop, name: Shop, timezone: UTC, lead_minutes: 60, quote_minutes: 30}
items:
  - {id: milk, name: Milk, price: "1.10", stock: 3}
  - {id: rice, name: Rice, price: "2.00", stock: 3}
slots:
  - {id: noon, start: "13:00", end: "14:00", capacity: 1, fee: "1.50"}
"""


class Shop:
    def __init__(self, folder):
        (folder / "shop.yaml").write_text(LISTING)
        self.listing = load_listing(folder / "shop.yaml")
        self.store = Store(folder / "shop.sqlite")
        self.store.step(lambda: self.store.shelves.restock(self.listing))
        self.counter = Counter(self.listing, self.store, "http://shop/beckn/v2")
        self.transaction = str(uuid.uuid4())

    def ask(self, action, now=NOW, payment="", **about):
        message_id = str(uuid.uuid4())
        to = Subscriber("shop.commonhearth.local", "http://shop/beckn/v2")
        request = OrderRequest(action, self.transaction, message_id, to, **about)
        context = Context(
            action, "hub", "http://hub", to.subscriber_id, to.uri, self.transaction, message_id, now
        )
        asked = v2.Asked(context, request, payment=payment)
        return self.store.step(lambda: self.counter.answer(asked, now))

    def confirm(self, agreed, now=NOW, **changes):
        about = {"lines": agreed.lines, "slot": agreed.slot, "quote": agreed.quote} | changes
        return self.ask("confirm", now, **about)


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    yield shop
    shop.store.close()


MILK = (Line("milk", "", 2, money("0", "EUR")),)


def test_the_shop_sets_its_prices(shop):
    quoted = shop.ask("select", lines=MILK)
    assert quoted.lines[0].price == money("1.10", "EUR")
    assert quoted.quote.total == money("2.20", "EUR")
    assert [(part.title, str(part.price)) for part in quoted.quote.breakup] == [
        ("2 × Milk", "2.20 EUR")
    ]


def test_a_quote_binds_for_its_time_and_no_longer(shop):
    agreed = shop.ask("init", lines=MILK)
    assert agreed.quote.valid_until == NOW + timedelta(minutes=30)
    late = shop.confirm(agreed, NOW + timedelta(minutes=31))
    assert (late.error.code, late.state) == ("40003", None)
    assert shop.store.shelves.left()["milk"] == 3
    again = shop.ask("init", NOW + timedelta(minutes=31), lines=MILK)
    assert shop.confirm(again, NOW + timedelta(minutes=32)).state == "confirmed"
    assert shop.store.shelves.left()["milk"] == 1


def test_a_window_that_was_quoted_holds_until_it_begins(shop):
    (slot,) = shop.ask("discover").catalogs[0].slots[:1]
    agreed = shop.ask("init", lines=MILK, slot=slot)
    assert agreed.quote.total == money("3.70", "EUR")
    later = NOW + timedelta(minutes=20)
    assert slot not in shop.ask("discover", later).catalogs[0].slots
    assert shop.confirm(agreed, later).state == "confirmed"


def test_what_is_refused_takes_nothing_at_all(shop):
    both = (*MILK, Line("rice", "", 3, money("0", "EUR")))
    agreed = shop.ask("init", lines=both)
    assert shop.store.step(lambda: shop.store.shelves.take("rice", 1))
    assert shop.confirm(agreed).error.code == "40002"
    assert shop.store.shelves.left() == {"milk": 3, "rice": 2}


def test_a_confirmed_transaction_is_not_quoted_anew(shop):
    shop.confirm(shop.ask("init", lines=MILK))
    for action in ("select", "init"):
        assert shop.ask(action, lines=MILK).error.code == "40000"
    assert shop.ask("status").state == "confirmed"


def test_a_cancelled_order_stays_so(shop):
    agreed = shop.ask("init", lines=MILK)
    shop.confirm(agreed)
    assert [shop.ask("cancel").state for _ in range(2)] == ["cancelled", "cancelled"]
    assert shop.store.shelves.left()["milk"] == 3
    assert shop.confirm(agreed).error.code == "40000"


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"lines": ()}, "30000"),
        ({"lines": (replace(MILK[0], count=0),)}, "40002"),
        ({"lines": MILK * 2}, "30004"),
        ({"lines": MILK, "provider_id": "other"}, "30001"),
        ({"lines": MILK, "payment": "CARD"}, "40004"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(shop, about, code):
    assert shop.ask("init", **about).error.code == code


def test_what_is_long_over_is_dropped_and_orders_are_kept(shop):
    shop.confirm(shop.ask("init", lines=MILK))
    shop.transaction = str(uuid.uuid4())
    shop.ask("select", lines=MILK[:1])
    shop.store.step(lambda: shop.store.tidy(NOW + timedelta(days=31)))
    assert [sale.state for sale in shop.store.sales()] == ["confirmed"]
