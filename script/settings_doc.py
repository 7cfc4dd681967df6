"""Write ``docs/settings.md`` from ``hub/settings/``; ``--check`` tells whether it is current.

A setting's meaning, default and bounds are stated once, beside its type.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from annotated_types import Ge, Gt, Le, Lt, MaxLen  # noqa: E402
from pydantic import BaseModel  # noqa: E402
from pydantic.fields import FieldInfo  # noqa: E402

from hub.settings import Settings  # noqa: E402
from hub.settings.restart import at_start  # noqa: E402

DOC = ROOT / "docs" / "settings.md"

_HEAD = """\
# Settings

Everything `config/hub.yaml` may say. All of it has a default: an empty file is a household too. A
key the hub does not know is an error that names the line, so that a typing mistake is not lost.
`script/run check --config config` tells whether the file is right.

A running hub takes a change up within seconds, but for what says *at the next start*: the log and
the page of settings name what waits for one.

<!-- Written by script/settings-doc from hub/settings/; a change here is lost. -->
"""


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model behind a field's type (``X``, ``X | None``, ``tuple[X, ...]``) or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = section_of(argument)
        if found is not None:
            return found
    return None


def words_for(annotation: Any) -> str:
    """Name a type in the words of somebody who writes YAML."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section, see below"
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(words_for(one) for one in arguments if one is not NoneType)
    if origin is Annotated:
        return words_for(arguments[0])
    if origin is dict:
        return f"{words_for(arguments[0])}: {words_for(arguments[1])}"
    if origin is tuple:
        return f"list of {words_for(arguments[0])}"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}
    return names.get(annotation) or str(annotation.__name__)


def bounds(field: FieldInfo) -> str:
    """State a field's bounds, as far as they are numbers, lengths or a pattern."""
    told = []
    for bound in field.metadata:
        match bound:
            case Ge():
                told.append(f"at least {bound.ge}")
            case Gt():
                told.append(f"more than {bound.gt}")
            case Le():
                told.append(f"at most {bound.le}")
            case Lt():
                told.append(f"less than {bound.lt}")
            case MaxLen():
                told.append(f"at most {bound.max_length} characters")
            case _:
                if pattern := getattr(bound, "pattern", None):
                    told.append(f"matches `{pattern}`")
    return ", ".join(told)


def default(field: FieldInfo) -> str:
    """Write a default as YAML would have it."""
    if field.is_required():
        return "required"
    value = field.default
    match value:
        case None:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case BaseModel():
            return "see below"
        case dict():
            return "`{}`"
        case tuple():
            return f"`[{', '.join(map(str, value))}]`"
        case _:
            return f"`{value}`"


def meaning(path: str, field: FieldInfo) -> str:
    """Say what a setting is for, and whether a change of it waits for the next start."""
    told = field.description or ""
    return f"{told} (*at the next start*)" if at_start(path) else told


def rows(path: str, model: type[BaseModel]) -> list[str]:
    """Return the table of one section."""
    told = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        kind = words_for(field.annotation)
        if limits := bounds(field):
            kind += f"; {limits}"
        cells = (f"`{name}`", kind, default(field), meaning(f"{path}.{name}", field))
        told.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return told


def document() -> str:
    """Return the whole page."""
    told = [_HEAD]
    waiting: list[tuple[str, type[BaseModel], Any]] = []
    for name, field in Settings.model_fields.items():
        model = section_of(field.annotation)
        if model is not None:
            waiting.append((name, model, field.annotation))
    while waiting:
        path, model, annotation = waiting.pop(0)
        inner = [
            (f"{path}.{name}", found, field.annotation)
            for name, field in model.model_fields.items()
            if (found := section_of(field.annotation)) is not None
        ]
        listed = " (a list)" if get_origin(annotation) is tuple else ""
        told += [f"## `{path}`{listed}", "", (model.__doc__ or "").strip(), ""]
        told += [*rows(path, model), ""]
        waiting = inner + waiting
    return "\n".join(told).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` exit 1 when it is not what would be written."""
    text = document()
    if "--check" not in arguments:
        DOC.write_text(text)
        return 0
    if DOC.exists() and DOC.read_text() == text:
        return 0
    print(f"{DOC.relative_to(ROOT)} is out of date: run script/settings-doc", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
