"""The privacy page: what members agreed to, what left, to whom and under which consent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from aiohttp import web
from pydantic import Field

from hub.domain.consent import SCHEMA, Disclosed, Erasure, Grant
from hub.domain.decisions import DecisionResult
from hub.domain.values import dataclass
from hub.web.i18n import N_
from hub.web.operations import Answer, Input, MemberBody, Operation, by_adult, read_body, read_query
from hub.web.site import form_of, redirect, render, signed_in, site_of

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Recipient:
    """One who was told something, the newest first. ``erasure`` is what came of asking last."""

    id: str
    called: str
    fields: tuple[str, ...]
    told: tuple[Disclosed, ...]
    erasure: Erasure | None

    @property
    def last(self) -> datetime:
        """Return when it was told something last."""
        return self.told[0].at

    @property
    def erasable(self) -> bool:
        """Tell whether it can be asked to erase: a provider told for an order, or a contact."""
        return any(one.purpose in ("order", "friends") and one.askable for one in self.told)


def recipients(told: Iterable[Disclosed]) -> list[Recipient]:
    """Group what left by whom it was told, who was told last first."""
    found: dict[str, list[Disclosed]] = {}
    for one in told:
        found.setdefault(one.recipient, []).append(one)
    return [
        Recipient(
            id_,
            rows[0].called,
            tuple(name for name in SCHEMA if any(name in row.fields for row in rows)),
            tuple(rows),
            max(
                (row.erasure for row in rows if row.erasure is not None),
                key=lambda erasure: erasure.asked_at,
                default=None,
            ),
        )
        for id_, rows in found.items()
    ]


async def show(request: web.Request) -> web.Response:
    """Show consents and disclosures, of everybody or of one recipient."""
    site = site_of(request)
    one = request.query.get("recipient", "")[:255] or None
    told = site.backend.privacy.disclosed(recipient=one, limit=_SHOWN)
    return render(
        request,
        "privacy.html",
        grants=[] if one else site.backend.privacy.grants(),
        recipients=recipients(told),
        given=site.backend.privacy.given({name for row in told for name in row.grants}),
        only=one,
        full=len(told) == _SHOWN,
        schema=SCHEMA,
    )


async def revoke(request: web.Request) -> web.Response:
    """Take a consent back and go back to the page."""
    site, session = site_of(request), signed_in(request)
    await form_of(request)
    result = await site.backend.privacy.revoke(request.match_info["id"], session.member)
    return _told(request, result)


async def erase(request: web.Request) -> web.Response:
    """Ask a provider or a contact to erase what it was told and go back to the page."""
    site, session = site_of(request), signed_in(request)
    recipient = (await form_of(request)).get("recipient", "")
    return _told(request, await site.backend.privacy.erase(recipient, session.member))


def _told(request: web.Request, result: DecisionResult) -> web.Response:
    site, session = site_of(request), signed_in(request)
    if result.result == "unknown":
        raise web.HTTPNotFound(text=N_("There is no such consent (any more)."))
    good = result.result in ("done", "repeated")
    site.told.say(session, "good" if good else "bad", result.message)
    return redirect("/privacy")


# -- for programs ------------------------------------------------------------------------------


class DisclosedQuery(Input):
    """Which disclosures."""

    recipient: str | None = Field(default=None, max_length=255, description="only to this one")
    limit: int = Field(default=50, ge=1, le=500, description="at most this many, newest first")


class ErasureBody(MemberBody):
    """Whom to ask to erase."""

    recipient: str = Field(
        max_length=255, description="a provider's subscriber id, or contact: and a contact's id"
    )


async def _grants(request: web.Request) -> Answer:
    grants: Sequence[Grant] = site_of(request).backend.privacy.grants()
    return Answer(grants)


async def _disclosed(request: web.Request) -> Answer:
    query = read_query(request, DisclosedQuery)
    privacy = site_of(request).backend.privacy
    return Answer(privacy.disclosed(recipient=query.recipient, limit=query.limit))


async def _revoke(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    privacy = by_adult(request, body).privacy
    result = await privacy.revoke(request.match_info["id"], body.member)
    if result.result == "unknown":
        raise web.HTTPNotFound(text=result.message)
    return Answer(result)


async def _erase(request: web.Request) -> Answer:
    body = await read_body(request, ErasureBody)
    return Answer(await by_adult(request, body).privacy.erase(body.recipient, body.member))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/grants", "listGrants", "List the consents in force, newest first", "read",
        _grants, Grant, many=True,
    ),
    Operation(
        "POST", "/grants/{id}/revoke", "revokeGrant",
        "Take a consent back; who was told is asked to erase it", "decide",
        _revoke, DecisionResult, body=MemberBody, errors=(404,),
    ),
    Operation(
        "GET", "/disclosures", "listDisclosures", "List what left the home, newest first", "read",
        _disclosed, Disclosed, many=True, query=DisclosedQuery,
    ),
    Operation(
        "POST", "/erasures", "askToErase", "Ask a provider or a contact to erase what it was told",
        "decide",
        _erase, DecisionResult, body=ErasureBody,
    ),
)  # fmt: skip
