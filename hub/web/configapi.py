"""The API of what an adult changes in the household's files: rules, and what entities mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, Field

from hub.web.devicepages import meaning_of
from hub.web.files import (
    BIGGEST_FILE,
    Files,
    Meaning,
    RuleField,
    RuleView,
    Stale,
    Texts,
    Verdict,
)
from hub.web.files import Problem as Found
from hub.web.operations import Answer, Input, Mistaken, Operation, known, read_body
from hub.web.problem import Fault
from hub.web.site import site_of

_MOST_VALUES = 60


class RuleFileName(BaseModel):
    """A file of rules."""

    name: str = Field(description="its name in rules/")


class RuleFileText(BaseModel):
    """A file of rules with its text; one that is not there yet is empty."""

    name: str = Field(description="its name in rules/")
    text: str
    version: str = Field(description="changes with the text; writing asks for it")


class RuleTextBody(Input):
    """A text that a file of rules could have."""

    text: str = Field(max_length=BIGGEST_FILE, description="the whole file, YAML")


class RuleFileBody(RuleTextBody):
    """A text for a file of rules, and the version it was made from."""

    version: str = Field(max_length=128, description="as getRuleFile has it; an older one refuses")


class EnabledBody(Input):
    """Whether a rule is on."""

    enabled: bool


class RuleValuesBody(Input):
    """Values of a rule to change; an empty one takes an optional key out of the file."""

    values: dict[str, str] = Field(
        max_length=_MOST_VALUES, description="by their paths, as listRuleValues has them"
    )


class RehearsalBody(Input):
    """What would become what."""

    subject: str = Field(min_length=1, max_length=255, description="a pantry item or an entity")
    value: str = Field(max_length=200, description="what it would become")
    only: str = Field(default="", max_length=255, description="a rule's id; empty: all rules")


class MeaningBody(Input):
    """What an entity means to the hub."""

    kind: Literal["guess", "ignore", "level", "scale", "scanner"] = Field(
        description="guess: nothing is said, the hub may guess"
    )
    item: str = Field(default="", max_length=64, description="of level and scale: a pantry item")
    unit: str = Field(default="", max_length=64, description="of level; empty: the item's own")
    tare: str = Field(default="", max_length=64, description="of scale, such as 350 g")
    scan: Literal["add", "remove"] = Field(default="remove", description="of scanner")


def _files(request: web.Request) -> Files:
    return site_of(request).backend.files


def _texts(request: web.Request) -> Texts:
    return _files(request).rule_texts


def _sound(problems: Sequence[Found]) -> None:
    """Raise Mistaken where something is wrong; nothing was written then."""
    if problems:
        raise Mistaken(_faults(problems))


def _faults(problems: Sequence[Found]) -> list[Fault]:
    return [
        Fault(file=one.file, line=one.line, column=one.column, expected=one.message)
        for one in problems
    ]


def _no_file(name: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(
        text=f"{name[:80]!r} cannot be a file of rules; expected a name such as groceries.yaml"
    )


async def _rule_files(request: web.Request) -> Answer:
    return Answer([RuleFileName(name=name) for name in _texts(request).names()])


async def _rule_file(request: web.Request) -> Answer:
    name = request.match_info["name"]
    try:
        kept = _texts(request).read(name)
    except KeyError:
        raise _no_file(name) from None
    return Answer(RuleFileText(name=kept.name, text=kept.text, version=kept.stamp))


async def _check(request: web.Request) -> Answer:
    body, name = await read_body(request, RuleTextBody), request.match_info["name"]
    try:
        return Answer(_faults(_texts(request).check(name, body.text)))
    except KeyError:
        raise _no_file(name) from None


async def _write(request: web.Request) -> Answer:
    body, name = await read_body(request, RuleFileBody), request.match_info["name"]
    try:
        _sound(await _texts(request).save(name, body.text, body.version))
    except KeyError:
        raise _no_file(name) from None
    except Stale as stale:
        said = f"version: {name} has changed since; read it again"
        raise web.HTTPConflict(text=said) from stale
    return await _rule_file(request)


def _rule(request: web.Request) -> RuleView:
    wanted = request.match_info["id"]
    rules = _files(request).rules()
    return known(next((one for one in rules if one.id == wanted), None), "rule in force")


def _fields(request: web.Request) -> Sequence[RuleField]:
    try:
        return _files(request).rule_fields(_rule(request).id)
    except KeyError:
        raise web.HTTPNotFound(text="This rule is not in its file (any more).") from None


async def _values(request: web.Request) -> Answer:
    return Answer(_fields(request))


async def _change(request: web.Request) -> Answer:
    body = await read_body(request, RuleValuesBody)
    return await _changed(request, body.values)


async def _switch(request: web.Request) -> Answer:
    body = await read_body(request, EnabledBody)
    return await _changed(request, {"enabled": "true" if body.enabled else "false"})


async def _changed(request: web.Request, values: dict[str, str]) -> Answer:
    paths = {one.path for one in _fields(request)}
    for path in values:
        if path not in paths:
            raise web.HTTPBadRequest(text=f"values: this rule has no value {path[:80]!r} to change")
    try:
        _sound(await _files(request).change_rule(request.match_info["id"], values))
    except KeyError:
        raise web.HTTPNotFound(text="This rule is not in its file (any more).") from None
    return Answer(_rule(request))


async def _rehearse(request: web.Request) -> Answer:
    body = await read_body(request, RehearsalBody)
    try:
        return Answer(_files(request).rehearse(body.subject, body.value, body.only))
    except KeyError:
        raise web.HTTPNotFound(text="There is no pantry item and no entity of that name.") from None
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"value: {error}") from error


def _entity(request: web.Request) -> str:
    wanted = request.match_info["id"]
    entities = site_of(request).backend.entities()
    known(next((one for one in entities if one.id == wanted), None), "entity")
    return wanted


async def _meaning(request: web.Request) -> Answer:
    return Answer(_files(request).meaning(_entity(request)))


async def _say_meaning(request: web.Request) -> Answer:
    body, entity = await read_body(request, MeaningBody), _entity(request)
    if body.kind in ("level", "scale") and not body.item.strip():
        raise web.HTTPBadRequest(text=f"item: expected a pantry item for {body.kind}")
    for name in ("item", "unit", "tare"):
        if not getattr(body, name).isprintable():
            raise web.HTTPBadRequest(text=f"{name}: expected printable text")
    meaning = meaning_of(body.kind, body.item, body.unit, body.tare, body.scan)
    _sound(await _files(request).say_meaning(entity, known(meaning, "kind of meaning")))
    return await _meaning(request)


CONFIG: tuple[Operation, ...] = (
    Operation(
        "GET", "/rule-files", "listRuleFiles", "List the files of rules", "read",
        _rule_files, RuleFileName, many=True,
    ),
    Operation(
        "GET", "/rule-files/{name}", "getRuleFile", "Read a file of rules with its version",
        "read", _rule_file, RuleFileText, errors=(404,), conflicts=True,
    ),
    Operation(
        "PUT", "/rule-files/{name}", "writeRuleFile",
        "Write a file of rules, unless it has a mistake or has changed since it was read",
        "configure", _write, RuleFileText, body=RuleFileBody, errors=(404,), conflicts=True,
    ),
    Operation(
        "POST", "/rule-files/{name}/check", "checkRuleFile",
        "List what would be wrong if a file had this text; nothing is written", "read",
        _check, Fault, many=True, body=RuleTextBody, errors=(404,), conflicts=True,
    ),
    Operation(
        "GET", "/rules/{id}/values", "listRuleValues", "List the values of a rule", "read",
        _values, RuleField, many=True, errors=(404,), conflicts=True,
    ),
    Operation(
        "PUT", "/rules/{id}/values", "changeRule", "Change values of a rule in its file",
        "configure", _change, RuleView, body=RuleValuesBody, errors=(404,), conflicts=True,
    ),
    Operation(
        "PUT", "/rules/{id}/enabled", "switchRule", "Switch a rule on or off in its file",
        "configure", _switch, RuleView, body=EnabledBody, errors=(404,), conflicts=True,
    ),
    Operation(
        "POST", "/rehearsals", "rehearseRules",
        "Tell what the rules would do if something became this; nothing is changed", "read",
        _rehearse, Verdict, many=True, body=RehearsalBody, errors=(404,),
    ),
    Operation(
        "GET", "/entities/{id}/meaning", "getMeaning", "Read what an entity is said to mean",
        "read", _meaning, Meaning, errors=(404,), conflicts=True,
    ),
    Operation(
        "PUT", "/entities/{id}/meaning", "sayMeaning", "Say what an entity means", "configure",
        _say_meaning, Meaning, body=MeaningBody, errors=(404,), conflicts=True,
    ),
)  # fmt: skip
