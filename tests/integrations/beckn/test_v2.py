"""Messages both ways: what one side writes the other reads, and nothing else than BecknError."""

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

from hub.domain.geo import read_gps, write_gps
from hub.domain.money import money
from hub.domain.orders import (
    DeliverySlot,
    Line,
    OrderAnswer,
    OrderRequest,
    Place,
    Quote,
    Want,
    Window,
)
from integrations.beckn import v2
from integrations.beckn.envelope import Context
from integrations.beckn.errors import BecknError
from integrations.beckn.reading import BIGGEST_BODY, DEEPEST, parse

_spec = importlib.util.spec_from_file_location("messages", Path(__file__).parent / "messages.py")
messages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(messages)
BAP, BPP = messages.BAP, messages.BPP

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
T, M = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "7f9619ff-8b86-4d01-b42d-00cf4fc964ff"


def over_the_wire(document):
    return parse(json.dumps(document, ensure_ascii=False).encode())


def ask(request):
    return v2.build_request(request, bap_id=BAP.subscriber_id, bap_uri=BAP.uri, now=NOW)


def context(action="select"):
    return Context(action, BAP.subscriber_id, BAP.uri, BPP.subscriber_id, BPP.uri, T, M, NOW)


def tell(answer):
    return v2.build_answer(
        context(answer.action), answer, request_digest="BLAKE-512=aa==", now=answer.timestamp
    )


def terms_of(wants):
    terms = [term for want in wants for term in (want.name, *want.words, want.gtin) if term]
    return tuple(dict.fromkeys(terms))


def at_the_door(request):
    """What a provider is to know of a request: no pantry, and no address before ``init``."""
    ride = request.ride
    if request.action == "discover" and ride is not None:
        ride = replace(ride, start=on_the_map(ride.start), end=on_the_map(ride.end))
    return replace(request, wants=(), ride=ride)


def on_the_map(place):
    return Place(write_gps(read_gps(place.gps)))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(messages.requests())
def test_a_provider_reads_what_a_hub_asks(request):
    asked = v2.read_request(over_the_wire(ask(request)))
    assert asked.request == at_the_door(request)
    assert asked.terms == terms_of(request.wants)
    assert asked.payment == (v2.PAYMENT if request.action in ("init", "confirm") else "")
    assert (asked.context.bap_id, asked.context.bap_uri) == (BAP.subscriber_id, BAP.uri)
    assert asked.context.timestamp == NOW


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(messages.answers())
def test_a_hub_reads_what_a_provider_answers(answer):
    assert v2.read_answer(over_the_wire(tell(answer)), BPP, "h") == answer


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


def read_or_refuse(document):
    body = json.dumps(document).encode()
    assert "\n" not in refusal(lambda: v2.read_request(parse(body)))
    assert "\n" not in refusal(lambda: v2.read_answer(parse(body), BPP))


def refusal(read):
    """Return why something was refused, '' where it was not; any other error passes."""
    try:
        read()
    except BecknError as error:
        return str(error)
    return ""


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(messages.answers() | messages.requests(), messages.json_values, st.data())
def test_a_message_with_anything_anywhere_is_read_or_refused(message, value, data):
    document = tell(message) if isinstance(message, OrderAnswer) else ask(message)
    path = data.draw(st.sampled_from(list(places(document))))
    read_or_refuse(changed(document, path, value))


@settings(deadline=None)
@given(messages.json_values)
def test_any_json_is_read_or_refused(value):
    read_or_refuse(value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body):
    assert "\n" not in refusal(lambda: parse(body))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b"[]", "object"),
        (b"\xff{}", "JSON"),
        (b'{"a":' + b"[" * 100_000, "deeper"),
        (b'{"a":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", "deeper"),
        (b'{"a":' + b"9" * 5000 + b"}", "JSON"),
        (b" " * (BIGGEST_BODY + 1), "smaller"),
    ],
)
def test_what_is_no_message_is_refused(body, words):
    with pytest.raises(BecknError, match=words):
        parse(body)


def quoted():
    window = Window(NOW + timedelta(hours=6), NOW + timedelta(hours=8))
    return OrderAnswer(
        "select",
        BPP,
        T,
        M,
        NOW,
        lines=(Line("milk", "Milk", 2, money("1.29", "EUR")),),
        slot=DeliverySlot("evening", window, money("1.50", "EUR")),
        quote=Quote(money("4.08", "EUR"), (), NOW),
        state="quoted",
    )


CONTRACT = ("message", "contract")
PRICE = (*CONTRACT, "consideration", 0, "considerationAttributes")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("context", "version"), "1.1.1", "context.version: expected 2.0.0"),
        (("context", "messageId"), "5", "context.messageId: expected a UUID"),
        (("context", "timestamp"), "2026-11-24T12:00:00", "context.timestamp: .* zone"),
        (("context", "ttl"), "soon", "context.ttl: expected a duration"),
        (("context", "action"), "select", "callback"),
        (("context", "action"), "on_sing", "not spoken"),
        ((*PRICE, "value"), "NaN", "value: expected a number"),
        ((*PRICE, "value"), 1e300, "value: expected a number"),
        ((*PRICE, "value"), "-1", "at least 0"),
        ((*PRICE, "currency"), "euros", "currency: expected an ISO 4217"),
        ((*CONTRACT, "commitments"), [{}] * 501, "at most 500"),
        ((*CONTRACT, "commitments", 0, "resources", 0, "quantity", "unitQuantity"), 1.5, "whole"),
        ((*CONTRACT, "commitments", 0, "resources", 0, "id"), "a|b", r"without \|"),
        ((*CONTRACT, "commitments", 0, "offer", "considerations"), [], "a price for one piece"),
        ((*CONTRACT, "performance", 0, "performanceAttributes", "window", "endDate"),
         "2020-01-01T00:00:00Z", "must end after"),
        ((*CONTRACT, "status", "code"), "MAYBE", "message.contract.status.code"),
        ((*CONTRACT, "id"), "a\u0000b", "control characters"),
        ((*CONTRACT, "id"), "\ud800", "control characters"),
    ],
)  # fmt: skip
def test_a_faulty_field_is_named(path, value, words):
    document = changed(tell(quoted()), path, value)
    with pytest.raises(BecknError, match=words):
        v2.read_answer(parse(json.dumps(document).encode()), BPP)


def test_prices_may_be_json_numbers_and_stay_exact():
    document = changed(tell(quoted()), (*PRICE, "value"), 4.1)
    answer = v2.read_answer(parse(json.dumps(document).encode()), BPP)
    assert answer.quote.total.amount == Decimal("4.1")


def test_an_error_stands_for_itself():
    document = tell(quoted()) | {"error": {"errorMessage": "closed"}}
    document["message"] = "none"
    answer = v2.read_answer(over_the_wire(document), BPP)
    assert (answer.error.code, answer.error.message, answer.quote) == ("30000", "closed", None)


def test_what_a_resource_costs_only_in_a_bundle_is_left_out():
    catalog = {
        "id": "c",
        "descriptor": {"name": "C"},
        "provider": {"id": "p", "descriptor": {"name": "P"}},
        "resources": [{"id": "a", "descriptor": {"name": "A"}}, {"id": "b"}],
        "offers": [{"id": "both", "resourceIds": ["a", "b"]}],
    }
    document = {"context": tell(replace(quoted(), action="discover"))["context"]}
    document["message"] = {"catalogs": [catalog]}
    (found,) = v2.read_answer(over_the_wire(document), BPP).catalogs
    assert (found.provider_id, found.provider_name, found.items) == ("p", "P", ())


def test_a_basket_that_is_too_long_to_name_asks_for_everything():
    wants = tuple(Want(str(n), f"thing {n} " * 5, Decimal(1), "pc") for n in range(100))
    asked = v2.read_request(over_the_wire(ask(OrderRequest("discover", T, M, BPP, wants=wants))))
    assert asked.terms == ()


def test_nothing_of_the_household_is_in_what_is_asked_before_init():
    request = OrderRequest("select", T, M, BPP, lines=quoted().lines)
    assert "participants" not in ask(request)["message"]["contract"]


def test_the_pantrys_own_names_stay_at_home():
    request = OrderRequest(
        "discover", T, M, BPP, wants=(Want("secret_id", "Milk", Decimal(7), "l"),)
    )
    assert "secret_id" not in json.dumps(ask(request))
    assert ask(request)["message"] == {"intent": {"textSearch": "Milk"}}


def test_a_request_is_valid_for_its_time():
    asked = v2.read_request(over_the_wire(ask(OrderRequest("discover", T, M, BPP, ttl=30))))
    skew = timedelta(seconds=5)
    assert not asked.context.expired(NOW + timedelta(seconds=35), skew)
    assert asked.context.expired(NOW + timedelta(seconds=36), skew)
