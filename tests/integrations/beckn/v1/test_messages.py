"""Version 1's messages both ways: what one side writes the other reads, or refuses by name."""

import copy
import importlib.util
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain.money import money
from hub.domain.orders import (
    ChangeTerms,
    DeliverySlot,
    Line,
    OrderAnswer,
    OrderRequest,
    Quote,
    Subscriber,
    Want,
    Window,
)
from integrations.beckn.envelope import Context
from integrations.beckn.errors import BecknError
from integrations.beckn.reading import parse
from integrations.beckn.v1 import messages as v1

_spec = importlib.util.spec_from_file_location(
    "messages", Path(__file__).parents[1] / "messages.py"
)
messages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(messages)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
T, M = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "7f9619ff-8b86-4d01-b42d-00cf4fc964ff"
BPP = Subscriber("shop.example.org", "http://127.0.0.1:2/beckn/v1", "1.1.1")
slow = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def over_the_wire(document):
    return parse(json.dumps(document, ensure_ascii=False).encode())


def ask(request, **about):
    return v1.build_request(
        replace(request, to=BPP), bap_id="hub.example.org", bap_uri="http://127.0.0.1:1/beckn/v1",
        now=NOW, **about,
    )  # fmt: skip


def context(action="select", **rest):
    return Context(
        action, "hub.example.org", "http://127.0.0.1:1/beckn/v1", BPP.subscriber_id, BPP.uri,
        T, M, NOW, **rest,
    )  # fmt: skip


def tell(answer):
    return v1.build_answer(
        context(domain="ride" if answer.ride else "grocery"), answer, request_digest="BLAKE-512=a",
        now=answer.timestamp,
    )  # fmt: skip


def whole_seconds(quote, told_at):
    """A quote's time is told as a duration in whole seconds, and never below nothing."""
    if quote is None or quote.valid_until is None:
        return quote
    seconds = max(0, int((quote.valid_until - told_at).total_seconds()))
    return replace(quote, valid_until=told_at + timedelta(seconds=seconds))


def at_the_other_end(request):
    """What is left of a request: version 1 has fewer places, and less is told than is known."""
    request = replace(request, to=BPP, wants=(), quote=whole_seconds(request.quote, NOW))
    # Who rides need not tell where they live: the ride says where they want to go.
    party = request.party
    if party is not None and request.ride is not None:
        party = replace(party, address=None, area_code=None, gps=None)
    request = replace(request, party=party)
    match request.action:
        case "status" | "track":
            request = replace(request, lines=(), provider_id="", reason="", reason_code="")
        case "cancel":
            request = replace(request, lines=(), provider_id="")
        case "select" | "init" | "confirm" | "update":
            request = replace(request, reason="", reason_code="")
            if request.action not in ("confirm", "update"):
                request = replace(request, quote=None)
        case "rate" | "support":
            request = replace(request, provider_id="")
    return request


@slow
@given(messages.requests())
def test_a_provider_reads_what_a_hub_asks(request):
    if request.domain != "ride":
        request = replace(request, ride=None)
    asked = v1.read_request(over_the_wire(ask(request, country="DEU", city="std:030")))
    assert asked.request == at_the_other_end(request)
    assert asked.payment == ("ON_DELIVERY" if request.action in ("init", "confirm") else "")
    assert (asked.context.country, asked.context.city) == ("DEU", "std:030")
    assert asked.context.timestamp == NOW


def as_told(answer):
    """What is left of an answer in version 1."""
    if answer.error is not None:
        return answer
    if answer.action == "support":
        return replace(answer, reason="", order_id=None)
    if answer.action == "track":
        kept = {"tracking": answer.tracking, "timestamp": answer.timestamp, "body_hash": "h"}
        return OrderAnswer("track", BPP, answer.transaction_id, answer.message_id, **kept)
    if answer.action in ("rate", "discover"):
        return answer
    chosen = answer.slot
    others = tuple(s for s in answer.slots if chosen is None or s.slot_id != chosen.slot_id)
    slots = ((chosen,) if chosen and others else ()) + others
    return replace(
        answer,
        quote=whole_seconds(answer.quote, answer.timestamp),
        slots=slots if answer.action in ("select", "update") else (),
        fee=answer.fee if answer.action in ("update", "cancel") else None,
        state=answer.state
        or ("initialised" if answer.action == "init" else "quoted" if answer.quote else None),
    )


@slow
@given(messages.answers())
def test_a_hub_reads_what_a_provider_answers(answer):
    answer = replace(answer, sender=BPP)
    if answer.action == "select" and answer.state == "quoted" and answer.quote is None:
        answer = replace(answer, state=None)
    assert v1.read_answer(over_the_wire(tell(answer)), BPP, "h") == as_told(answer)


# -- what is wrong is refused by its name ----------------------------------------------------------


def places(value, path=()):
    """Yield the path of everything in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, key))


def changed(document, path, value):
    if not path:
        return value
    document = copy.deepcopy(document)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document


def refusal(read):
    """Return why something was refused, '' where it was not; any other error passes."""
    try:
        read()
    except BecknError as error:
        return str(error)
    return ""


def read_or_refuse(document):
    body = json.dumps(document).encode()
    assert "\n" not in refusal(lambda: v1.read_request(parse(body)))
    assert "\n" not in refusal(lambda: v1.read_answer(parse(body), BPP))


@slow
@given(messages.answers() | messages.requests(), messages.json_values, st.data())
def test_a_message_with_anything_anywhere_is_read_or_refused(message, value, data):
    document = tell(message) if isinstance(message, OrderAnswer) else ask(message)
    path = data.draw(st.sampled_from(list(places(document))))
    read_or_refuse(changed(document, path, value))


def quoted(**changes):
    window = Window(NOW + timedelta(hours=6), NOW + timedelta(hours=8))
    answer = OrderAnswer(
        "select", BPP, T, M, NOW,
        lines=(Line("milk", "Milk", 2, money("1.29", "EUR")),),
        slot=DeliverySlot("evening", window, money("1.50", "EUR")),
        quote=Quote(money("4.08", "EUR"), (), NOW + timedelta(minutes=30)),
        cancellation=ChangeTerms(NOW, money("2.00", "EUR"), NOW + timedelta(hours=5)),
        state="quoted",
    )  # fmt: skip
    return replace(answer, **changes)


ORDER = ("message", "order")
TERM = (*ORDER, "cancellation_terms", 1, "cancellation_fee")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("context", "version"), "one", "context.version: expected a version"),
        (("context", "domain"), None, "context.domain: expected text"),
        (("context", "bpp_uri"), None, "context.bpp_uri: expected text"),
        (("context", "message_id"), "", "context.message_id: expected text"),
        (("context", "transaction_id"), "x" * 101, "context.transaction_id: expected a UUID"),
        (("context", "timestamp"), "2026-11-24T12:00:00", "context.timestamp: .* zone"),
        (("context", "ttl"), "soon", "context.ttl: expected a duration"),
        (("context", "action"), "select", "callback"),
        (("context", "action"), "on_discover", "not spoken"),
        ((*ORDER, "quote", "price", "value"), "NaN", "quote.price.value: expected a number"),
        ((*ORDER, "quote", "price", "value"), "-1", "at least 0"),
        ((*ORDER, "quote", "price", "currency"), "euros", "currency: expected an ISO 4217"),
        ((*ORDER, "quote", "price", "currency"), "USD", "expected EUR as elsewhere, got USD"),
        ((*ORDER, "quote", "ttl"), "P", "quote.ttl: expected a duration"),
        ((*ORDER, "items"), [{"id": "a"}] * 501, "at most 500"),
        ((*ORDER, "items", 0, "price"), None, r"items\[0\].price: expected a price for one"),
        ((*ORDER, "items", 0, "quantity", "selected", "count"), 1.5, "whole"),
        ((*ORDER, "fulfillments", 0, "stops", 0, "time", "range", "end"),
         "2020-01-01T00:00:00Z", "must end after"),
        ((*ORDER, "status"), "MAYBE", "order.status: expected ACTIVE, COMPLETE or CANCELLED"),
        ((*ORDER, "id"), "a\u0000b", "control characters"),
        (TERM, {"percentage": "120"}, "percentage: expected 0 to 100"),
    ],
)  # fmt: skip
def test_a_faulty_field_is_named(path, value, words):
    document = changed(tell(quoted()), path, value)
    if path == (*ORDER, "status"):
        document["message"]["order"].pop("type")
        document["context"]["action"] = "on_status"
    with pytest.raises(BecknError, match=words):
        v1.read_answer(over_the_wire(document), BPP)


def test_a_price_that_must_be_paid_first_is_refused_at_init():
    document = tell(quoted(action="init", state="initialised"))
    document["message"]["order"]["payments"] = [{"type": "PRE-ORDER", "status": "NOT-PAID"}]
    answer = v1.read_answer(over_the_wire(document), BPP)
    assert answer.error.code == "40004"
    assert "PRE-ORDER" in answer.error.message
    document["message"]["order"]["payments"][0]["status"] = "PAID"
    assert v1.read_answer(over_the_wire(document), BPP).error is None


def test_an_error_in_codes_is_told_in_words():
    document = tell(quoted())
    document["error"] = {"code": "40002", "message": '[{"item_id":"milk","error":"40002"}]'}
    answer = v1.read_answer(over_the_wire(document), BPP)
    assert (answer.error.code, answer.error.message) == ("40002", "there is not enough of it")
    assert answer.quote is None
    del document["message"], document["error"]["message"]
    assert v1.read_answer(over_the_wire(document), BPP).error.code == "40002"


def test_one_want_is_named_and_a_basket_asks_for_everything():
    milk = Want("secret_id", "Milk", Decimal(7), "l")
    bread = Want("b", "Bread", Decimal(1), "pc")
    one = ask(OrderRequest("discover", T, M, BPP, wants=(milk,)))
    assert one["message"]["intent"] == {"item": {"descriptor": {"name": "Milk"}}}
    assert v1.read_request(over_the_wire(one)).terms == ("Milk",)
    assert "secret_id" not in json.dumps(one)
    two = ask(OrderRequest("discover", T, M, BPP, wants=(milk, bread)))
    assert two["message"]["intent"] == {}
    assert v1.read_request(over_the_wire(two)).terms == ()


def test_nothing_of_the_household_is_in_what_is_asked_before_init():
    asked = ask(OrderRequest("select", T, M, BPP, lines=quoted().lines, slot=quoted().slot))
    order = asked["message"]["order"]
    assert "billing" not in order
    assert "customer" not in order["fulfillments"][0]
    assert "location" not in order["fulfillments"][0]["stops"][0]


def test_the_two_actions_that_differ_from_version_2_have_version_1s_fields():
    cancel = OrderRequest("cancel", T, M, BPP, order_id="o-1", reason="late", reason_code="006")
    assert ask(cancel)["message"] == {
        "order_id": "o-1",
        "cancellation_reason_id": "006",
        "descriptor": {"code": "CONFIRM_CANCEL", "short_desc": "late"},
    }
    update = OrderRequest("update", T, M, BPP, order_id="o-1", slot=quoted().slot)
    message = ask(update)["message"]
    assert message["update_target"] == "fulfillment"
    assert message["order"]["id"] == "o-1"
    assert message["order"]["fulfillments"][0]["id"] == "evening"


@pytest.mark.parametrize(
    ("path", "value", "code", "words"),
    [
        (("message", "update_target"), None, "30012", "update_target"),
        (("message", "order", "id"), None, "30000", "message.order.id"),
    ],
)
def test_an_update_says_what_and_of_which_order(path, value, code, words):
    update = ask(OrderRequest("update", T, M, BPP, order_id="o-1", slot=quoted().slot))
    with pytest.raises(BecknError, match=words) as refused:
        v1.read_request(over_the_wire(changed(update, path, value)))
    assert refused.value.code == code


def test_a_search_may_be_for_everybody_and_nothing_else_may():
    search = ask(OrderRequest("discover", T, M, BPP))
    del search["context"]["bpp_id"], search["context"]["bpp_uri"]
    assert v1.read_request(over_the_wire(search)).request.to.subscriber_id == ""
    select = ask(OrderRequest("select", T, M, BPP, lines=quoted().lines))
    del select["context"]["bpp_id"]
    with pytest.raises(BecknError, match=r"context\.bpp_id"):
        v1.read_request(over_the_wire(select))


def test_a_request_is_valid_for_its_time():
    asked = v1.read_request(over_the_wire(ask(OrderRequest("discover", T, M, BPP, ttl=30))))
    skew = timedelta(seconds=5)
    assert not asked.context.expired(NOW + timedelta(seconds=35), skew)
    assert asked.context.expired(NOW + timedelta(seconds=36), skew)


@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [("PT30S", 30), ("P120S", 120), ("PT1H30M", 5400), ("P1D", 86400), ("P1M", 30 * 86400)],
)
def test_durations_are_read_as_they_are_meant(ttl, seconds):
    asked = ask(OrderRequest("discover", T, M, BPP))
    asked["context"]["ttl"] = ttl
    assert v1.read_request(over_the_wire(asked)).context.ttl.total_seconds() == seconds
