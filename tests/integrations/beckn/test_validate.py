"""What a provider's developer is told of a payload: what is wrong where, and what it means."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain.money import money
from hub.domain.orders import BreakupLine, Line, OrderAnswer, OrderRequest, Quote, Subscriber
from integrations.beckn.envelope import Context
from integrations.beckn.validate import Problem, validate_payload
from integrations.beckn.wire import V1, V2, WIRES

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
T, M = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "7f9619ff-8b86-4d01-b42d-00cf4fc964ff"
wires = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.version)


def quoted(wire, total="4.08"):
    context = Context("select", "hub.example.org", "https://h.example.org/b", "shop.example.org",
                      "https://s.example.org/b", T, M, NOW)  # fmt: skip
    parts = (
        BreakupLine("2 × Milk", money("2.58", "EUR"), "milk"),
        BreakupLine("Delivery", money("1.50", "EUR")),
    )
    answer = OrderAnswer(
        "select", Subscriber("shop.example.org", ""), T, M, NOW,
        lines=(Line("milk", "Milk", 2, money("1.29", "EUR")),),
        quote=Quote(money(total, "EUR"), parts), state="quoted",
    )  # fmt: skip
    return wire.build_answer(context, answer, request_digest=None, now=NOW)


def report_of(document):
    return validate_payload(json.dumps(document).encode())


@wires
def test_what_is_right_is_said_in_plain_words(wire):
    report = report_of(quoted(wire))
    assert (report.version, report.action, report.problems) == (wire.version, "on_select", ())
    assert report.ok
    assert report.meaning[:3] == ("state: quoted", "line: 2 × Milk at 1.29 EUR", "total: 4.08 EUR")
    assert "part: Delivery: 1.50 EUR" in report.meaning


@wires
def test_a_total_that_its_parts_do_not_make_is_pointed_out(wire):
    assert "attention: the parts add up to 4.08 EUR, not to the total" in (
        report_of(quoted(wire, "9.99")).meaning
    )


@wires
def test_allowed_fields_that_the_hub_does_not_know_are_no_problem(wire):
    document = quoted(wire) | {"x-own": 1}
    document["context"]["networkId"] = "n"
    if wire is V1:
        document["message"]["order"]["@own/field"] = {"a": [1]}
    assert report_of(document).problems == ()


CONTRACT = ("message", "contract")
ORDER = ("message", "order")


@pytest.mark.parametrize(
    ("wire", "path", "value", "problem"),
    [
        (V2, ("context", "messageId"), "5",
         Problem("context.messageId", "a UUID", '"5"')),
        (V2, ("context", "timestamp"), "today",
         Problem("context.timestamp", "an instant with a zone, such as 2026-11-24T18:00:00Z",
                 '"today"')),
        (V2, ("context", "version"), "2.1.0", Problem("context.version", "'2.0.0'", '"2.1.0"')),
        (V2, ("context", "bppUri"), None, Problem("context.bppUri", "text", "nothing")),
        (V2, ("context", "action"), "on_sell", "context.action"),
        (V2, (*CONTRACT, "commitments"), [],
         Problem("message.contract.commitments", "a list that is not empty", "a list of 0")),
        (V2, (*CONTRACT, "price"), 3,
         Problem("message.contract.price",
                 "no such field: the specification allows no others here", "3")),
        (V2, (*CONTRACT, "status", "code"), "MAYBE", "message.contract.status.code"),
        (V2, (*CONTRACT, "consideration", 0, "considerationAttributes", "value"), "-1",
         Problem("message.contract.consideration[0].considerationAttributes.value",
                 "a total of at least 0", '"-1"')),
        (V1, ("context", "ttl"), "P120S",
         Problem("context.ttl", "a duration such as PT30S", '"P120S"')),
        (V1, ("context", "domain"), 7, Problem("context.domain", "text", "7")),
        (V1, (*ORDER, "items", 0, "quantity", "selected", "count"), "2",
         Problem("message.order.items[0].quantity.selected.count", "a whole number", '"2"')),
        (V1, (*ORDER, "quote", "price", "value"), 4.08,
         Problem("message.order.quote.price.value", "text", "4.08")),
        (V1, (*ORDER, "quote", "price", "currency"), "euro",
         Problem("message.order.quote.price.currency", "an ISO 4217 currency such as EUR",
                 '"euro"')),
        (V1, (*ORDER, "items", 0, "price"), None,
         Problem("message.order.items[0].price", "a price for one piece", "nothing")),
        (V1, (*ORDER, "quote", "breakup", 0, "price", "currency"), "USD",
         Problem("message.order.quote.breakup[0].price.currency", "EUR, as the total has",
                 '"USD"')),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_what_was_expected_and_found(wire, path, value, problem):
    document = quoted(wire)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    report = report_of(document)
    assert not report.ok
    if isinstance(problem, str):
        assert [one.path for one in report.problems] == [problem]
    else:
        assert problem in report.problems
        assert str(problem).startswith(f"{problem.path}: expected ")


def test_every_problem_is_told_and_not_the_first_alone():
    document = quoted(V2)
    document["context"] |= {"messageId": "5", "ttl": "soon"}
    del document["context"]["bapId"]
    paths = {problem.path for problem in report_of(document).problems}
    assert paths == {"context.messageId", "context.ttl", "context.bapId"}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "JSON"),
        (b"[]", "JSON"),
        (b"{}", "context: expected an object"),
        (b'{"context": {}}', "bapId"),
        (b'{"context": {"bapId": "a", "action": ["x"]}}', "context.action"),
        (b'{"context": {"bap_id": "a"}}', "context.action"),
    ],
)
def test_what_is_no_message_is_said_so(raw, words):
    report = validate_payload(raw)
    assert words in "; ".join(map(str, report.problems))


@wires
def test_requests_are_validated_too(wire):
    request = OrderRequest("cancel", T, M, Subscriber("s", "https://s.example.org"), order_id=T,
                           lines=(Line("milk", "Milk", 2, money("1.29", "EUR")),),
                           reason="no longer needed")  # fmt: skip
    document = wire.build_request(request, bap_id="a", bap_uri="https://a.example.org", now=NOW)
    report = report_of(document)
    assert (report.action, report.problems) == ("cancel", ())
    assert "reason: no longer needed" in report.meaning


def test_real_networks_payloads_are_told_by_what_they_mean():
    report = validate_payload((SAMPLES / "retail-on_search.json").read_bytes())
    assert (report.version, report.action, report.problems) == ("1.1.1", "on_search", ())
    assert report.meaning[0] == "Hill Dairy offers 3 items"
    assert "item: Paneer 200 g (200 g): 95.00 INR, 12 there" in report.meaning
    report = validate_payload((SAMPLES / "ride-on_cancel-soft.json").read_bytes())
    assert [problem.path for problem in report.problems] == ["context.ttl", "message.order.status"]
    assert "the change costs 30 INR" in report.meaning


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(WIRES), json_values, st.sampled_from(["context", "message", "error", ""]))
def test_anything_is_reported_on_and_nothing_raised(wire, value, where):
    document = value if not where else quoted(wire) | {where: value}
    report = report_of(document)
    assert report.problems or report.meaning


@given(st.binary(max_size=100))
def test_any_bytes_are_reported_on(raw):
    assert validate_payload(raw).problems
