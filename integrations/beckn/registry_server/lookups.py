"""What a registry answers to look-ups: v1.1.1's ``/lookup``, and DeDi's by id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypedDict

from aiohttp import web

from integrations.beckn.errors import BecknError
from integrations.beckn.reading import Node, parse
from integrations.beckn.registry.rows import instant, write_row
from integrations.beckn.registry_server.answers import refuse
from integrations.beckn.registry_server.challenger import Challenger
from integrations.beckn.registry_server.store import Store
from integrations.beckn.signature import verify

NAME = "subscribers.beckn.one"
"""What the list is called in DeDi's look-ups, as on Beckn's own network."""

MOST_ROWS = 500
"""Rows of one answer."""

_PAGE = 100


class Lookups:
    """The routes that read."""

    def __init__(
        self,
        store: Store,
        challenger: Challenger,
        own_id: str,
        *,
        members_only: bool,
        now: Callable[[], datetime],
    ) -> None:
        """Answer from ``store``; ``own_id`` is the name under which all participants are listed."""
        self._store = store
        self._step = challenger.step
        self._own_id = own_id
        self._members_only = members_only
        self._now = now

    async def lookup(self, http: web.Request) -> web.Response:
        """POST /lookup: participants that have what is asked for, a row for each domain."""
        body = await http.read()
        asked = parse(body)
        now = self._now()
        if self._members_only:
            await self._step(partial(self._check_member, http, body, now))
        filters = _filters(asked)
        found = await self._step(partial(self._store.find, now, MOST_ROWS, **filters))
        wanted = filters["domain"]
        rows = [
            {**write_row(entry, domain), "status": "SUBSCRIBED"}
            for entry in found
            for domain in entry.domains
            if wanted in ("", domain)
        ]
        return web.json_response(rows[:MOST_ROWS])

    def _check_member(self, http: web.Request, body: bytes, now: datetime) -> None:
        def key_of(subscriber_id: str, key_id: str) -> bytes | None:
            known = self._store.find(now, 1, subscriber_id=subscriber_id, key_id=key_id)
            return known[0].public_key if known else None

        verify(http.headers.get("Authorization", ""), body, key_of, now)

    async def record(self, http: web.Request) -> web.Response:
        """GET /dedi/lookup/<subscriber>/<list>/<key>: one participant by its key."""
        asked = http.match_info
        if asked["name"] != NAME:
            return refuse(404, f"the list here is named {NAME}")
        find = partial(
            self._store.find, self._now(), 2, subscriber_id=asked["id"], key_id=asked["key"]
        )
        # Of one that speaks both versions, DeDi's caller wants the newer.
        found = sorted(await self._step(find), key=lambda entry: entry.version)
        if not found:
            return refuse(404, "no participant of that id has that key")
        return web.json_response(
            {"message": "Record found", "data": _dedi(write_row(found[-1]), self._now())}
        )

    async def records(self, http: web.Request) -> web.Response:
        """GET /dedi/query/<subscriber or this registry>/<list>: one's keys, or everybody."""
        asked = http.match_info
        if asked["name"] != NAME:
            return refuse(404, f"the list here is named {NAME}")
        page, size = _number(http, "page", 1, 10_000), _number(http, "page_size", _PAGE, _PAGE)
        filters = _filters(Node(dict(http.query), ""))
        if asked["id"] != self._own_id:
            filters["subscriber_id"] = asked["id"]
        find = partial(self._store.find, self._now(), size, skip=(page - 1) * size, **filters)
        now = self._now()
        rows = [_dedi(write_row(entry), now) for entry in await self._step(find)]
        return web.json_response({"message": "Records found", "data": {"records": rows}})


class _Filters(TypedDict):
    subscriber_id: str
    key_id: str
    role: str
    version: str
    domain: str


def _filters(asked: Node) -> _Filters:
    domain = asked.maybe_text("domain")
    return {
        "subscriber_id": asked.maybe_text("subscriber_id") or "",
        "key_id": asked.maybe_text("key_id") or asked.maybe_text("unique_key_id") or "",
        "role": {"buyerApp": "BAP", "sellerApp": "BPP"}.get(
            kind := asked.maybe_text("type") or "", kind
        ),
        "version": asked.maybe_text("version") or "",
        "domain": domain or "",
    }


def _dedi(row: dict[str, object], now: datetime) -> dict[str, object]:
    digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
    return {
        "record_id": row["key_id"],
        "record_name": row["key_id"],
        "details": row,
        "digest": digest,
        "state": "live",
        "updated_at": row.get("valid_from", instant(now)),
        "ttl": 3600,
    }


def _number(http: web.Request, name: str, default: int, most: int) -> int:
    text = http.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= most):
        raise BecknError(f"{name}: expected a number from 1 to {most}")
    return int(text)
