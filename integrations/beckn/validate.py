"""What is wrong with a payload, field by field, for those who write providers.

The version is told by the payload itself. Fields that a specification allows and the hub does not
know are no problem.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hub.domain.orders import Subscriber
from hub.domain.values import dataclass
from integrations.beckn.errors import BecknError
from integrations.beckn.meaning import tell_answer, tell_request
from integrations.beckn.reading import Node, parse
from integrations.beckn.wire import Wire, detect

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

MOST_PROBLEMS = 100
"""Problems that are told; whoever has more begins with these."""

_PLAIN = {
    "missing": "this field",
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most 1000 characters",
    "too_short": "a list that is not empty",
    "extra_forbidden": "no such field: the specification allows no others here",
}
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """A field at ``path`` ('' for the whole payload), what was expected there and what is there."""

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.path or 'payload'}: expected {self.expected}; found {self.found}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a payload is, what is wrong with it, and what it means in plain words.

    ``version`` and ``action`` are '' where they cannot be told.
    """

    version: str
    action: str
    problems: tuple[Problem, ...] = ()
    meaning: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.problems


def validate_payload(raw: bytes) -> Report:
    """Say what is wrong with a message of either version and of either side, and what it means.

    ONDC's dialect of version 1 (known by ``core_version``) is held to what the hub reads of it,
    not to the core specification, from which it departs. Never raises for what is in ``raw``.
    """
    try:
        document = parse(raw)
    except BecknError as error:
        return Report("", "", (Problem("", "a JSON object that can be read", str(error)),))
    try:
        wire = detect(document)
    except BecknError as error:
        return Report("", "", (_of_reader(error, document),))
    action = document.node("context").value.get("action")
    action = action if isinstance(action, str) else ""
    problems: dict[str, Problem] = {}
    if not (wire.version == "1.1.1" and document.node("context").has("core_version")):
        for problem in _by_model(wire, action, raw):
            problems.setdefault(problem.path, problem)
    meaning: tuple[str, ...] = ()
    try:
        meaning = tuple(_read(wire, action, document))
    except BecknError as error:
        problem = _of_reader(error, document)
        if not any(path.startswith(problem.path) for path in problems):
            problems.setdefault(problem.path, problem)
    return Report(wire.version, action, tuple(problems.values())[:MOST_PROBLEMS], meaning)


def _read(wire: Wire, action: str, document: Node) -> Iterator[str]:
    if not action.startswith("on_"):
        asked = wire.read_request(document)
        yield from tell_request(asked.request, asked.terms)
        return
    context = wire.read_context(document)
    sender = Subscriber(context.bpp_id, context.bpp_uri)
    yield from tell_answer(wire.read_answer(document, sender))


# -- by the models ---------------------------------------------------------------------------------


def _by_model(wire: Wire, action: str, raw: bytes) -> Iterator[Problem]:
    from pydantic import ValidationError

    from integrations.beckn.schemas import MESSAGES

    known: Mapping[str, type[BaseModel]] = MESSAGES[wire.version]
    model = known.get(action)
    if model is None:
        yield Problem("context.action", f"one of {', '.join(known)}", repr(action[:60]))
        return
    try:
        model.model_validate(json.loads(raw))
    except ValidationError as error:
        for details in error.errors(include_url=False)[:MOST_PROBLEMS]:
            yield _of_model(details)
    except RecursionError:
        return


def _of_model(details: ErrorDetails) -> Problem:
    found = "nothing" if details["type"] == "missing" else _shown(details["input"])
    return Problem(_path(details["loc"]), _expected(details), found)


def _expected(details: ErrorDetails) -> str:
    from integrations.beckn.schemas.parts import EXPECTED

    kind, about = details["type"], details.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return EXPECTED.get(str(about["pattern"]), f"text like {about['pattern']}")
    if kind == "literal_error":
        return str(about["expected"])
    if kind == "greater_than_equal":
        return f"at least {about['ge']}"
    message = details["msg"]
    return _PLAIN.get(kind, message[:1].lower() + message[1:])


def _path(parts: Sequence[str | int]) -> str:
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")


# -- by the reader ---------------------------------------------------------------------------------


def _of_reader(error: BecknError, document: Node) -> Problem:
    where, colon, told = str(error).partition(": ")
    if not colon or " " in where:
        return Problem("", "a message without contradictions", str(error))
    return Problem(where, told.removeprefix("expected "), _shown(_at(document, where)))


_NOWHERE = object()


def _at(document: Node, path: str) -> object:
    value: object = dict(document.value)
    for name, index in _STEP.findall(path):
        if index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif name and isinstance(value, dict):
            value = value.get(name, _NOWHERE)
        else:
            return _NOWHERE
    return value


def _shown(value: object) -> str:
    if value is _NOWHERE or value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"an object with {', '.join(map(str, list(value)[:5])) or 'nothing in it'}"[:120]
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 80 else f"{text[:77]}…"
