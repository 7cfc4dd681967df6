"""A folder of rules made into a set: ``set.yaml`` with the manifest, and files beside it."""

from __future__ import annotations

import json
from pathlib import Path

from hub.app.rulesets.check import read_set
from hub.app.textfiles import read
from hub.domain.published import FORMAT, Manifest
from hub.domain.rulesets import SetError
from hub.domain.yamltext import read_model

MANIFEST = "set.yaml"


def packed(folder: Path) -> str:
    """Return what is to be signed. SetError where the set would be refused; CannotWrite."""
    manifest, problems = read_model(Manifest, read(folder / MANIFEST), str(folder / MANIFEST))
    if manifest is None:
        raise SetError(str(problems[0]))
    files = {
        file.name: read(file)
        for file in sorted(folder.glob("*.yaml"))
        if file.name != MANIFEST and not file.name.startswith(".")
    }
    said = {"format": FORMAT, **manifest.model_dump(mode="json"), "files": files}
    payload = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    read_set(payload.encode())
    return payload
