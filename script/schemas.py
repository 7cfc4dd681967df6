"""Write ``docs/schemas/*``, ``docs/profiles/*.schema.json`` and ``docs/asyncapi.yaml``.

``--check`` tells if they are current.

What a maker's payload or a household's file may say is stated once, in the models.
"""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pydantic import BaseModel  # noqa: E402
from ruamel.yaml import YAML  # noqa: E402

from devices.meaning import DevicesFile  # noqa: E402
from devices.native_models import DEVICE, MODELS  # noqa: E402
from devices.pantry import PantryFile  # noqa: E402
from integrations.beckn import schemas as beckn  # noqa: E402
from integrations.beckn.profiles import PROFILES  # noqa: E402

FOLDER = ROOT / "docs" / "schemas"
PROFILE_FOLDER = ROOT / "docs" / "profiles"
ASYNCAPI = ROOT / "docs" / "asyncapi.yaml"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMMENT = "Apache-2.0 (docs/schemas/LICENSE). Written by script/schemas; a change here is lost."

_EXAMPLES: dict[str, list[Any]] = {
    "stock": [
        {"item": "rice", "quantity": 1.25, "unit": "kg", "time": "2026-11-24T18:30:00+01:00"},
        [{"item": "rice", "quantity": 1.25, "unit": "kg"}, {"item": "eggs", "quantity": 6}],
    ],
    "door": [{"open": True, "time": "2026-11-24T18:30:00Z"}],
    "scan": [{"gtin": "4006381333931", "action": "add", "count": 1, "id": "000017"}],
    "state": [{"temperature": 4.5, "mode": "eco"}],
    "status": [{"online": True}],
}


def schema(model: type[BaseModel], name: str, examples: list[Any]) -> dict[str, Any]:
    """Return a model's JSON Schema with its head."""
    made = model.model_json_schema()
    made.pop("description", None)
    head = {
        "$schema": DIALECT,
        "$comment": COMMENT,
        "title": made.pop("title", name),
        "description": " ".join((model.__doc__ or "").split()).replace("``", "`"),
    }
    return head | made | ({"examples": examples} if examples else {})


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of the native contract."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for kind, model in MODELS.items():
        summary = " ".join((model.__doc__ or "").split()).partition(": ")[2]
        channels[kind] = {
            "address": f"commonhearth/v1/{{device}}/{kind}",
            "description": summary[:1].upper() + summary[1:],
            "parameters": {"device": {"$ref": "#/components/parameters/device"}},
            "messages": {
                kind: {
                    "name": kind,
                    "contentType": "application/json",
                    "payload": {
                        "schemaFormat": "application/schema+json;version=draft-2020-12",
                        "schema": {"$ref": f"schemas/native-{kind}.schema.json"},
                    },
                    "examples": [{"payload": one} for one in _EXAMPLES[kind]],
                }
            },
            "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
        }
        operations[f"read{kind.capitalize()}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{kind}"},
            "messages": [{"$ref": f"#/channels/{kind}/messages/{kind}"}],
            "bindings": {"mqtt": {"qos": 1, "bindingVersion": "0.2.0"}},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Commonhearth native devices",
            "version": "1",
            "description": "What the hub reads from devices that speak to it directly. "
            "docs/for-device-makers.md shows each message with a command to try.",
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "parameters": {"device": {"description": f"The device's own name: {DEVICE}"}}
        },
    }


def documents() -> dict[Path, str]:
    """Return every file to write, with its text."""
    made = {
        FOLDER / f"native-{kind}.schema.json": schema(model, kind, _EXAMPLES[kind])
        for kind, model in MODELS.items()
    }
    made[FOLDER / "pantry.schema.json"] = schema(PantryFile, "pantry", [])
    made[FOLDER / "devices.schema.json"] = schema(DevicesFile, "devices", [])
    for name, profile in PROFILES.items():
        made[PROFILE_FOLDER / f"{name}.schema.json"] = schema(profile, name, [])
    for version in beckn.MESSAGES:
        head = {
            "$schema": DIALECT,
            "$comment": COMMENT,
            "title": f"Messages of Beckn {version}",
            "description": "What the hub sends and reads, by the specification's own names. Each "
            "action's message is in $defs under its name.",
        }
        made[FOLDER / f"beckn-{version}.schema.json"] = head | beckn.json_schema(version)
    texts = {
        path: json.dumps(one, indent=2, ensure_ascii=False) + "\n" for path, one in made.items()
    }
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 100
    # An example used twice is written twice: an alias would only puzzle its reader.
    yaml.representer.ignore_aliases = lambda *_: True
    written = StringIO()
    yaml.dump(asyncapi(), written)
    texts[ASYNCAPI] = f"# {COMMENT}\n{written.getvalue()}"
    return texts


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` exit 1 when one is not what would be written."""
    stale = [
        path for path, text in documents().items() if not path.exists() or path.read_text() != text
    ]
    if "--check" not in arguments:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path in stale:
            path.write_text(documents()[path])
        return 0
    for path in stale:
        print(f"{path.relative_to(ROOT)} is out of date: run script/schemas", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
