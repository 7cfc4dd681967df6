"""Our messages against the schemas: always our own, and the specifications' where they are at hand.

``COMMONHEARTH_BECKN_SPECS`` names a folder that holds both OpenAPI files, anywhere beneath it:
``api/v2.0.0/beckn.yaml`` of github.com/beckn/protocol-specifications-v2 (tag core-v2.0.0-lts) and
``api/transaction/build/transaction.yaml`` of github.com/beckn/protocol-specifications (tag
core-v1.1.1). Their licence is CC BY-NC-SA, so no copy of them is here.
"""

import importlib.util
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML

from hub.domain.money import money
from hub.domain.orders import ACTIONS, Line, OrderAnswer, OrderRequest, ProviderError, Subscriber
from integrations.beckn.errors import BecknError
from integrations.beckn.keys import Identity
from integrations.beckn.schemas import json_schema
from integrations.beckn.wire import V1, V2, WIRES

_spec = importlib.util.spec_from_file_location("messages", Path(__file__).parent / "messages.py")
messages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(messages)

SPECS = os.environ.get("COMMONHEARTH_BECKN_SPECS")
FILES = {"2.0.0": "beckn.yaml", "1.1.1": "transaction.yaml"}
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
US = Identity("hub.example.org", "key-1", bytes(range(32)))
wires = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.version)
slow = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)


@cache
def specification(version):
    found = sorted(Path(SPECS).rglob(FILES[version]))
    assert found, f"COMMONHEARTH_BECKN_SPECS={SPECS}: no {FILES[version]} beneath it"
    return YAML(typ="safe").load(found[0])


@cache
def validators(version, path, kind):
    """Return what judges a message: our own schema, and the specification's at ``path``."""
    ours = json_schema(version)
    judges = []
    if kind == "request":
        ours = {"$ref": f"#/$defs/{path.removeprefix('/')}", "$defs": ours["$defs"]}
        judges.append(Draft202012Validator(ours, format_checker=FormatChecker()))
    if SPECS:
        place = path.replace("/", "~1")
        where = {
            "request": f"#/paths/{place}/post/requestBody/content/application~1json/schema",
            "ack": "#/components/schemas/Ack",
            "nack": "#/components/schemas/NackBadRequest",
            "answer": "#/paths/~1init/post/responses/default/content/application~1json/schema",
        }[kind]
        whole = Resource(specification(version), DRAFT202012)
        registry = Registry().with_resource("urn:spec", whole)
        judges.append(
            Draft202012Validator(
                {"$ref": f"urn:spec{where}"}, registry=registry, format_checker=FormatChecker()
            )
        )
    return judges


def judge(version, path, document, kind="request"):
    document = json.loads(json.dumps(document))
    for validator in validators(version, path, kind):
        problems = [
            f"{'.'.join(map(str, problem.absolute_path))}: {problem.message[:200]}"
            for problem in validator.iter_errors(document)
        ]
        assert problems == [], json.dumps(document)[:2000]


def asked(wire, request):
    to = Subscriber(request.to.subscriber_id, request.to.uri, wire.version)
    return wire.build_request(
        replace(request, to=to), bap_id=US.subscriber_id, bap_uri="https://hub.example.org/b",
        now=NOW, country="DEU", city="std:030",
    )  # fmt: skip


def told(wire, answer):
    request = OrderRequest(
        "status", answer.transaction_id, answer.message_id, messages.BPP, order_id="o"
    )
    document = asked(wire, request)
    from integrations.beckn.reading import parse

    context = wire.read_context(parse(json.dumps(document).encode()))
    return wire.build_answer(context, answer, request_digest="BLAKE-512=aa==", now=NOW)


def with_real_addresses(message):
    """A settings file or a provider's page holds addresses and places, not just any text."""
    for name in ("party", "support"):
        part = getattr(message, name, None)
        for field, real in (("email", "a@example.org"), ("gps", "52.52,13.40")):
            if getattr(part, field, None) is not None:
                part = replace(part, **{field: real})
        if part is not None:
            message = replace(message, **{name: part})
    return message


@wires
@slow
@given(request=messages.requests().map(with_real_addresses))
def test_what_we_ask_is_as_both_schemas_say(wire, request):
    word = wire.word(request.action)
    judge(wire.version, f"/{word}", asked(wire, request))


@wires
@slow
@given(answer=messages.answers().map(with_real_addresses))
def test_what_we_answer_is_as_both_schemas_say(wire, answer):
    word = wire.word(answer.action)
    judge(wire.version, f"/on_{word}", told(wire, answer))


@wires
@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_may_be_refused_as_both_schemas_say(wire, action):
    refused = OrderAnswer(
        action, messages.BPP, "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        "7f9619ff-8b86-4d01-b42d-00cf4fc964ff", NOW, error=ProviderError("40001", "not now"),
    )  # fmt: skip
    document = told(wire, refused)
    assert "error" in document
    judge(wire.version, f"/on_{wire.word(action)}", document)


@pytest.mark.parametrize("error", [None, BecknError("context.ttl: expected a duration")])
def test_the_synchronous_answer_is_as_the_specification_says(error):
    first = V1.receipt(error, b"{}", "m", US, NOW)
    assert first["message"]["ack"]["status"] == ("NACK" if error else "ACK")
    judge("1.1.1", "/init", first, "answer")
    second = V2.receipt(error, b"{}", "m", US, NOW)
    assert second["status"] == ("NACK" if error else "ACK")
    assert second["signature"].startswith("Signature keyId=")
    judge("2.0.0", "/init", second, "nack" if error else "ack")


@wires
def test_our_own_schemas_are_schemas_and_refuse_what_is_wrong(wire):
    schema = json_schema(wire.version)
    Draft202012Validator.check_schema(schema)
    request = OrderRequest("select", "t", "m", messages.BPP, lines=())
    assert list(Draft202012Validator(schema).iter_errors(asked(wire, request)))


@wires
def test_a_wrong_message_is_refused_by_every_schema_there_is(wire):
    request = OrderRequest(
        "status", "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "7f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        messages.BPP, order_id="8f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        lines=(Line("milk", "Milk", 1, money("1.29", "EUR")),),
    )  # fmt: skip
    document = asked(wire, request)
    judge(wire.version, "/status", document)
    document["context"]["action"] = "select"
    document["message"] = {}
    for validator in validators(wire.version, "/status", "request"):
        assert len(list(validator.iter_errors(document))) >= 2
