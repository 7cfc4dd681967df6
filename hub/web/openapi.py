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

from hub.web.api import BASE, OPERATIONS
from hub.web.gate import public
from hub.web.operations import Operation, adapter
from hub.web.problem import Problem

_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"{(\w+)}")


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
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Commonhearth",
            "version": "1",
            "summary": "What a home hub proposes, orders and knows, and the answers to it.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "made by `run_hub.py token create`; scopes: read, decide, "
                    "configure",
                }
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
    for status in sorted(refused):
        # A refused decision is an answer, with the suggestion as it is now; not a fault.
        answered = status == 409 and not operation.conflicts
        schema = answer if answered else {"$ref": _REF.format(model="Problem")}
        kind = "application/json" if answered else "application/problem+json"
        responses[str(status)] = _response(HTTPStatus(status), schema, kind)
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [{"token": [operation.scope]}],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _PARAMETER.findall(operation.path)
        ]
        + (_query(operation.query) if operation.query else []),
        "responses": responses,
    }
    if operation.body:
        schema = {"$ref": _REF.format(model=operation.body.__name__)}
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return described


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
