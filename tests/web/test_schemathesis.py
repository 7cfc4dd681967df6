"""The API held to its own OpenAPI document: schemathesis makes requests, good and bad.

Left out are two of its checks. That a request which fits the schema is taken: a window that ends
before it begins, or a member nobody knows, fits too. That wrong credentials are refused: each
request bears a token here; tests/web/test_api.py comes without.
"""

import asyncio
import copy
from collections import Counter
from http import HTTPStatus
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub.domain.scopes import SCOPES
from hub.web.api import OPERATIONS
from hub.web.apidoor import BASE
from hub.web.beginning import FoundBroker
from hub.web.openapi import document
from tests.web.fake_backend import FakeBackend
from tests.web.fake_rulesets import DIGEST

EXAMPLES = 16
"""Requests for each operation with a body or a query, half of them wrong on purpose."""

CHECKS = [
    status_code_conformance,  # among them: no 5xx, which none declares
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
KNOWN = {
    "id": ("sug-1", "ord-1", "act-1"),
    "item": ("milk", "rice"),
    "member": ("ada", "ben"),
    "name": ("groceries.yaml", "pantry.yaml"),
    "digest": (DIGEST,),
    "rule-sets": ("elm-street",),
    "ready-rules": ("fridge_door_open",),
    "contacts": ("ben",),
    "entities": ("sensor.milk",),
    "meals": ("dinner-1",),
    "rules": ("fridge_door_open",),
}
"""Otherwise nearly every path leads nowhere and the body is never looked at."""


def described() -> Any:
    """Return the document as schemathesis reads it, without its credentials."""
    told = copy.deepcopy(document())
    told.pop("security", None)
    told["components"].pop("securitySchemes", None)
    for path in told["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    generation = GenerationConfig(deterministic=True, modes=list(GenerationMode))
    project = ProjectConfig(generation=generation)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_dict(told, config=config)


def requests_of(operation: Any) -> Any:
    """Return good and bad requests; some operations take nothing that could be wrong."""
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    try:
        return good | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    except Exception:
        return good


@pytest.fixture(scope="module")
def operations() -> Any:
    return described()


@pytest.mark.parametrize("name", [operation.name for operation in OPERATIONS])
async def test_the_api_is_what_its_document_says(
    base: str, backend: FakeBackend, operations: Any, name: str
) -> None:
    told = next(operation for operation in OPERATIONS if operation.name == name)
    operation = operations[BASE + told.path][told.method]
    kind = told.path.split("/")[1]
    takes = told.body or told.query
    # Every scope: a refusal for want of one would hide what the operation itself does.

    async def nobody() -> list[FoundBroker]:
        return []

    backend.beginning.find_brokers = nobody  # type: ignore[method-assign]
    backend.tokens["every-token"] = frozenset(SCOPES)
    statuses: Counter[int] = Counter()

    @seed(20261125)
    @settings(
        max_examples=EXAMPLES if takes else 8 if "{" in told.path else 2,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests_of(operation))
    def hold(case: Any) -> None:
        turn = statuses.total()
        for part in case.path_parameters:
            known = KNOWN.get(kind if part == "id" else part) or KNOWN.get(part, ())
            if known and turn % 2:
                case.path_parameters[part] = known[turn // 2 % len(known)]
        good = case.meta.generation.mode is GenerationMode.POSITIVE
        if good and isinstance(case.body, dict) and "member" in case.body:
            case.body["member"] = "ada"
        # Sent by requests itself: schemathesis' own sender looks into urllib3, in whose place
        # homeassistant-api's niquests puts another.
        wanted = case.as_transport_kwargs(base_url=base)
        wanted["headers"]["Authorization"] = "Bearer every-token"
        wanted.pop("cookies", None)
        response = requests.request(**wanted, timeout=10)
        # Too large is refused too, in a way that check does not know.
        large = response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        checks = [one for one in CHECKS if not large or one is not negative_data_rejection]
        case.validate_response(response, checks=checks)
        statuses[response.status_code] += 1

    await asyncio.to_thread(hold)
    assert statuses.total() > 0
    assert set(statuses) != {HTTPStatus.FORBIDDEN}, "nothing but the scope was tried"
