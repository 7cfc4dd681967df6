"""YAML that a household writes, read so that a mistake is told with its file, line and column.

Pure text: the caller reads the file. The schema is YAML 1.2's core schema (section 10.3), stricter
where that protects people: ``on``, ``off``, ``18:00`` and dates are text, numbers with a leading
zero stay text (a barcode keeps its zeros), aliases, tags and a second document are refused, and a
key may be given once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from hub.domain.yamlplaces import Located as Located
from hub.domain.yamlplaces import Problem as Problem
from hub.domain.yamlplaces import Span, place
from hub.domain.yamlplaces import YamlError as YamlError
from hub.domain.yamlwords import Fault, Path, path_text, told

if TYPE_CHECKING:
    from pydantic import BaseModel

    Model = TypeVar("Model", bound=BaseModel)

MAX_SIZE = 1024 * 1024
"""Characters of one file."""
MAX_DEPTH = 32
"""Lists and mappings inside one another."""
_MAX_PROBLEMS = 50
_MAX_DIGITS = 40

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True} | {
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def load(text: str, file: str) -> Located:
    """Read YAML text; ``file`` is what messages call it.

    Raises YamlError for anything that is not one document of at most MAX_SIZE characters and
    MAX_DEPTH levels, with text keys that are each given once, and without aliases and tags.
    """
    if len(text) > MAX_SIZE:
        raise YamlError(Problem(file, 1, 1, f"expected at most {MAX_SIZE} characters of YAML"))
    # As ruamel counts lines; positions are then the same in both.
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _Builder(text, file).build()


class _Builder:
    """Builds data from parser events in a loop, so that no nesting can exhaust the stack."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._located = Located(file, None, text)
        self._stack: list[tuple[Any, Path]] = []
        self._key: list[str | None] = []
        self._root: Any = None

    def _fail(self, index: int, message: str) -> YamlError:
        line, column = place(self._text, index)
        return YamlError(Problem(self._file, line, column, message))

    def build(self) -> Located:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        documents = 0
        try:
            for event in YAML(typ="safe", pure=True).parse(self._text):
                name = type(event).__name__
                if name == "DocumentStartEvent":
                    documents += 1
                    if documents > 1:
                        raise self._fail(
                            event.start_mark.index, "expected one YAML document, found a second"
                        )
                else:
                    self._take(name, event)
        except MarkedYAMLError as error:
            raise self._syntax(error) from error
        except YAMLError as error:
            # The reader's: a sign YAML does not allow, which it places by character.
            index = getattr(error, "position", 0)
            raise self._fail(index, "a character that YAML does not allow") from error
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            # ruamel trips over a few malformed directives and escapes, such as "\\UFFFFFFFF".
            raise self._fail(0, f"not YAML: {error}") from error
        located = self._located
        return Located(self._file, self._root, self._text, located.keys, located.values)

    def _syntax(self, error: Any) -> YamlError:
        mark = error.problem_mark or error.context_mark
        said = str(error.problem or error.context or "not YAML")
        said = said.replace("\\t", "a tab")
        if error.context and error.problem:
            said = f"{error.context}: {said}"
        return self._fail(mark.index if mark else 0, f"not YAML: {said}")

    def _take(self, name: str, event: Any) -> None:
        if name == "AliasEvent":
            raise self._fail(event.start_mark.index, "aliases (*name) are not read: write it out")
        if name in ("SequenceStartEvent", "MappingStartEvent"):
            self._plain_node(event)
            if len(self._stack) >= MAX_DEPTH:
                raise self._fail(
                    event.start_mark.index, f"expected at most {MAX_DEPTH} levels of nesting"
                )
            if self._awaits_key():
                raise self._fail(event.start_mark.index, "expected a key that is text")
            holder: Any = [] if name == "SequenceStartEvent" else {}
            path = self._put(holder, event)
            self._stack.append((holder, path))
            self._key.append(None)
        elif name in ("SequenceEndEvent", "MappingEndEvent"):
            _, path = self._stack.pop()
            self._key.pop()
            begun = self._located.values[path].start
            self._located.values[path] = Span(begun, event.end_mark.index)
        elif name == "ScalarEvent":
            self._plain_node(event)
            if _SURROGATE.search(event.value):
                raise self._fail(event.start_mark.index, "a character that is none (surrogate)")
            if self._awaits_key():
                self._take_key(event)
            else:
                self._put(self._value(event), event)

    def _plain_node(self, event: Any) -> None:
        # ruamel names it `tag` or `ctag` by version; both read as text.
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) not in ("", "!", "None"):
            raise self._fail(event.start_mark.index, f"tags such as {tag} are not read")

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1][0], dict) and self._key[-1] is None

    def _take_key(self, event: Any) -> None:
        holder, path = self._stack[-1]
        key = str(event.value)
        index = event.start_mark.index
        if not key:
            raise self._fail(index, "expected a key before the colon")
        if key in holder:
            raise self._fail(index, f"the key {key} is given twice")
        if key == "<<" and not event.style:
            raise self._fail(index, "merge keys (<<) are not read: write it out")
        self._key[-1] = key
        self._located.keys[(*path, key)] = index

    def _put(self, value: Any, event: Any) -> Path:
        span = Span(event.start_mark.index, event.end_mark.index, getattr(event, "style", "") or "")
        if not self._stack:
            self._root = value
            path: Path = ()
        else:
            holder, above = self._stack[-1]
            if isinstance(holder, list):
                path = (*above, len(holder))
                holder.append(value)
            else:
                key = self._key[-1]
                assert key is not None
                path = (*above, key)
                holder[key] = value
                self._key[-1] = None
        self._located.values[path] = span
        return path

    def _value(self, event: Any) -> Any:
        text = str(event.value)
        if event.style:
            return text
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        index = event.start_mark.index
        if _NOT_FINITE.fullmatch(text):
            raise self._fail(
                index, f"expected a finite number, got {text} (quote it if it is text)"
            )
        if _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
            if len(text) > _MAX_DIGITS:
                raise self._fail(index, "too long for a number (quote it if it is text)")
            number = int(text) if _INTEGER.fullmatch(text) else float(text)
            if not math.isfinite(number):
                raise self._fail(index, f"{text} is too large a number")
            return number
        return text


def read_part(
    model: type[Model], located: Located, path: Sequence[str | int] = ()
) -> tuple[Model | None, list[Problem]]:
    """Read the part of a file at ``path`` as ``model``; messages name keys as seen from there.

    Returns None and at least one Problem when it does not fit. Never raises for what was written.
    """
    from pydantic import ValidationError

    base = tuple(path)
    data = located.part(base)
    try:
        return model.model_validate({} if data is None else data), []
    except ValidationError as error:
        faults = told(model, data, error)
    return None, [_problem(located, base, fault) for fault in faults[:_MAX_PROBLEMS]]


def _problem(located: Located, base: Path, fault: Fault) -> Problem:
    where = path_text(fault.path)
    message = f"{where}: {fault.message}" if where else fault.message
    return located.problem((*base, *fault.path), message, key=fault.at_key)


def read_model(model: type[Model], text: str, file: str) -> tuple[Model | None, list[Problem]]:
    """Read a whole file as ``model``: the model, or None and what was wrong in it, by position.

    An empty file counts as an empty mapping. Never raises for what was written.
    """
    try:
        located = load(text, file)
    except YamlError as error:
        return None, [error.problem]
    return read_part(model, located)
