"""What our profiles' pages and schemas say is what is written and read."""

import importlib.util
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hub.domain.money import money
from hub.domain.orders import Place, RideWish, TableWish
from integrations.beckn import v2
from integrations.beckn.envelope import read_context
from integrations.beckn.profiles import PROFILES, RIDE_STATES, TABLE_STATES
from integrations.beckn.provider.roads import ROADS
from integrations.beckn.reading import parse

_spec = importlib.util.spec_from_file_location("messages", Path(__file__).parent / "messages.py")
messages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(messages)

FOLDER = Path(__file__).parents[3] / "docs" / "profiles"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@cache
def judge(name):
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def examples(name):
    """Return a page's JSON, each as a whole message."""
    blocks = re.findall(r"^```json\n(.*?)^```", (FOLDER / f"{name}.md").read_text(), re.M | re.S)
    whole = None
    for block in blocks:
        document = json.loads(block)
        if "context" in document:
            whole = document
        else:
            # An answer, shortened to what is new: the rest is as in the message before it.
            document = json.loads(json.dumps(whole)) | {}
            document["context"]["action"] = f"on_{document['context']['action']}"
            document["message"]["contract"] |= json.loads(block)
        yield document


@pytest.mark.parametrize("name", ["reschedule", "table"])
def test_the_examples_of_a_page_are_valid_and_read(name):
    found = list(examples(name))
    assert found
    for document in found:
        judge(name).validate(document)
        node = parse(json.dumps(document).encode())
        if document["context"]["action"].startswith("on_"):
            answer = v2.read_answer(node, None)
            assert (answer.preview, answer.fee) == (True, money("1.00", "EUR"))
            assert str(answer.quote.total) == "5.70 EUR"
            assert answer.rescheduling.fee == answer.fee
        else:
            assert v2.read_request(node).request.slot.window.start.hour in (16, 18)


def test_the_example_of_a_table_says_who_comes():
    (document,) = examples("table")
    request = v2.read_request(parse(json.dumps(document).encode())).request
    assert request.domain == "restaurant"
    assert request.table.party_size == 4
    assert request.party.name == "Ada"


def test_the_states_of_a_page_are_those_of_the_road():
    for kind, states in (("restaurant", TABLE_STATES), ("ride", RIDE_STATES)):
        road = ROADS[kind]
        words = {step.word for step in road.steps}
        assert words | {road.cancelled_by_us, road.cancelled_by_buyer} == set(states)
    page = (FOLDER / "table.md").read_text() + (FOLDER / "ride.md").read_text()
    for state in TABLE_STATES + RIDE_STATES:
        assert f"`{state}`" in page


SOLD = ("select", "init", "confirm", "status", "update", "cancel")
WISHES = {
    "table": ("restaurant", {"table": TableWish(4, NOW), "ride": None}, "OrderItemConfirmed"),
    "ride": (
        "ride",
        {"ride": RideWish(Place("52.5,13.4"), Place("52.4,13.5"), 2, NOW), "table": None},
        "RIDE_ASSIGNED",
    ),
}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@given(
    messages.requests().filter(lambda request: request.action in SOLD),
    messages.answers().filter(lambda answer: answer.action in SOLD and answer.error is None),
    st.sampled_from(sorted(PROFILES)),
)
def test_what_we_write_is_what_the_schemas_say(request, answer, name):
    if name == "reschedule":
        request = replace(request, action="update")
        answer = replace(answer, action="cancel", state="cancelled")
    else:
        domain, wish, word = WISHES[name]
        request = replace(request, domain=domain, **wish)
        answer = replace(answer, **wish)
        if answer.fulfillment_state:
            answer = replace(answer, fulfillment_state=word)
    sent = v2.build_request(request, bap_id="hub", bap_uri="https://hub", now=NOW)
    context = read_context(parse(json.dumps(sent).encode()))
    told = v2.build_answer(context, answer, request_digest=None, now=NOW)
    for document in (sent, told):
        judge(name).validate(json.loads(json.dumps(document)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("performance", 0, "performanceAttributes", "partySize"), 0),
        (("performance", 0, "performanceAttributes", "@type"), "Other"),
        (("performance", 0, "status"), {"code": "Eaten"}),
        (("performance", 0, "performanceAttributes", "window", "endDate"), "tonight"),
        (("commitments",), []),
    ],
)
def test_the_schema_of_a_table_refuses_what_is_none(path, value):
    (document,) = examples("table")
    inner = document["message"]["contract"]
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert not judge("table").is_valid(document)
