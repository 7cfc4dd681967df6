"""The API of a community's rule sets: looked at by their difference, adopted, updated, dropped."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import Field, StringConstraints

from hub.domain.merging import Side
from hub.domain.rulesets import BIGGEST, SetError
from hub.domain.values import dataclass
from hub.web.operations import Answer, Input, MemberBody, Operation, by_adult, known, read_body
from hub.web.rulesets import Preview, RuleSets, SetView, Wanted
from hub.web.site import site_of

T = TypeVar("T")
_MOST = 60
_Value = Annotated[str, StringConstraints(max_length=200)]


@dataclass(frozen=True, slots=True)
class RuleSetOffer:
    """A set that can be looked at now; the hub holds a few, and none over a restart."""

    digest: str


@dataclass(frozen=True, slots=True)
class DroppedSet:
    """A set that is out of force; ``kept`` are files that stay beside, with own changes."""

    id: str
    kept: tuple[str, ...]


class SetAddressBody(MemberBody):
    """Where a set is published."""

    url: str = Field(min_length=1, max_length=2048, description="https://…")


class SetDocumentBody(MemberBody):
    """A published set as it is."""

    document: str = Field(
        min_length=1, max_length=BIGGEST, description="the signed file, as its publisher made it"
    )


class WantedBody(Input):
    """What is said about an offered set."""

    values: dict[str, _Value] = Field(
        default_factory=dict, max_length=_MOST, description="its parameters by name"
    )
    choices: dict[str, Side] = Field(
        default_factory=dict,
        max_length=_MOST,
        description="whose lines to take, by the conflict's id: ours or theirs",
    )


class AdoptionBody(WantedBody, MemberBody):
    """A set to be adopted as it was looked at."""

    stamp: str = Field(min_length=1, max_length=200, description="as the difference has it")


def _sets(request: web.Request) -> RuleSets:
    return site_of(request).backend.rule_sets


def _gone() -> web.HTTPNotFound:
    return web.HTTPNotFound(text="That set is not here (any more); fetch it again.")


async def _held(step: Awaitable[T]) -> T:
    """Return what a step returns; HTTPConflict says why it was refused."""
    try:
        return await step
    except SetError as error:
        raise web.HTTPConflict(text=str(error)) from error


async def _list(request: web.Request) -> Answer:
    return Answer(_sets(request).sets())


async def _fetch(request: web.Request) -> Answer:
    body = await read_body(request, SetAddressBody)
    found = by_adult(request, body).rule_sets.fetch(body.url.strip())
    return Answer(RuleSetOffer(await _held(found)))


async def _take(request: web.Request) -> Answer:
    body = await read_body(request, SetDocumentBody)
    try:
        return Answer(RuleSetOffer(by_adult(request, body).rule_sets.take(body.document.encode())))
    except SetError as error:
        raise web.HTTPBadRequest(text=f"document: {error}") from error
    except UnicodeEncodeError as error:
        raise web.HTTPBadRequest(text="document: expected text") from error


async def _update(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    found = by_adult(request, body).rule_sets.newer(_adopted(request).id)
    return Answer(RuleSetOffer(await _held(found)))


def _adopted(request: web.Request) -> SetView:
    wanted = request.match_info["id"]
    found = next((one for one in _sets(request).sets() if one.id == wanted), None)
    return known(found, "adopted set")


async def _preview(request: web.Request) -> Answer:
    body = await read_body(request, WantedBody)
    wanted = Wanted(body.values, body.choices)
    try:
        return Answer(await _held(_sets(request).preview(request.match_info["digest"], wanted)))
    except KeyError:
        raise _gone() from None


async def _agree(request: web.Request) -> Answer:
    body = await read_body(request, AdoptionBody)
    sets, digest = by_adult(request, body).rule_sets, request.match_info["digest"]
    wanted = Wanted(body.values, body.choices)
    try:
        offered = await _held(sets.preview(digest, wanted))
        await _held(sets.agree_to(digest, wanted, body.stamp, member=body.member, via="api"))
    except KeyError:
        raise _gone() from None
    adopted = next((one for one in sets.sets() if one.id == offered.id), None)
    return Answer(known(adopted, "adopted set"))


async def _drop(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    sets, adopted = by_adult(request, body).rule_sets, _adopted(request)
    kept = await _held(sets.drop(adopted.id, member=body.member, via="api"))
    return Answer(DroppedSet(adopted.id, kept))


RULE_SETS: tuple[Operation, ...] = (
    Operation(
        "GET", "/rule-sets", "listRuleSets", "List the adopted sets of rules", "read",
        _list, SetView, many=True,
    ),
    Operation(
        "POST", "/rule-sets/fetch", "fetchRuleSet",
        "Fetch a set from an address, to be looked at", "configure",
        _fetch, RuleSetOffer, body=SetAddressBody, conflicts=True,
    ),
    Operation(
        "POST", "/rule-sets/take", "takeRuleSet",
        "Hand a set over as a file, to be looked at", "configure",
        _take, RuleSetOffer, body=SetDocumentBody,
    ),
    Operation(
        "POST", "/rule-sets/{id}/update", "updateRuleSet",
        "Fetch what is at an adopted set's own address, to be looked at", "configure",
        _update, RuleSetOffer, body=MemberBody, errors=(404,), conflicts=True,
    ),
    Operation(
        "POST", "/rule-set-offers/{digest}/difference", "compareRuleSet",
        "Read what adopting an offered set would change; nothing is changed", "read",
        _preview, Preview, body=WantedBody, errors=(404,), conflicts=True,
    ),
    Operation(
        "POST", "/rule-set-offers/{digest}/adopt", "adoptRuleSet",
        "Adopt an offered set exactly as it was looked at", "configure",
        _agree, SetView, body=AdoptionBody, errors=(404,), conflicts=True,
    ),
    Operation(
        "POST", "/rule-sets/{id}/drop", "dropRuleSet", "Take a set of rules out of force",
        "configure", _drop, DroppedSet, body=MemberBody, errors=(404,), conflicts=True,
    ),
)  # fmt: skip
