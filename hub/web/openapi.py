"""The OpenAPI 3.1 document, made of the same table as the routes: it cannot say anything else."""

from __future__ import annotations

import json
import re
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from hub.domain.scopes import SCOPES
from hub.web.api import OPERATIONS
from hub.web.apidoor import BASE
from hub.web.callers import CSRF
from hub.web.gate import COOKIE, public
from hub.web.operations import Operation, adapter
from hub.web.parity import FORMS, PAGES_ONLY, VIEWS
from hub.web.problem import Problem

_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"{(\w+)}")


_ETAG = {
    "required": True,
    "schema": {"type": "string"},
    "description": "changes with what was read; writing takes it as If-Match",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "the ETag that was read; where this has changed since, 412 and nothing is done",
}


@cache
def document() -> dict[str, Any]:
    """Return the document as JSON values."""
    inputs = {model for op in OPERATIONS for model in (op.body,) if model is not None}
    outputs: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        (answer.__name__, "serialization", adapter(answer))
        for answer in dict.fromkeys(op.answer for op in OPERATIONS if not op.media)
    ]
    references, definitions = TypeAdapter.json_schemas(outputs, ref_template=_REF)
    _, input_definitions = models_json_schema(
        [(model, "validation") for model in sorted(inputs, key=lambda m: m.__name__)]
        + [(Problem, "serialization")],
        ref_template=_REF,
    )
    schemas = {**definitions.get("$defs", {}), **input_definitions.get("$defs", {})}
    for (name, _), schema in references.items():
        if schema != {"$ref": _REF.format(model=name)}:
            schemas[name] = schema
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(BASE + operation.path, {})
        path[operation.method.lower()] = _operation(operation)
    for item in paths.values():
        for described in item.values():
            for key, table in (("x-forms", FORMS), ("x-views", VIEWS)):
                pages = [page for page, names in table.items() if described["operationId"] in names]
                if pages:
                    described[key] = pages
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Commonhearth",
            "version": "1",
            "summary": "What a home hub proposes, orders and knows, and the answers to it.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "paths": paths,
        "x-pages-only": dict(PAGES_ONLY),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "made by `run_hub.py token create`; scopes: "
                    + ", ".join(SCOPES),
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": "a browser that a member is signed in with: it may do what the "
                    "pages let that member do, and speaks for nobody else",
                },
                "form": {
                    "type": "apiKey",
                    "in": "header",
                    "name": CSRF,
                    "description": "the session's form token, as the pages' forms have it; not "
                    "needed for GET",
                },
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"$ref": _REF.format(model=operation.answer.__name__)}
    if operation.media:
        answer = {"type": "string"}
    if operation.many:
        items = {"type": "array", "items": answer}
        answer = {"type": "object", "required": ["items"], "properties": {"items": items}}
    responses: dict[str, Any] = {
        "200": _response(HTTPStatus.OK, answer, operation.media or "application/json")
    }
    refused = (
        {400, 401, 403, *operation.errors}
        if operation.body or operation.query
        else {
            401,
            403,
            *operation.errors,
        }
    )
    if operation.conflicts:
        refused.add(409)
    if operation.body:
        refused.add(413)
    heeds = operation.tagged and operation.method != "GET"
    if heeds:
        refused.add(412)
    if operation.tagged:
        responses["200"]["headers"] = {"ETag": _ETAG}
    for status in sorted(refused):
        # A refused decision is an answer, with the suggestion as it is now; not a fault.
        answered = status == 409 and not operation.conflicts
        schema = answer if answered else {"$ref": _REF.format(model="Problem")}
        kind = "application/json" if answered else "application/problem+json"
        responses[str(status)] = _response(HTTPStatus(status), schema, kind)
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": _security(operation),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _PARAMETER.findall(operation.path)
        ]
        + (_query(operation.query) if operation.query else [])
        + ([_IF_MATCH] if heeds else []),
        "responses": responses,
    }
    if operation.body:
        schema = {"$ref": _REF.format(model=operation.body.__name__)}
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return described


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    token: dict[str, list[str]] = {"token": [operation.scope]}
    if not operation.browser:
        return [token]
    form: dict[str, list[str]] = {} if operation.method == "GET" else {"form": []}
    return [token, {"session": [], **form}]


def _response(status: HTTPStatus, schema: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"description": status.phrase, "content": {kind: {"schema": schema}}}


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    described = model.model_json_schema()
    needed = described.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": schema}
        for name, schema in described["properties"].items()
    ]


@public
async def show(request: web.Request) -> web.Response:
    """Answer ``/api/v1/openapi.json``; it holds nothing of the household, so all may read it."""
    return web.Response(body=json.dumps(document()).encode(), content_type="application/json")
