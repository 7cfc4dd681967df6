"""Sending challenges to the addresses that participants gave, and hearing their answers."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_exceptions import ClientError
from aiohttp.resolver import ThreadedResolver

from integrations.beckn.errors import BecknError, RegistryError
from integrations.beckn.keys import Identity
from integrations.beckn.reading import parse
from integrations.beckn.registry import challenge
from integrations.beckn.registry.entry import Entry
from integrations.beckn.registry_server.store import Request
from integrations.beckn.signature import sign

log = logging.getLogger(__name__)

_TIMEOUT = ClientTimeout(total=10.0, sock_connect=5.0)
_BIGGEST_ANSWER = 16 * 1024
_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class Caller:
    """Asks a participant, at the address it gave, to read its challenge."""

    def __init__(
        self,
        identity: Identity,
        *,
        public_addresses_only: bool,
        now: Callable[[], datetime],
    ) -> None:
        """Sign as ``identity``. Addresses come from strangers: with ``public_addresses_only``,
        nobody can make the registry knock on doors within its own network.
        """
        self._identity = identity
        self._now = now
        self._public_only = public_addresses_only
        resolver = _PublicResolver() if public_addresses_only else None
        self._session = ClientSession(
            connector=TCPConnector(limit=16, resolver=resolver), timeout=_TIMEOUT
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def ask(self, request: Request, entry: Entry) -> str | None:
        """Return the answer to the challenge, None when it is to come later (over a relay).

        Raises RegistryError when the participant could not be asked.
        """
        riddle = challenge.encrypt(request.challenge, self._identity, entry.encr_public_key)
        body = json.dumps(
            {"subscriber_id": entry.subscriber_id, "challenge": riddle}, separators=(",", ":")
        ).encode()
        url = entry.uri.rstrip("/") + "/on_subscribe"
        if self._public_only and _private(urlsplit(url).hostname or ""):
            raise RegistryError(f"{url} is not a public address")
        headers = {
            "Authorization": sign(body, self._identity, self._now()),
            "Content-Type": "application/json",
        }
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                answer = bytearray()
                async for chunk in response.content.iter_chunked(4096):
                    answer += chunk
                    if len(answer) > _BIGGEST_ANSWER:
                        raise RegistryError(f"{url} answered more than {_BIGGEST_ANSWER} bytes")
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise RegistryError(f"{url}: {error or 'no answer in time'}") from error
        if status not in (200, 202):
            raise RegistryError(f"{url} answered with status {status}")
        try:
            told = parse(bytes(answer)).value.get("answer")
        except BecknError as error:
            raise RegistryError(f"{url} answered {error}") from error
        return told if isinstance(told, str) else None


def wait_before(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts."""
    return timedelta(seconds=_WAITS[min(attempts, len(_WAITS) - 1)])


class _PublicResolver(AbstractResolver):
    def __init__(self) -> None:
        self._resolver: ThreadedResolver | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self._resolver = self._resolver or ThreadedResolver(asyncio.get_running_loop())
        found = await self._resolver.resolve(host, port, family)
        usable = [one for one in found if not _private(one["host"])]
        if not usable:
            raise OSError(f"{host} has no public address")
        return usable

    async def close(self) -> None:
        if self._resolver is not None:
            await self._resolver.close()


def _private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.casefold() == "localhost"
