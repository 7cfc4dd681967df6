"""What the API is made of: operations, what they take and return, and how a request is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hub.domain.activities import ActivityError
from hub.domain.peers import PeerError
from hub.domain.scopes import Scope
from hub.domain.values import dataclass
from hub.web.backend import Backend
from hub.web.callers import own_only
from hub.web.problem import Fault
from hub.web.site import site_of

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
    tag: str = ""
    """Changes with what was read; of operations that are ``tagged``."""


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
    tagged: bool = False
    """The answer has an ``ETag``; writing heeds ``If-Match`` (RFC 9110, 13.1.1), else 412."""
    browser: bool = True
    """Whether a member's browser may use it too; what no page does is for tokens alone."""
    media: str = ""
    """What it returns where that is no JSON; ``Answer.value`` is bytes then."""


@cache
def adapter(answer: Any) -> TypeAdapter[Any]:
    """Return what writes a type as JSON; made at first use, since that costs time and memory."""
    return TypeAdapter(answer)


def read_query(request: web.Request, model: type[M]) -> M:
    """Return a request's query as a model; HTTPBadRequest names the field that is wrong."""
    return _of_caller(request, _checked(lambda: model.model_validate(dict(request.query))))


async def read_body(request: web.Request, model: type[M]) -> M:
    """Return a request's JSON as a model; HTTPBadRequest names the field that is wrong.

    Strict, as the document says it: 1 is no truth and "1" no number.
    """
    body = await request.read()
    return _of_caller(request, _checked(lambda: model.model_validate_json(body, strict=True)))


def _of_caller(request: web.Request, read: M) -> M:
    """Return what was read; HTTPForbidden where a browser speaks for somebody else."""
    if "member" in type(read).model_fields:
        own_only(request, getattr(read, "member"))  # noqa: B009 - only these models have one
    return read


def wanted_tags(request: web.Request) -> frozenset[str] | None:
    """Return the versions that ``If-Match`` allows to be changed; None: any."""
    if request.headers.get("If-Match", "*").strip() == "*":
        return None
    return frozenset(one.value for one in request.if_match or () if not one.is_weak)


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
