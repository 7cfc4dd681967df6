"""Conditions: CEL, checked before it runs and compiled once.

CEL's engine has no cost limit, so what could cost much is refused beforehand: comprehension macros
(a nested ``map`` held the interpreter for seconds), unknown functions, long texts. What is left
takes time in proportion to its own length and to values that are bounded (``rules.words``).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from types import ModuleType
from typing import Any

from hub.domain.values import dataclass
from hub.domain.yamlwords import nearest
from rules.words import COMMON, FIELDS, FUNCTIONS, WORDS, Trigger

MAX_LENGTH = 1024
"""Bytes of one condition."""
_MAX_DEPTH = 32

MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<text>[rRbB]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<number>\d[\w.]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CEL_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
_LITERALS = frozenset({"true", "false", "null", "in"})
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_COMPARE = frozenset({"=", "!", "<", ">", "in"})
_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")
_PLAIN_TEXT = re.compile(r"\"[^\"\\\n]*\"|'[^'\\\n]*'")


class ConditionError(Exception):
    """A condition that is not accepted; ``offset`` is the character at fault."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Equation:
    """What a condition begins with and cannot hold without: ``left`` (CEL) equals ``right``."""

    left: str
    right: int | str


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition, the words it uses and the pantry items whose stock it looks at.

    ``first`` is its first part (up to ``&&``) where that compares something to a constant.
    """

    source: str
    program: Any
    words: frozenset[str]
    items: frozenset[str]
    first: Equation | None = None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


def engine() -> Any:
    """Import CEL on first use, without the command line that its package imports as well."""
    # cel/__init__ imports cel.cli, which would load typer and rich into the hub for nothing.
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    import cel

    return cel


def compile_condition(
    source: str, trigger: Trigger, items: Collection[str] | None = None
) -> Condition:
    """Check and compile ``source`` for a rule with ``trigger``.

    ``items`` are the pantry's ids; None leaves them unchecked. Raises ConditionError.
    """
    if len(source.encode()) > MAX_LENGTH:
        raise ConditionError(f"expected a condition of at most {MAX_LENGTH} bytes")
    tokens = _tokens(source)
    _refuse_depth(tokens)
    try:
        program = engine().compile(source)
    except ValueError as error:
        raise _syntax(source, str(error)) from error
    words, stocks = _references(tokens, {**WORDS[trigger], **COMMON}, trigger, items)
    first = _equation(source, tokens)
    return Condition(source, program, frozenset(words), frozenset(stocks), first)


def _equation(source: str, tokens: Sequence[_Token]) -> Equation | None:
    """Find ``left == constant`` at the beginning; None where it decides nothing by itself.

    CEL's ``&&`` is false when its first operand is, whatever the others are. A ``||`` or ``?`` has
    other ways to hold, and what else compares binds the same.
    """
    signs = _outside_brackets(tokens)
    if any(tokens[at].text in ("?", "|") for at in signs):
        return None
    joints = [at for at in signs if tokens[at].text == "&"]
    first = tokens[: joints[0] if joints else len(tokens)]
    compares = [at for at in signs if at < len(first) and first[at].text in _COMPARE]
    if compares != [len(first) - 3, len(first) - 2] or {first[at].text for at in compares} != {"="}:
        return None
    constant = first[-1].text
    if _INTEGER.fullmatch(constant):
        right: int | str = int(constant)
    elif _PLAIN_TEXT.fullmatch(constant):
        right = constant[1:-1]
    else:
        return None
    return Equation(source[: first[-3].offset].strip(), right)


def _outside_brackets(tokens: Sequence[_Token]) -> list[int]:
    depth, found = 0, []
    for place, token in enumerate(tokens):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0 and token.kind in ("sign", "word"):
            found.append(place)
    return found


def _tokens(source: str) -> list[_Token]:
    return [
        _Token(match.lastgroup or "", match.group(), match.start())
        for match in _TOKEN.finditer(source)
        if match.lastgroup != "space"
    ]


def _refuse_depth(tokens: Sequence[_Token]) -> None:
    depth = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth > _MAX_DEPTH:
            raise ConditionError(f"expected at most {_MAX_DEPTH} levels of brackets", token.offset)


def _syntax(source: str, message: str) -> ConditionError:
    match = _CEL_PLACE.search(message)
    if match is None:
        return ConditionError("not a CEL condition")
    line, column, said = int(match[1]), int(match[2]), match[3]
    before = sum(len(one) + 1 for one in source.split("\n")[: line - 1])
    offset = min(before + column - 1, max(0, len(source) - 1))
    said = said.partition(" expecting ")[0].replace("'<EOF>'", "the end")
    return ConditionError(f"not a CEL condition: {said}", offset)


def _references(
    tokens: Sequence[_Token],
    known: Mapping[str, str],
    trigger: Trigger,
    items: Collection[str] | None,
) -> tuple[set[str], set[str]]:
    words: set[str] = set()
    stocks: set[str] = set()
    for place, token in enumerate(tokens):
        if token.kind != "word" or token.text in _LITERALS:
            continue
        before = tokens[place - 1].text if place else ""
        after = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if after == "(":
            _check_call(token, before)
            continue
        if before == ".":
            continue
        _check_word(token, known, trigger)
        words.add(token.text)
        if token.text == "stock":
            stocks.add(_stock_item(tokens, place, items))
        elif token.text in FIELDS:
            _check_field(token.text, tokens, place)
    return words, stocks


def _check_call(token: _Token, before: str) -> None:
    if token.text in MACROS and before == ".":
        raise ConditionError(
            f"{token.text}() is not allowed: its cost has no limit; name the values instead",
            token.offset,
        )
    if token.text not in FUNCTIONS:
        raise ConditionError(
            f"unknown function {token.text}{_hint(token.text, FUNCTIONS)}", token.offset
        )


def _check_word(token: _Token, known: Mapping[str, str], trigger: Trigger) -> None:
    if token.text in known:
        return
    elsewhere = [name for name, words in WORDS.items() if token.text in words]
    if elsewhere:
        raise ConditionError(
            f"{token.text} is only known with {' or '.join(elsewhere)}, not with {trigger}",
            token.offset,
        )
    raise ConditionError(f"unknown word {token.text}{_hint(token.text, known)}", token.offset)


def _hint(word: str, known: Collection[str]) -> str:
    near = nearest(word, known)
    return f", did you mean {near}?" if near else f", expected one of {', '.join(sorted(known))}"


def _member(tokens: Sequence[_Token], place: int) -> tuple[str, int] | None:
    """Return what is named behind the word at ``place``: ``.name`` or ``["name"]``."""
    rest = tokens[place + 1 : place + 4]
    if len(rest) >= 2 and rest[0].text == "." and rest[1].kind == "word":
        return rest[1].text, rest[1].offset
    if len(rest) == 3 and rest[0].text == "[" and rest[1].kind == "text" and rest[2].text == "]":
        return rest[1].text.strip("\"'"), rest[1].offset
    return None


def _stock_item(tokens: Sequence[_Token], place: int, items: Collection[str] | None) -> str:
    member = _member(tokens, place)
    if member is None:
        raise ConditionError("expected an item behind stock, e.g. stock.milk", tokens[place].offset)
    item, offset = member
    if items is not None and item not in items:
        raise ConditionError(f"{item} is not in the pantry{_hint(item, items)}", offset)
    return item


def _check_field(word: str, tokens: Sequence[_Token], place: int) -> None:
    member = _member(tokens, place)
    fields = FIELDS[word]
    if member is None:
        raise ConditionError(
            f"expected a field behind {word}: one of {', '.join(sorted(fields))}",
            tokens[place].offset,
        )
    name, offset = member
    if name not in fields:
        raise ConditionError(f"{word} has no field {name}{_hint(name, fields)}", offset)
