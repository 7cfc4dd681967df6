"""The API of the first start: where it goes on, brokers of the network, rules to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from hub.domain.values import dataclass
from hub.web.beginning import STEPS, FoundBroker, ReadyRule
from hub.web.callers import own_only
from hub.web.operations import Answer, Input, MemberBody, Operation, by_adult, known, read_body
from hub.web.site import site_of
from hub.web.textapi import sound

_MOST_RULES, _MOST_VALUES = 60, 60
_Value = Annotated[str, StringConstraints(max_length=200)]


@dataclass(frozen=True, slots=True)
class BeginningView:
    """The first start; ``step`` is where it goes on, "" when it is over or never began."""

    step: str
    steps: Sequence[str]


@dataclass(frozen=True, slots=True)
class SentMessages:
    """Messages that are on their way; ``ways`` are the member's channels, none: there is no way."""

    member: str
    ways: Sequence[str]


class StepBody(Input):
    """Where the first start is to go on."""

    step: str = Field(max_length=40, description='one of the steps; "": it is over')


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What a ready rule would have done with what was seen so far.

    ``heard``: what it waits for was heard of at all. ``fires``: it would speak now, of ``why``, and
    say ``title``. ``times`` are the last moments at which it would have spoken, of ``count``.
    ``problem``: its values make no rule.
    """

    heard: bool
    fires: bool
    why: str
    title: str
    times: Sequence[datetime]
    count: int
    problem: str


class RuleValues(Input):
    """Values of a ready rule."""

    values: dict[str, _Value] = Field(
        default_factory=dict, max_length=_MOST_VALUES, description="by their paths, to change them"
    )


class ReadyRulesBody(Input):
    """Which rules to begin with, and which of them to rest."""

    rest: list[_Value] = Field(
        default=[], max_length=_MOST_RULES, description="ids of those to switch off"
    )
    rules: dict[str, dict[str, _Value]] = Field(
        default_factory=dict,
        max_length=_MOST_RULES,
        description="by their ids, as listReadyRules has them, each with the values to change",
    )


async def _step(request: web.Request) -> Answer:
    return Answer(BeginningView(site_of(request).backend.beginning.step(), STEPS))


async def _go_on(request: web.Request) -> Answer:
    body = await read_body(request, StepBody)
    if body.step and body.step not in STEPS:
        raise web.HTTPBadRequest(text=f"step: expected one of {', '.join(STEPS)}, or nothing")
    await site_of(request).backend.beginning.reached(body.step)
    return await _step(request)


async def _brokers(request: web.Request) -> Answer:
    return Answer(await site_of(request).backend.beginning.find_brokers())


async def _ready(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.beginning.ready())


async def _add_rules(request: web.Request) -> Answer:
    body = await read_body(request, ReadyRulesBody)
    if any(len(values) > _MOST_VALUES for values in body.rules.values()):
        raise web.HTTPBadRequest(text=f"rules: expected at most {_MOST_VALUES} values of a rule")
    try:
        sound(await site_of(request).backend.beginning.add_rules(body.rules, body.rest))
    except KeyError as error:
        raise web.HTTPBadRequest(text="rules: one of them is not ready-made") from error
    return await _ready(request)


async def _preview(request: web.Request) -> Answer:
    body, rule = await read_body(request, RuleValues), request.match_info["id"]
    try:
        found = site_of(request).backend.beginning.preview(rule, body.values)
    except KeyError:
        raise web.HTTPNotFound(text="There is no such ready rule.") from None
    return Answer(
        RulePreview(
            found.heard, found.fires, found.why, found.title, found.times, found.count,
            found.problem,
        )
    )  # fmt: skip


async def _test(request: web.Request) -> Answer:
    beginning = by_adult(request, await read_body(request, MemberBody)).beginning
    member = known(site_of(request).member(request.match_info["member"]), "member").id
    if site_of(request).is_adult(member):
        own_only(request, member)
    return Answer(SentMessages(member, await beginning.send_test(member)))


BEGINNING: tuple[Operation, ...] = (
    Operation(
        "GET", "/beginning", "getBeginning", "Read where the first start goes on", "configure",
        _step, BeginningView,
    ),
    Operation(
        "PUT", "/beginning", "setBeginning", "Say where the first start goes on, or end it",
        "configure", _go_on, BeginningView, body=StepBody, conflicts=True,
    ),
    Operation(
        "POST", "/broker-searches", "findBrokers",
        "Ask the home's network for brokers (mDNS); takes about two seconds", "configure",
        _brokers, FoundBroker, many=True,
    ),
    Operation(
        "GET", "/ready-rules", "listReadyRules", "List rules to begin with", "configure",
        _ready, ReadyRule, many=True, conflicts=True,
    ),
    Operation(
        "POST", "/ready-rules", "addReadyRules",
        "Write rules to begin with into the household's files, or switch them on or off",
        "configure", _add_rules, ReadyRule, many=True, body=ReadyRulesBody, conflicts=True,
    ),
    Operation(
        "POST", "/ready-rules/{id}/preview", "previewReadyRule",
        "Tell what a rule would have done with what was seen so far; nothing is changed",
        "configure", _preview, RulePreview, body=RuleValues, errors=(404,), conflicts=True,
    ),
    Operation(
        "POST", "/members/{member}/test-messages", "sendTestMessage",
        "Send a member a message by each of their channels", "decide",
        _test, SentMessages, body=MemberBody, errors=(404,),
    ),
)  # fmt: skip
