"""pydantic's complaints in the words of somebody who writes YAML: what was expected, what stood."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from hub.domain.values import dataclass

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Path = tuple[str | int, ...]

_MAX_SHOWN = 40

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "path_type": "a path",
    "none_required": "nothing",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake: the path to it (as written in the file), and what to say about it.

    ``at_key`` is true when the key itself is at fault rather than its value.
    """

    path: Path
    message: str
    at_key: bool = False


def path_text(path: Sequence[str | int]) -> str:
    """Write a path as people read it: ``propose.items[2]``; list positions count from 0."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant, None when none is near."""
    import difflib  # only for mistakes: a hub at idle would hold it

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def shown(value: Any) -> str:
    """Write a value as it stood in the file, shortened: ``"grocery"``, ``3``, ``a list``."""
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def told(model: type[BaseModel], data: Any, error: ValidationError) -> list[Fault]:
    """Turn a ValidationError into faults, in the order they were found, one for each place.

    Alternatives that failed at the same place become one sentence: "expected a or b, got c".
    """
    single: list[Fault] = []
    expected: dict[Path, list[str]] = {}
    for one in error.errors(include_url=False):
        path = _real(one["loc"], data, missing=one["type"] == "missing")
        fault, wish = _said(model, data, path, dict(one))
        if fault is not None:
            if fault not in single:
                single.append(fault)
        elif wish is not None:
            if path not in expected:
                single.append(Fault(path, ""))
            wishes = expected.setdefault(path, [])
            if wish not in wishes:
                wishes.append(wish)
    return [
        fault
        if fault.message
        else Fault(
            fault.path,
            f"expected {' or '.join(expected[fault.path])}, got {shown(_follow(data, fault.path))}",
        )
        for fault in single
    ]


def _said(
    model: type[BaseModel], data: Any, path: Path, error: dict[str, Any]
) -> tuple[Fault | None, str | None]:
    """Return a finished fault, or what was expected (to be joined with other alternatives)."""
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "missing":
        return Fault(path[:-1], f"the key {path[-1]} is missing"), None
    if kind == "extra_forbidden":
        return Fault(path, _unknown_key(model, data, path), at_key=True), None
    if kind in ("value_error", "assertion_error"):
        said = str(context.get("error", error["msg"]))
        return Fault(path, said), None
    if kind == "union_tag_not_found":
        key = str(context.get("discriminator", "")).strip("'")
        return Fault(path, f"the key {key} is missing"), None
    if kind == "union_tag_invalid":
        key = str(context["discriminator"]).strip("'")
        tags = context["expected_tags"].replace("'", "")
        got = shown(context.get("tag"))
        return Fault((*path, key), f"expected one of {tags}, got {got}"), None
    if kind in ("literal_error", "enum"):
        words = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return None, f"one of {words}" if ", " in words else words
    if kind in _EXPECTED:
        return None, _EXPECTED[kind]
    if kind == "string_pattern_mismatch":
        example = _example(model, path)
        return None, example or f"text that matches {context['pattern']}"
    return None, _plain(str(error["msg"]))


def _plain(message: str) -> str:
    for start in ("Input should be ", "Value should be "):
        if message.startswith(start):
            return message.removeprefix(start).replace("'", "")
    for noun in ("String", "List", "Tuple", "Dictionary", "Set", "Value"):
        if message.startswith(f"{noun} should have "):
            rest = message.removeprefix(f"{noun} should have ")
            return rest.partition(", not ")[0].replace(" after validation", "")
    return message[:1].lower() + message[1:]


def _unknown_key(model: type[BaseModel], data: Any, path: Path) -> str:
    key = str(path[-1])
    known = sorted(
        {
            field.alias or name
            for found in _models(model, path[:-1], data)
            for name, field in found.model_fields.items()
        }
    )
    # The path already names the key, so the sentence does not repeat it.
    near = nearest(key, known)
    if near is not None:
        return f"unknown key, did you mean {near}?"
    return f"unknown key, expected one of {', '.join(known)}" if known else "unknown key"


def _example(model: type[BaseModel], path: Path) -> str | None:
    """Return the example that the field's author gave for what does not match its pattern."""
    if not path or not isinstance(path[-1], str | int):
        return None
    while path and isinstance(path[-1], int):
        path = path[:-1]
    for found in _models(model, path[:-1], None) if path else ():
        field = _field(found, path[-1])
        if field is not None and field.examples:
            return f"something like {field.examples[0]}"
    return None


def _real(loc: tuple[Any, ...], data: Any, *, missing: bool) -> Path:
    """Drop from pydantic's location what is not in the file: the names of union branches."""
    path: list[str | int] = []
    for place, step in enumerate(loc):
        last = place == len(loc) - 1
        inside = (isinstance(data, dict) and step in data) or (
            isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data)
        )
        if inside:
            path.append(step)
            data = data[step]
        elif last and missing:
            path.append(str(step))
    return tuple(path)


def _follow(data: Any, path: Path) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _field(model: type[BaseModel], key: str | int) -> Any:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return field
    return None


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield every model an annotation may stand for, through unions, lists and mappings."""
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, Annotated, list, tuple, dict):
        for argument in get_args(annotation):
            yield from _inside(argument)


def _models(model: type[BaseModel], path: Path, data: Any) -> list[type[BaseModel]]:
    """Return the models that may describe the part at ``path``; the chosen one where it is said."""
    found: list[type[BaseModel]] = [model]
    for step in path:
        data = _follow(data, (step,))
        if isinstance(step, str):
            fields = [_field(one, step) for one in found]
            found = [
                inner
                for field in fields
                if field is not None
                for inner in _inside(field.annotation)
            ]
    chosen = [one for one in found if _may_be(one, data)]
    return chosen or found


def _may_be(model: type[BaseModel], data: Any) -> bool:
    """Tell whether the Literal fields of a model agree with what is written."""
    if not isinstance(data, dict):
        return True
    for name, field in model.model_fields.items():
        key = field.alias or name
        literal = get_origin(field.annotation) is Literal
        if literal and key in data and data[key] not in get_args(field.annotation):
            return False
    return True
