"""What messages of both versions look like, as models that follow the specifications' names.

They serve those who write providers: ``validate`` names each wrong field by them, and
``docs/schemas/beckn-*.schema.json`` is made of them. The hub itself reads without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from integrations.beckn.schemas import v1, v2

MESSAGES: Mapping[str, Mapping[str, type[BaseModel]]] = {
    "2.0.0": v2.MESSAGES,
    "1.1.1": v1.MESSAGES,
}
"""Version -> action as written (``on_select``) -> the model of the whole message."""


def json_schema(version: str) -> dict[str, Any]:
    """Return the JSON Schema of every message of a version.

    ``$defs`` has each action's message under its own name; a document is one of them.
    """
    from pydantic.json_schema import models_json_schema

    named, made = models_json_schema(
        [(model, "validation") for model in MESSAGES[version].values()],
        ref_template="#/$defs/{model}",
    )
    defs = dict(made["$defs"])
    for action, model in MESSAGES[version].items():
        defs[action] = named[(model, "validation")]
    return {"oneOf": [{"$ref": f"#/$defs/{action}"} for action in MESSAGES[version]], "$defs": defs}
