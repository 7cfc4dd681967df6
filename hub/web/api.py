"""The JSON API: one table of operations makes the routes and the OpenAPI document alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web
from pydantic import Field

from hub.domain.consent import Scope
from hub.domain.decisions import Decision, DecisionResult
from hub.domain.notices import Notice
from hub.domain.orders import Order
from hub.domain.stock import StockLevel, StockPoint
from hub.domain.suggestions import Suggestion, Verb
from hub.domain.values import dataclass
from hub.web.accessapi import ACCESS
from hub.web.activityapi import ACTIVITIES
from hub.web.apidoor import BASE
from hub.web.askingapi import ASKING
from hub.web.backend import EntityView, LedgerEntry, PantryView, Spent, WitnessView
from hub.web.beginningapi import BEGINNING
from hub.web.callers import browser_of, scopes_of
from hub.web.configapi import CONFIG
from hub.web.feedpages import FEEDS
from hub.web.files import CannotWrite, RuleView, Stale
from hub.web.friendapi import FRIENDS
from hub.web.gate import Handler, public
from hub.web.homeapi import HOME
from hub.web.keepingapi import KEEPING
from hub.web.loginapi import LOGINS
from hub.web.mealapi import MEALS
from hub.web.operations import (
    Answer,
    Input,
    Mistaken,
    Operation,
    adapter,
    known,
    read_body,
    read_query,
)
from hub.web.ordercommands import OrderCommandBody, command_of
from hub.web.pages import readable
from hub.web.passkeypages import OPERATIONS as PASSKEYS
from hub.web.planapi import PLANS
from hub.web.privacypages import OPERATIONS as PRIVACY
from hub.web.problem import problem
from hub.web.providerlogpages import OPERATIONS as PROVIDER_LOGS
from hub.web.quarantinepages import OPERATIONS as QUARANTINE
from hub.web.receiptpages import OPERATIONS as RECEIPTS
from hub.web.rulesetapi import RULE_SETS
from hub.web.settingsapi import SETTINGS
from hub.web.site import site_of


class SuggestionQuery(Input):
    """Which suggestions."""

    open: bool = Field(default=True, description="only those that wait for an answer")
    limit: int = Field(default=50, ge=1, le=200, description="at most this many, newest first")


class ListQuery(Input):
    """How many."""

    limit: int = Field(default=50, ge=1, le=200, description="at most this many, newest first")


class SpentQuery(Input):
    """How far back."""

    days: int = Field(default=365, ge=1, le=3660, description="of the last days")


class LedgerQuery(Input):
    """Which entries."""

    before: int | None = Field(
        default=None, ge=0, le=2**53, description="only entries before this index"
    )
    subject: str | None = Field(default=None, max_length=255, description="only about this")
    limit: int = Field(default=50, ge=1, le=200, description="at most this many, newest first")


class DecisionBody(Input):
    """A member's answer to one version of a suggestion."""

    version: int = Field(ge=0, description="the version that was looked at; a newer one refuses")
    verb: Verb = Field(description="the answer")
    member: str = Field(max_length=32, description="who answers: an adult of the household")
    option: str | None = Field(default=None, max_length=200, description="the option's id")
    counts: dict[str, int] = Field(
        default_factory=dict, max_length=200, description="changed pieces: item_id -> count"
    )
    slot_id: str | None = Field(default=None, max_length=200, description="another window")
    scope: Scope = Field(
        default="once",
        description="what the option discloses may be told for this order, or always there; "
        "never, with decline: not at all",
    )


class StockBody(Input):
    """What a person counted."""

    quantity: float = Field(ge=0, allow_inf_nan=False, description="in the item's own unit")
    member: str = Field(max_length=32, description="who counted")


@dataclass(frozen=True, slots=True)
class SlotView:
    """A window that a provider offers; ``fee`` in the order's currency."""

    id: str
    start: datetime
    end: datetime
    fee: Decimal | None


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message that was not understood; ``payload`` is its beginning, as text."""

    id: int
    at: datetime
    topic: str
    reason: str
    where: str
    payload: str
    count: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in one of the household's files; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str


async def _suggestions(request: web.Request) -> Answer:
    query = read_query(request, SuggestionQuery)
    backend = site_of(request).backend
    return Answer(backend.suggestions(open_only=query.open, limit=query.limit))


async def _suggestion(request: web.Request) -> Answer:
    found = site_of(request).backend.suggestion(request.match_info["id"])
    return Answer(known(found, "suggestion"))


async def _decide(request: web.Request) -> Answer:
    body = await read_body(request, DecisionBody)
    decision = Decision(
        request.match_info["id"],
        body.version,
        body.verb,
        body.member,
        "api",
        option=body.option,
        counts=body.counts,
        slot_id=body.slot_id,
        scope=body.scope,
    )
    result = await site_of(request).backend.decide(decision)
    if result.result == "unknown":
        raise web.HTTPNotFound(text=result.message)
    return Answer(result, 409 if result.result == "refused" else 200)


async def _orders(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.orders(limit=read_query(request, ListQuery).limit))


async def _order(request: web.Request) -> Answer:
    return Answer(known(site_of(request).backend.order(request.match_info["id"]), "order"))


async def _order_slots(request: web.Request) -> Answer:
    backend = site_of(request).backend
    found = known(backend.order(request.match_info["id"]), "order")
    return Answer(
        [
            SlotView(id=slot_id, start=start, end=end, fee=fee)
            for slot_id, start, end, fee in backend.slots(found.id)
        ]
    )


async def _act(request: web.Request) -> Answer:
    body = await read_body(request, OrderCommandBody)
    command = command_of(request.match_info["id"], body, "api")
    result = await site_of(request).backend.act(command)
    if result.result == "unknown":
        raise web.HTTPNotFound(text=result.message)
    return Answer(result, 409 if result.result == "refused" else 200)


async def _pantry(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.pantry())


async def _set_stock(request: web.Request) -> Answer:
    body = await read_body(request, StockBody)
    site = site_of(request)
    member = site.member(body.member)
    if member is None:
        raise web.HTTPBadRequest(text=f"member: there is no {body.member} in this household")
    if member.role == "guest":
        raise web.HTTPBadRequest(text="member: guests may look, not change the pantry")
    item = request.match_info["item"]
    try:
        return Answer(await site.backend.set_stock(item, body.quantity, body.member))
    except KeyError as error:
        raise web.HTTPNotFound(text=f"There is no {item} in the pantry.") from error
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"quantity: {error}") from error


async def _history(request: web.Request) -> Answer:
    backend = site_of(request).backend
    item = request.match_info["item"]
    row = next((row for row in backend.pantry() if row.item.id == item), None)
    known(row, "item in the pantry")
    return Answer(backend.history(item))


async def _spent(request: web.Request) -> Answer:
    query = read_query(request, SpentQuery)
    backend = site_of(request).backend
    return Answer(backend.spent(backend.now() - timedelta(days=query.days)))


async def _ledger(request: web.Request) -> Answer:
    query = read_query(request, LedgerQuery)
    entries = site_of(request).backend.ledger(
        before=query.before, limit=query.limit, subject=query.subject
    )
    return Answer(entries)


async def _witnesses(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.witnesses())


async def _rules(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.files.rules())


async def _problems(request: web.Request) -> Answer:
    found = site_of(request).backend.files.problems()
    return Answer([Mistake(one.file, one.line, one.column, one.message) for one in found])


async def _entities(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.entities())


async def _notices(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.notices())


async def _parked(request: web.Request) -> Answer:
    rows = site_of(request).backend.parked(read_query(request, ListQuery).limit)
    return Answer(
        [
            ParkedMessage(
                id=row.id,
                at=row.at,
                topic=row.topic,
                reason=row.reason,
                where=row.where,
                payload=readable(row.payload, 1024),
                count=row.count,
            )
            for row in rows
        ]
    )


OPERATIONS: tuple[Operation, ...] = (
    *ACCESS,
    *ACTIVITIES,
    *BEGINNING,
    *ASKING,
    *CONFIG,
    *FEEDS,
    *FRIENDS,
    *HOME,
    *KEEPING,
    *LOGINS,
    *PASSKEYS,
    *PLANS,
    *PRIVACY,
    *PROVIDER_LOGS,
    *QUARANTINE,
    *RECEIPTS,
    *MEALS,
    *RULE_SETS,
    *SETTINGS,
    Operation(
        "GET", "/suggestions", "listSuggestions", "List suggestions, newest first", "read",
        _suggestions, Suggestion, many=True, query=SuggestionQuery,
    ),
    Operation(
        "GET", "/suggestions/{id}", "getSuggestion", "Read one suggestion", "read",
        _suggestion, Suggestion, errors=(404,),
    ),
    Operation(
        "POST", "/suggestions/{id}/decision", "decide",
        "Answer a suggestion; 409 carries why it was refused", "decide",
        _decide, DecisionResult, body=DecisionBody, errors=(404, 409),
    ),
    Operation(
        "GET", "/orders", "listOrders", "List orders, newest first", "read",
        _orders, Order, many=True, query=ListQuery,
    ),
    Operation(
        "GET", "/orders/{id}", "getOrder", "Read one order", "read",
        _order, Order, errors=(404,),
    ),
    Operation(
        "GET", "/orders/{id}/slots", "listSlots", "List the windows its provider offers", "read",
        _order_slots, SlotView, many=True, errors=(404,),
    ),
    Operation(
        "POST", "/orders/{id}/commands", "actOnOrder",
        "Move, cancel, track, complain about, rate or take in a placed order; 409 says why not",
        "decide", _act, DecisionResult, body=OrderCommandBody, errors=(404, 409),
    ),
    Operation(
        "GET", "/pantry", "listPantry", "List the pantry with its levels", "read",
        _pantry, PantryView, many=True,
    ),
    Operation(
        "PUT", "/pantry/{item}", "setStock", "Note what a person counted", "decide",
        _set_stock, StockLevel, body=StockBody, errors=(404,),
    ),
    Operation(
        "GET", "/pantry/{item}/history", "getHistory", "Read an item's levels of the last days",
        "read", _history, StockPoint, many=True, errors=(404,),
    ),
    Operation(
        "GET", "/spending", "listSpending", "List what was ordered for good", "read",
        _spent, Spent, many=True, query=SpentQuery,
    ),
    Operation(
        "GET", "/ledger", "listLedger", "List entries of the ledger, newest first", "read",
        _ledger, LedgerEntry, many=True, query=LedgerQuery,
    ),
    Operation(
        "GET", "/ledger/witnesses", "listWitnesses", "List who countersigns the ledger", "read",
        _witnesses, WitnessView, many=True,
    ),
    Operation(
        "GET", "/rules", "listRules", "List the rules in force", "read",
        _rules, RuleView, many=True,
    ),
    Operation(
        "GET", "/problems", "listProblems", "List the mistakes in the household's files", "read",
        _problems, Mistake, many=True,
    ),
    Operation(
        "GET", "/entities", "listEntities", "List entities with their latest states", "read",
        _entities, EntityView, many=True,
    ),
    Operation(
        "GET", "/notices", "listNotices", "List the notices in force now or later", "read",
        _notices, Notice, many=True,
    ),
    Operation(
        "GET", "/parked", "listParked", "List messages that were not understood", "read",
        _parked, ParkedMessage, many=True, query=ListQuery,
    ),
)  # fmt: skip


def _handler(operation: Operation) -> Handler:
    """Wrap an operation: whoever asks needs its scope, and its answer is written as JSON."""

    @public
    async def handle(request: web.Request) -> web.StreamResponse:
        scopes = scopes_of(request)
        if scopes is None:
            response = problem(401, "Expected Authorization: Bearer with an API token.")
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        browser = browser_of(request) is not None
        if browser and not operation.browser:
            return problem(403, "This takes an API token; no browser may do it.")
        if operation.scope not in scopes:
            who = "This member" if browser else "This token"
            return problem(403, f"{who} lacks the scope {operation.scope}.")
        try:
            answer = await operation.handler(request)
        except CannotWrite as error:
            return problem(409, str(error))
        except Stale:
            return problem(412, "If-Match: this has changed since it was read; read it again")
        except Mistaken as mistaken:
            first = mistaken.faults[0]
            where = f"{first.file}, line {first.line}, column {first.column}"
            return problem(400, f"{where}: {first.expected}", mistaken.faults)
        return web.Response(
            status=answer.status,
            headers={"ETag": f'"{answer.tag}"'} if answer.tag else None,
            body=_written(operation, answer.value),
            content_type=operation.media or "application/json",
            charset="utf-8" if operation.media else None,
        )

    return handle


def _written(operation: Operation, value: Any) -> bytes:
    if operation.media:
        return bytes(value)
    write = adapter(operation.answer).dump_json
    return b'{"items":[' + b",".join(map(write, value)) + b"]}" if operation.many else write(value)


def routes() -> Sequence[web.RouteDef]:
    """Return the API's routes, one for each operation."""
    return [
        web.route(operation.method, BASE + operation.path, _handler(operation))
        for operation in OPERATIONS
    ]
