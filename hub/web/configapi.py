"""The API of what an adult changes in the household's files: rules, and what entities mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aiohttp import web
from pydantic import Field

from hub.web.devicepages import meaning_of
from hub.web.files import Files, Meaning, RuleField, RuleView, Verdict
from hub.web.operations import Answer, Input, Operation, known, read_body, wanted_tags
from hub.web.site import site_of
from hub.web.textapi import TextOperations, sound

_MOST_VALUES = 60


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
    # Before the values: where the file changes between, the tag is the older one and refuses.
    tag = _tag(request)
    return Answer(_fields(request), tag=tag)


def _tag(request: web.Request) -> str:
    try:
        return _files(request).rule_stamp(request.match_info["id"])
    except KeyError:
        raise web.HTTPNotFound(text="This rule is not in its file (any more).") from None


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
    rule, tags = request.match_info["id"], wanted_tags(request)
    try:
        sound(await _files(request).change_rule(rule, values, tags))
    except KeyError:
        raise web.HTTPNotFound(text="This rule is not in its file (any more).") from None
    return Answer(_rule(request), tag=_tag(request))


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
    entity, files = _entity(request), _files(request)
    tag = files.meaning_stamp(entity)
    return Answer(files.meaning(entity), tag=tag)


async def _say_meaning(request: web.Request) -> Answer:
    body, entity = await read_body(request, MeaningBody), _entity(request)
    if body.kind in ("level", "scale") and not body.item.strip():
        raise web.HTTPBadRequest(text=f"item: expected a pantry item for {body.kind}")
    for name in ("item", "unit", "tare"):
        if not getattr(body, name).isprintable():
            raise web.HTTPBadRequest(text=f"{name}: expected printable text")
    meaning = meaning_of(body.kind, body.item, body.unit, body.tare, body.scan)
    said = known(meaning, "kind of meaning")
    sound(await _files(request).say_meaning(entity, said, wanted_tags(request)))
    return await _meaning(request)


RULE_FILES = TextOperations(
    "/rule-files",
    "RuleFile",
    "file of rules",
    "cannot be a file of rules; expected a name such as groceries.yaml",
    "read",
    lambda files: files.rule_texts,
)

CONFIG: tuple[Operation, ...] = (
    *RULE_FILES.operations(),
    Operation(
        "GET", "/rules/{id}/values", "listRuleValues", "List the values of a rule", "read",
        _values, RuleField, many=True, errors=(404,), conflicts=True, tagged=True,
    ),
    Operation(
        "PUT", "/rules/{id}/values", "changeRule", "Change values of a rule in its file",
        "configure", _change, RuleView, body=RuleValuesBody, errors=(404,), conflicts=True,
        tagged=True,
    ),
    Operation(
        "PUT", "/rules/{id}/enabled", "switchRule", "Switch a rule on or off in its file",
        "configure", _switch, RuleView, body=EnabledBody, errors=(404,), conflicts=True,
        tagged=True,
    ),
    Operation(
        "POST", "/rehearsals", "rehearseRules",
        "Tell what the rules would do if something became this; nothing is changed", "read",
        _rehearse, Verdict, many=True, body=RehearsalBody, errors=(404,),
    ),
    Operation(
        "GET", "/entities/{id}/meaning", "getMeaning", "Read what an entity is said to mean",
        "read", _meaning, Meaning, errors=(404,), conflicts=True, tagged=True,
    ),
    Operation(
        "PUT", "/entities/{id}/meaning", "sayMeaning", "Say what an entity means", "configure",
        _say_meaning, Meaning, body=MeaningBody, errors=(404,), conflicts=True, tagged=True,
    ),
)  # fmt: skip
