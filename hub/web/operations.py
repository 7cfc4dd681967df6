"""What the API is made of: operations, what they take and return, and how a request is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hub.domain.activities import ActivityError
from hub.domain.peers import PeerError
from hub.domain.values import dataclass
from hub.web.backend import Backend
from hub.web.problem import Fault
from hub.web.site import site_of

Scope = Literal["read", "decide", "configure"]
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Input(BaseModel):
    """What a program sends; a field it does not know is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class MemberBody(Input):
    """Who wants it."""

    member: str = Field(max_length=32, description="an adult of the household")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation returns: a value of its answer type, and the status."""

    value: object
    status: int = 200


class Mistaken(Exception):
    """A text that was sent has mistakes; nothing was written."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the API. ``answer`` is what is returned, or one of ``items`` when ``many``."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    name: str
    summary: str
    scope: Scope
    handler: Callable[[web.Request], Awaitable[Answer]]
    answer: Any
    many: bool = False
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()
    conflicts: bool = False
    """409 is a problem: the file changed or cannot be written. Listed in ``errors`` instead, it is
    an answer: what was refused, as it is now."""
    media: str = ""
    """What it returns where that is no JSON; ``Answer.value`` is bytes then."""


def bearer_scopes(request: web.Request) -> frozenset[str] | None:
    """Return what the request's token may do; None without a valid one."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if kind.casefold() != "bearer" or not 0 < len(secret) <= 256:
        return None
    return site_of(request).backend.api_token_scopes(secret)


@cache
def adapter(answer: Any) -> TypeAdapter[Any]:
    """Return what writes a type as JSON; made at first use, since that costs time and memory."""
    return TypeAdapter(answer)


def read_query(request: web.Request, model: type[M]) -> M:
    """Return a request's query as a model; HTTPBadRequest names the field that is wrong."""
    return _checked(lambda: model.model_validate(dict(request.query)))


async def read_body(request: web.Request, model: type[M]) -> M:
    """Return a request's JSON as a model; HTTPBadRequest names the field that is wrong."""
    body = await request.read()
    return _checked(lambda: model.model_validate_json(body))


def _checked(read: Callable[[], M]) -> M:
    try:
        return read()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise web.HTTPBadRequest(text=f"{where}: {first['msg']}") from error


async def tried(step: Awaitable[T]) -> T:
    """Return what a step returns; HTTPBadRequest says why it was refused."""
    try:
        return await step
    except (PeerError, ActivityError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error


def known(found: T | None, what: str) -> T:
    """Return what was found; HTTPNotFound says that there is no such ``what``."""
    if found is None:
        raise web.HTTPNotFound(text=f"There is no such {what}.")
    return found


def by_adult(request: web.Request, body: MemberBody) -> Backend:
    """Return the backend; HTTPBadRequest where ``body`` names no adult of this household."""
    site = site_of(request)
    if not site.is_adult(body.member):
        raise web.HTTPBadRequest(text="member: expected the id of an adult of this household")
    return site.backend
