"""What no honest answer says is refused in one line a person can act on."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.money import money
from hub.domain.orders import (
    BreakupLine,
    Catalog,
    CatalogItem,
    ChangeTerms,
    DeliverySlot,
    Line,
    OrderAnswer,
    Quote,
    Subscriber,
    Tracking,
    Window,
)
from integrations.beckn import v2
from integrations.beckn.envelope import Context
from integrations.beckn.errors import BecknError
from integrations.beckn.reading import parse

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
T, M = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "7f9619ff-8b86-4d01-b42d-00cf4fc964ff"
BPP = Subscriber("shop.example.org", "http://127.0.0.1:2/beckn/v2")


def eur(amount):
    return money(amount, "EUR")


SLOT = DeliverySlot("six", Window(NOW, NOW + timedelta(hours=1)), eur("1.50"))
MILK, RICE = Line("milk", "Milk", 2, eur("1.29")), Line("rice", "Rice", 1, eur("2.00"))
QUOTE = Quote(eur("6.08"), (BreakupLine("2 × Milk", eur("2.58"), "milk"),))
ORDER = OrderAnswer(
    "select", BPP, T, M, NOW, lines=(MILK, RICE), slot=SLOT, quote=QUOTE, state="quoted"
)
ITEM = CatalogItem("milk", "Milk", eur("1.29"))
SHOWN = OrderAnswer("discover", BPP, T, M, NOW)


def catalog(*items, slots=()):
    return replace(SHOWN, catalogs=(Catalog("p", "Shop", items, slots),))


def heard(answer):
    """Return the answer as it is read from the wire."""
    context = Context("x", "hub", "http://hub", BPP.subscriber_id, BPP.uri, T, M, NOW)
    document = v2.build_answer(context, answer, request_digest=None, now=NOW)
    return v2.read_answer(parse(json.dumps(document).encode()), BPP)


def test_an_honest_answer_is_read():
    discount = replace(QUOTE, breakup=(*QUOTE.breakup, BreakupLine("Discount", eur("-1.00"))))
    assert heard(replace(ORDER, quote=discount)).quote == discount
    assert heard(catalog(ITEM, slots=(SLOT,))).catalogs[0].items == (ITEM,)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (catalog(ITEM, ITEM), "catalogue of Shop: the item milk is there twice"),
        (catalog(ITEM, slots=(SLOT, SLOT)), "Shop: the window six is there twice"),
        (
            catalog(ITEM, replace(ITEM, item_id="b", price=money("1", "USD"))),
            "Milk: expected EUR as elsewhere, got USD",
        ),
        (catalog(replace(ITEM, price=eur("-0.01"))), "a price of at least 0"),
        (
            catalog(ITEM, slots=(replace(SLOT, fee=eur("-1")),)),
            "window six: expected a price of at least 0, got -1 EUR",
        ),
        (replace(ORDER, lines=(MILK, MILK)), "the item milk is there twice"),
        (replace(ORDER, lines=(MILK, replace(RICE, price=eur("-2")))), "a price of at least 0"),
        (replace(ORDER, quote=Quote(money("6.08", "JPY"))), "the total: expected EUR .* got JPY"),
        (replace(ORDER, quote=Quote(eur("-1"))), "a total of at least 0"),
        (
            replace(ORDER, quote=Quote(eur("1"), (BreakupLine("Tip", money("1", "USD")),))),
            "the order: Tip: expected EUR",
        ),
        (replace(ORDER, action="cancel", state="cancelled", fee=eur("-3")), "the fee: expected"),
        (
            replace(ORDER, cancellation=ChangeTerms(fee=money("3", "CNY"))),
            "the fee for cancelling: expected EUR",
        ),
        (replace(ORDER, slots=(SLOT, SLOT)), "the window six is there twice"),
        (
            replace(SHOWN, action="track", tracking=Tracking(url="javascript:alert(1)")),
            "message.tracking.url: expected a link",
        ),
        (
            replace(SHOWN, action="track", tracking=Tracking(gps="95.0,13.4")),
            "trackingAttributes.gps: expected",
        ),
    ],
)
def test_an_answer_that_contradicts_itself_is_refused(answer, words):
    with pytest.raises(BecknError, match=words) as refused:
        heard(answer)
    assert "\n" not in str(refused.value)
