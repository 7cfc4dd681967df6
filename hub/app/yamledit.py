"""Changes to a household's YAML that leave the rest as people wrote it: comments, order, quotes.

ruamel.yaml carries the comments over. What comes out is read again by the hub's own reader and
compared: an edit that would say anything else than was meant is refused.
"""

from __future__ import annotations

import copy
import io
import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from hub.domain.yamltext import YamlError, load

Path = tuple[str | int, ...]
REMOVE = object()
"""As a value: the key is taken out."""

_FLUSH_LIST = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*\1- ", re.MULTILINE)


class EditError(ValueError):
    """The text cannot be changed safely; one line says why."""


def change(text: str, file: str, changes: Mapping[Path, object]) -> str:
    """Return ``text`` with values put at paths; mappings on the way are made where missing.

    A path is keys and list indexes; an index one past the end appends. Raises EditError when the
    text cannot be read, a path leads through a scalar, or the result would not say what was meant.
    """
    try:
        before = load(text, file).data
    except YamlError as error:
        raise EditError(str(error)) from error
    wanted = copy.deepcopy(before) if before is not None else {}
    for path, value in changes.items():
        _put(wanted, path, value, plain=True)
    for quoted in (False, True):
        written = _with_comments(text, _written(text, before, changes, quoted))
        try:
            if load(written, file).data == wanted:
                return written
        except YamlError:
            continue
    raise EditError(f"{file}: this cannot be changed here without risk; edit it as text")


def _with_comments(before: str, after: str) -> str:
    """Put whole-line comments that went with a removed key at the end: somebody wrote them."""
    kept = Counter(line.strip() for line in after.splitlines())
    lost = []
    for line in before.splitlines():
        if line.lstrip().startswith("#"):
            if kept[line.strip()] > 0:
                kept[line.strip()] -= 1
            else:
                lost.append(line)
    return "\n".join([after.rstrip("\n"), "", *lost, ""]) if lost else after


def _written(text: str, before: object, changes: Mapping[Path, object], quoted: bool) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    if not _FLUSH_LIST.search(text):
        yaml.indent(mapping=2, sequence=4, offset=2)
    data: Any = yaml.load(text) if before is not None else CommentedMap()
    for path, value in changes.items():
        _put(data, path, value, quoted=quoted)
    out = io.StringIO()
    yaml.dump(data, out)
    if before is None and text.strip():
        return f"{text.rstrip()}\n\n{out.getvalue()}"
    return out.getvalue()


def _put(
    data: Any, path: Path, value: object, *, plain: bool = False, quoted: bool = False
) -> None:
    holder = data
    for step, following in pairwise(path):
        inner = _get(holder, step)
        if inner is None or (inner == {} and not isinstance(following, int)):
            if value is REMOVE:
                return
            # A `{}` that is filled becomes a block: nobody wants a whole file on one line.
            inner = [] if isinstance(following, int) else _mapping(plain)
            _set(holder, step, inner)
        holder = inner
    if not isinstance(holder, dict | list):
        raise EditError(f"{'.'.join(map(str, path))}: its surroundings are not a mapping")
    last = path[-1]
    if value is REMOVE:
        if isinstance(holder, dict):
            holder.pop(last, None)
        elif isinstance(last, int) and last < len(holder):
            del holder[last]
        return
    _set(
        holder, last, copy.deepcopy(value) if plain else _dressed(value, _get(holder, last), quoted)
    )


def _mapping(plain: bool) -> dict[str, object]:
    if plain:
        return {}
    from ruamel.yaml.comments import CommentedMap

    made: dict[str, object] = CommentedMap()
    return made


def _get(holder: Any, step: str | int) -> Any:
    try:
        return holder[step]
    except (KeyError, IndexError, TypeError):
        return None


def _set(holder: Any, step: str | int, value: object) -> None:
    if isinstance(holder, list) and step == len(holder):
        holder.append(value)
        return
    try:
        holder[step] = value
    except (TypeError, IndexError) as error:
        raise EditError(f"{step}: its surroundings are not a mapping") from error


def _dressed(value: object, old: object, quoted: bool) -> object:
    """Give a value the dress its predecessor had: quotes, blocks, flow."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, ScalarString

    if isinstance(value, str):
        if isinstance(old, ScalarString):
            return type(old)(value)
        return DoubleQuotedScalarString(value) if quoted else value
    if isinstance(value, Mapping):
        made = CommentedMap()
        for key, inner in value.items():
            made[key] = _dressed(inner, _get(old, key), quoted)
        if not made:
            made.fa.set_flow_style()
        return made
    if isinstance(value, list | tuple):
        listed = CommentedSeq(_dressed(inner, None, quoted) for inner in value)
        if not listed or all(isinstance(inner, str | int | float) for inner in listed):
            listed.fa.set_flow_style()
        return listed
    return value
