"""The web's doors: bent bodies, queries and forms get an answer that says why, never a 500."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from hub.web.api import OPERATIONS
from hub.web.apidoor import BASE
from hub.web.app import make_app
from tests.fuzz.mutations import NASTY, bent
from tests.web.fake_backend import SECRET, FakeBackend

TRIES = int(os.environ.get("FUZZ_TRIES", "0")) or 25
WITH_BODY = [one for one in OPERATIONS if one.body is not None]
FORMS = (
    "/suggestions/sug-1/decision",
    "/orders/ord-3/commands",
    "/pantry/milk",
    "/devices/sensor.milk",
    "/rules/fridge_door_open",
    "/rules/files/groceries.yaml/check",
    "/you/code",
    "/privacy/erase",
    "/language",
)
TEXTS = [one for one in NASTY if isinstance(one, str) and "\ud800" not in one]


def sample(model: type[BaseModel]) -> bytes:
    """Return a body that is nearly right: each field has a value of its type."""
    properties = model.model_json_schema()["properties"]
    found: dict[str, Any] = {}
    for name, about in properties.items():
        kinds = [about, *about.get("anyOf", ())]
        kind = next((one["type"] for one in kinds if "type" in one), "string")
        made = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
        text = "2026-11-28T10:00:00Z" if any("format" in one for one in kinds) else "ada"
        words = next((one["enum"][0] for one in kinds if "enum" in one), text)
        found[name] = made.get(kind, words)
    return json.dumps(found).encode()


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Return as many values; always the same ones in ``script/test``."""
    values: list[Any] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize="FUZZ_TRIES" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        values.append(value)

    collect()
    return values


@pytest.fixture
async def at(tmp_path) -> AsyncIterator[tuple[str, FakeBackend, ClientSession]]:
    backend = FakeBackend(tmp_path / "config")
    runner = web.AppRunner(make_app(backend, secret=SECRET))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as session:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", backend, session
    await runner.cleanup()


@pytest.mark.parametrize("name", [one.name for one in WITH_BODY])
async def test_a_bent_body_is_refused_with_a_reason(at, name: str) -> None:
    base, _, session = at
    operation = next(one for one in WITH_BODY if one.name == name)
    path = BASE + operation.path.replace("{id}", "sug-1").replace("{item}", "milk")
    assert operation.body is not None
    headers = {"Authorization": "Bearer full-token", "Content-Type": "application/json"}
    for body in drawn(bent([sample(operation.body)]), TRIES):
        async with session.request(
            operation.method, base + path, data=body[:60_000], headers=headers
        ) as answer:
            said = await answer.json(content_type=None)
            assert answer.status < 500, (body, said)
            if answer.status not in (200, 409):
                assert said["detail"], body


async def test_bent_queries_and_paths_are_answered(at) -> None:
    base, _, session = at
    headers = {"Authorization": "Bearer full-token"}
    values = drawn(st.sampled_from(TEXTS) | st.text(max_size=30), TRIES * 2)
    for operation in (one for one in OPERATIONS if one.method == "GET"):
        names = list(operation.query.model_fields) if operation.query else ["x"]
        for number, value in enumerate(values[: TRIES // 2]):
            text = value.encode("utf-8", "replace").decode()[:2000]
            path = base + BASE + operation.path.replace("{id}", "sug-1").replace("{item}", "milk")
            query = {names[number % len(names)]: text}
            async with session.get(path, params=query, headers=headers) as answer:
                assert answer.status < 500, (operation.path, query)


@pytest.mark.parametrize("path", FORMS)
async def test_bent_forms_are_answered(at, path: str) -> None:
    base, backend, session = at
    secret, signed_in = backend.create_session("ada")
    headers = {"Cookie": f"commonhearth={secret}", "Origin": base}
    names = st.sampled_from(
        ("verb", "version", "option", "slot", "scope", "count:oat-1l", "do", "text", "stars",
         "quantity", "member", "recipient", "language", "next", "meaning", "item", "name",
         "enabled", "x")
    )  # fmt: skip
    right = st.sampled_from(("approve", "decline", "1", "2", "opt-1", "ada", "once", "move", "en"))
    forms = st.dictionaries(
        names, right | st.sampled_from(TEXTS) | st.text(max_size=20), max_size=6
    )
    for form in drawn(forms, TRIES):
        given_ = {key: value.encode("utf-8", "replace").decode() for key, value in form.items()}
        data = {"csrf": signed_in.csrf, **given_}
        async with session.post(
            base + path, data=data, headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status < 500, (path, form)
            assert "\r\nX: y" not in answer.headers.get("Location", "")
