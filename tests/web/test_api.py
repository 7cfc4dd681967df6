"""The JSON API, its document, and what supervisors ask."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from aiohttp import ClientResponse
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from hub.web.api import OPERATIONS
from hub.web.apidoor import BASE
from hub.web.app import make_app
from hub.web.health import exposition
from hub.web.openapi import document
from tests.web.conftest import ROOT, Client
from tests.web.fake_backend import NOW, SECRET, FakeBackend

DECISION = {"version": 2, "verb": "approve", "member": "ada", "option": "opt-1"}
EXAMPLES = {"id": "sug-1", "item": "milk"}


async def _call(
    client: Client, method: str, path: str, body: object = None, token: str = "full-token"
) -> ClientResponse:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = client.base + BASE + path
    return await client.session.request(method, url, data=data, headers=headers)


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    whole = Resource.from_contents(document(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:document", whole)
    pointed = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
    return Draft202012Validator(pointed, registry=registry)


async def test_a_suggestion_as_programs_see_it(client: Client) -> None:
    body = await (await _call(client, "GET", "/suggestions/sug-1")).json()
    assert body["state"] == "proposed"
    assert body["options"][0]["total"] == {"amount": "15.51", "currency": "EUR"}
    assert body["deadline"] == "2026-11-24T21:20:00Z"
    assert body["because"][0]["ledger_index"] == 1041


async def test_lists_can_be_narrowed(client: Client) -> None:
    for query, count in (("", 3), ("?open=false", 6), ("?open=false&limit=2", 2)):
        body = await (await _call(client, "GET", "/suggestions" + query)).json()
        assert len(body["items"]) == count
    parked = await (await _call(client, "GET", "/parked?limit=1")).json()
    assert len(parked["items"]) == 1


async def test_deciding_and_being_refused(client: Client, backend: FakeBackend) -> None:
    path = "/suggestions/sug-1/decision"
    response = await _call(client, "POST", path, {**DECISION, "counts": {}})
    assert response.status == 200
    body = await response.json()
    assert body["result"] == "done"
    assert body["suggestion"]["state"] == "approved"
    assert backend.decisions[0].via == "api"
    again = await _call(client, "POST", path, DECISION)
    assert again.status == 409
    assert (await again.json())["result"] == "refused"
    described = document()["paths"][BASE + "/suggestions/{id}/decision"]["post"]
    schema = described["responses"]["409"]["content"]["application/json"]["schema"]
    _validator(schema).validate(await again.json())
    gone = await _call(client, "POST", "/suggestions/none/decision", DECISION)
    assert gone.status == 404


async def test_changing_by_the_api(client: Client, backend: FakeBackend) -> None:
    body = {**DECISION, "counts": {"oat-1l": 5}, "slot_id": "slot-1-8"}
    response = await _call(client, "POST", "/suggestions/sug-1/decision", body)
    assert (await response.json())["result"] == "changed"
    assert dict(backend.decisions[0].counts) == {"oat-1l": 5}


async def test_setting_stock(client: Client, backend: FakeBackend) -> None:
    response = await _call(client, "PUT", "/pantry/milk", {"quantity": 2.5, "member": "ben"})
    assert response.status == 200
    assert (await response.json())["quantity"] == 2.5
    assert backend.levels["milk"].source == "ben"
    missing = await _call(client, "PUT", "/pantry/gold", {"quantity": 1, "member": "ben"})
    assert missing.status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/suggestions/sug-1/decision", b"{", "body"),
        ("POST", "/suggestions/sug-1/decision", b"\xff", "body"),
        ("POST", "/suggestions/sug-1/decision", b"[" * 60000, "body"),
        ("POST", "/suggestions/sug-1/decision", {}, "version"),
        ("POST", "/suggestions/sug-1/decision", {**DECISION, "verb": "burn"}, "verb"),
        ("POST", "/suggestions/sug-1/decision", {**DECISION, "extra": 1}, "extra"),
        ("POST", "/suggestions/sug-1/decision", {**DECISION, "counts": {"x": 1.5}}, "counts.x"),
        ("PUT", "/pantry/milk", {"quantity": -1, "member": "ada"}, "quantity"),
        ("PUT", "/pantry/milk", b'{"quantity": NaN, "member": "ada"}', "quantity"),
        ("PUT", "/pantry/milk", b'{"quantity": 1e999, "member": "ada"}', "quantity"),
        ("PUT", "/pantry/milk", {"quantity": 1, "member": "eve"}, "member"),
        ("PUT", "/pantry/milk", {"quantity": "1", "member": "ada"}, "quantity"),
        ("PUT", "/contacts/ben/muted", {"muted": 1, "member": "ada"}, "muted"),
        ("GET", "/suggestions?limit=0", None, "limit"),
        ("GET", "/suggestions?open=perhaps", None, "open"),
        ("GET", "/orders?color=red", None, "color"),
    ],
)
async def test_mistakes_are_named(
    client: Client, backend: FakeBackend, method: str, path: str, body: object, field: str
) -> None:
    response = await _call(client, method, path, body)
    assert response.status == 400
    assert response.content_type == "application/problem+json"
    problem = await response.json()
    assert problem["detail"].startswith(f"{field}: ")
    assert "\n" not in problem["detail"]
    _validator({"$ref": "#/components/schemas/Problem"}).validate(problem)
    assert backend.decisions == []


async def test_tokens_and_their_scopes(client: Client, backend: FakeBackend) -> None:
    for token in ("", "wrong", "x" * 300, "ä".encode().decode("latin-1")):
        response = await _call(client, "GET", "/orders", token=token)
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.content_type == "application/problem+json"
    path = "/suggestions/sug-1/decision"
    response = await _call(client, "POST", path, DECISION, token="read-token")
    assert response.status == 403
    assert "decide" in (await response.json())["detail"]
    assert backend.decisions == []


async def test_what_is_not_there_is_a_problem_too(client: Client) -> None:
    for method, path, status in (
        ("GET", "/orders/none", 404),
        ("GET", "/nothing", 401),
        ("PUT", "/orders", 405),
        ("POST", "/suggestions/sug-1/decision", 413),
    ):
        body = b"x" * 100_000 if status == 413 else None
        response = await _call(client, method, path, body)
        # An address that leads nowhere is not told from one that is closed.
        assert response.status in (status, 401)
        assert response.content_type == "application/problem+json"


async def test_the_document_has_each_route_and_no_other(
    client: Client, backend: FakeBackend
) -> None:
    served = await (await client.session.get(client.base + BASE + "/openapi.json")).json()
    assert served == json.loads(json.dumps(document()))
    described = {
        (method.upper(), path) for path, item in served["paths"].items() for method in item
    }
    routed = {
        (route.method, route.resource.canonical)
        for route in make_app(backend, secret=SECRET).router.routes()
        if route.resource is not None
        and route.resource.canonical.startswith("/api/")
        and route.method != "HEAD"
    }
    assert routed - described == {("GET", BASE + "/openapi.json")}
    assert described <= routed


def test_a_hub_that_nobody_asks_does_not_hold_the_api() -> None:
    look = "import sys, hub.web.app; print({'hub.web.api', 'hub.web.openapi'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, check=True)
    assert found.stdout == b"set()\n"


def test_the_document_is_sound() -> None:
    whole = document()
    assert whole["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(whole["info"])
    schemas = whole["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(whole)
    for name in re.findall(r'"\$ref": "([^"]+)"', text):
        assert name.startswith("#/components/schemas/")
        assert name.rpartition("/")[2] in schemas
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', text)) == set(schemas)
    names = [op["operationId"] for item in whole["paths"].values() for op in item.values()]
    assert len(set(names)) == len(names) == len(OPERATIONS)
    for path, item in whole["paths"].items():
        for operation in item.values():
            assert {"summary", "responses", "security"} <= set(operation)
            assert {"401", "403"} <= set(operation["responses"])
            for response in operation["responses"].values():
                assert response["description"]
            named = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
            assert named == re.findall(r"{(\w+)}", path)


async def test_health_is_for_all(client: Client, backend: FakeBackend) -> None:
    healthy = await client.session.get(client.base + "/healthz")
    assert healthy.status == 200
    assert (await healthy.json())["outbox"]["pending"] == 2
    backend.ok = False
    ill = await client.session.get(client.base + "/healthz")
    assert ill.status == 503
    assert (await ill.json())["ok"] is False


async def test_metrics_are_for_the_household(client: Client) -> None:
    url = client.base + "/metrics"
    assert (await client.session.get(url)).status == 401
    headers = {"Authorization": "Bearer read-token"}
    response = await client.session.get(url, headers=headers)
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = (await response.text()).splitlines()
    assert "commonhearth_ok 1" in lines
    assert "# TYPE commonhearth_messages_total counter" in lines
    assert "commonhearth_messages_total 20931" in lines
    assert 'commonhearth_outbox{name="pending"} 2' in lines
    assert r'commonhearth_outbox{name="odd\"name\\\n"} 1' in lines
    assert 'commonhearth_broker_info{value="mqtt://127.0.0.1:1883"} 1' in lines
    assert "commonhearth_load +Inf" in lines
    assert f"commonhearth_started_at {NOW.timestamp()!r}" in lines
    sample = re.compile(r'[a-z_]+(\{[a-z]+="([^"\\]|\\.)*"\})? \S+')
    assert all(line.startswith("# TYPE ") or sample.fullmatch(line) for line in lines)
    client.enter()
    assert (await client.session.get(url)).status == 200


def test_names_prometheus_would_not_take_are_mended() -> None:
    text = exposition({"queue-size (now)": 3, "nothing": None, "list": [1]})
    assert text == "# TYPE commonhearth_queue_size__now_ gauge\ncommonhearth_queue_size__now_ 3\n"
