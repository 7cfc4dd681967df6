"""Asking a registry on the network: v1's ``/lookup``, and DeDi's look-up by id for v2."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from aiohttp.client_exceptions import ClientError

from hub.clock import SYSTEM
from integrations.beckn.errors import BecknError, RegistryError
from integrations.beckn.keys import Identity
from integrations.beckn.reading import BIGGEST_BODY, Node, parse
from integrations.beckn.registry.entry import Entry, Role, Source
from integrations.beckn.registry.rows import read_rows
from integrations.beckn.signature import sign

PATIENCE = 8.0
"""Seconds a registry's answer is awaited."""

MOST_ROWS = 1000
"""Participants read from one answer."""

_PAGE = 100


class NotMember(RegistryError):
    """The registry answers its members only, and we are not in it yet."""


class RemoteRegistry:
    """One registry on the network."""

    def __init__(
        self,
        source: Source,
        identity: Identity | None,
        *,
        patience: float = PATIENCE,
        now: Callable[[], datetime] = SYSTEM.now,
    ) -> None:
        """Ask as ``identity``, which signs where a registry only answers its members."""
        self.source = source
        self._identity = identity
        self._timeout = ClientTimeout(total=patience)
        self._now = now
        self._session: ClientSession | None = None

    def follow(self, identity: Identity) -> None:
        """Ask as another key of ours from now on."""
        self._identity = identity

    async def lookup(self, subscriber_id: str, unique_key_id: str = "") -> tuple[Entry, ...]:
        """Return what the registry says of a participant, () when it knows none of that id.

        Raises RegistryError when it cannot be reached or answers something else.
        """
        if self.source.form == "beckn":
            found = await self._rows({"subscriber_id": subscriber_id})
        else:
            found = await self._dedi(subscriber_id, unique_key_id)
        return tuple(entry for entry in found if entry.subscriber_id == subscriber_id)

    async def discover(self, domain: str, role: Role) -> tuple[Entry, ...]:
        """Return who takes part in ``domain``. Raises RegistryError as ``lookup`` does."""
        if self.source.form == "beckn":
            return await self._rows({"domain": domain, "type": role})
        if not self.source.network:
            return ()
        namespace, _, name = self.source.network.partition("@")[0].partition("/")
        found: list[Entry] = []
        for page in range(1, MOST_ROWS // _PAGE + 1):
            query = f"?page={page}&page_size={_PAGE}"
            rows = await self._query(namespace, name or self.source.name, query)
            found += rows
            if len(rows) < _PAGE:
                break
        return tuple(one for one in found if one.role == role and domain in one.domains)

    async def post(self, path: str, body: bytes, *, signer: Identity | None) -> tuple[int, bytes]:
        """Send ``body`` to ``path``, signed; return the status and the answer, bounded."""
        headers = {"Content-Type": "application/json"}
        if signer is not None:
            headers["Authorization"] = sign(body, signer, self._now())
        return await self._ask("POST", path, body, headers)

    async def get(self, path: str) -> Node | None:
        """Return the JSON object at ``path``, None when there is nothing (404)."""
        status, answer = await self._ask("GET", path, None, {})
        if status == 404:
            return None
        self._expect(status, answer)
        return self._parse(answer)

    async def introduce(self) -> None:
        """Learn the registry's own keys at first sight, where ``source`` does not name them.

        Raises RegistryError when it cannot be asked or tells none.
        """
        if self.source.encr_public_key or self.source.form != "beckn":
            return
        told = await self.get("/identity")
        try:
            if told is None:
                raise BecknError("it tells no keys")
            self.source = replace(
                self.source,
                subscriber_id=told.text("subscriber_id"),
                unique_key_id=told.text("key_id"),
                signing_public_key=told.text("signing_public_key"),
                encr_public_key=told.text("encr_public_key"),
            )
        except BecknError as error:
            raise RegistryError(
                f"the registry {self.source.url}: set its encr_public_key: {error}"
            ) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _rows(self, asked: Mapping[str, str]) -> tuple[Entry, ...]:
        body = json.dumps(asked).encode()
        status, answer = await self.post("/lookup", body, signer=self._identity)
        if status == 404:
            return ()
        self._expect(status, answer)
        # The answer is a bare list; what reads it bounds objects.
        rows = self._parse(b'{"rows":' + answer + b"}")
        try:
            return read_rows(rows.nodes("rows", MOST_ROWS), version="1.1.1")
        except BecknError as error:
            raise self._faulty(str(error)) from error

    async def _dedi(self, subscriber_id: str, unique_key_id: str) -> tuple[Entry, ...]:
        if not unique_key_id:
            return await self._query(subscriber_id, self.source.name, "")
        parts = (subscriber_id, self.source.name, unique_key_id)
        document = await self.get("/lookup/" + "/".join(quote(part, safe="") for part in parts))
        return () if document is None else self._records([document], unique_key_id)

    async def _query(self, namespace: str, name: str, query: str) -> tuple[Entry, ...]:
        where = f"/query/{quote(namespace, safe='')}/{quote(name, safe='')}{query}"
        document = await self.get(where)
        if document is None:
            return ()
        try:
            records = document.maybe("data").nodes("records", MOST_ROWS)
            return self._records([Node({"data": one.value}, "") for one in records])
        except BecknError as error:
            raise self._faulty(str(error)) from error

    def _records(self, documents: list[Node], key_id: str = "") -> tuple[Entry, ...]:
        rows = []
        for document in documents:
            try:
                record = document.node("data")
                details = record.node("details")
                dead = record.value.get("is_revoked") or record.value.get("state") in (
                    "revoked", "suspended", "expired",
                )  # fmt: skip
                name = key_id or record.maybe_text("record_name") or record.maybe_text("record_id")
            except BecknError as error:
                raise self._faulty(str(error)) from error
            if not dead:
                # In DeDi a record's name is the key's id.
                value = {**({"key_id": name} if name else {}), **details.value}
                rows.append(Node(value, details.path))
        return read_rows(rows, version="2.0.0")

    async def _ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        if self._session is None:
            # A registry is asked seldom: a connection kept alive would often be dead by then.
            self._session = ClientSession(
                connector=TCPConnector(force_close=True), timeout=self._timeout
            )
        url = self.source.url.rstrip("/") + path
        answer = bytearray()
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                async for chunk in response.content.iter_chunked(64 * 1024):
                    answer += chunk
                    if len(answer) > BIGGEST_BODY - 64:
                        raise self._faulty(f"an answer of more than {BIGGEST_BODY} bytes")
                return response.status, bytes(answer)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            reason = str(error) or "no answer in time"
            raise RegistryError(f"the registry {url} cannot be asked: {reason}") from error

    def _expect(self, status: int, answer: bytes) -> None:
        if status != 200:
            told = answer[:200].decode(errors="replace").strip()
            if status in (401, 403):
                raise NotMember(f"the registry {self.source.url} refuses us: {told}")
            raise self._faulty(f"status {status}: {told}")

    def _parse(self, answer: bytes) -> Node:
        try:
            return parse(answer)
        except BecknError as error:
            raise self._faulty(str(error)) from error

    def _faulty(self, what: str) -> RegistryError:
        return RegistryError(f"the registry {self.source.url} answered {what}")
