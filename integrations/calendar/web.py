"""What reading calendars over HTTP has in common: bounds, time-outs, faults in one line."""

from __future__ import annotations

import base64
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from hub.domain.values import dataclass
from hub.ports import DeliveryError

if TYPE_CHECKING:
    from aiohttp import AddrInfoType, ClientSession

_PRIVATE = "is not on the internet"
TIMEOUT = 30.0
"""Seconds for one answer in all."""


@dataclass(frozen=True, slots=True)
class Source:
    """A calendar elsewhere; ``name`` is what the household calls it.

    ``local``: it may be in the home's own network. No other one is looked for there, whatever its
    address says or it redirects to.
    """

    name: str
    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    local: bool = False

    def address(self) -> str:
        """Return its URL; ``webcal`` is HTTPS by another name. Raises ValueError."""
        parts = urlsplit(self.url.strip())
        scheme = {"webcal": "https", "webcals": "https"}.get(parts.scheme, parts.scheme)
        if scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"calendar {self.name}: expected https://…, got {self.url!r:.100}")
        return urlunsplit((scheme, parts.netloc, parts.path, parts.query, ""))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's status, headers and whole body; ``url`` is where redirections ended."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@asynccontextmanager
async def opened(source: Source) -> AsyncIterator[ClientSession]:
    """Yield a session that signs in as the source says, once for one reading."""
    import aiohttp

    headers = {}
    if source.username is not None:
        pair = f"{source.username}:{source.password or ''}".encode()
        # aiohttp leaves it out when it is sent on to another server.
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    connector = aiohttp.TCPConnector(socket_factory=None if source.local else _public)
    async with aiohttp.ClientSession(
        headers=headers, timeout=timeout, connector=connector
    ) as session:
        yield session


def _public(address: AddrInfoType) -> socket.socket:
    """Return a socket to an address of the internet; OSError for one of a home's network."""
    family, kind, protocol, _, where = address
    found = ip_address(str(where[0]).partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if not found.is_global:
        raise PermissionError(f"{found} {_PRIVATE}")
    return socket.socket(family, kind, protocol)


async def ask(
    session: ClientSession,
    source: Source,
    method: str,
    url: str,
    most: int,
    *,
    headers: Mapping[str, str] | None = None,
    data: bytes | None = None,
) -> Answer:
    """Ask, and read at most ``most`` bytes. Raises DeliveryError, which names the calendar."""
    import aiohttp

    try:
        async with session.request(
            method, url, headers=headers, data=data, max_redirects=5
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(64 * 1024):
                body += chunk
                if len(body) > most:
                    raise DeliveryError(
                        f"calendar {source.name}: expected at most {most // 1024} KiB", retry=False
                    )
            status, final = response.status, str(response.url)
            kept = {name.lower(): text for name, text in response.headers.items()}
    except aiohttp.ClientConnectorError as error:
        if _PRIVATE in str(error.os_error):
            raise DeliveryError(
                f"calendar {source.name}: {error.os_error}; set `local: true` if that is meant",
                retry=False,
            ) from error
        reason = f"calendar {source.name} cannot be reached: {error.os_error}"
        raise DeliveryError(reason) from error
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise DeliveryError(
            f"calendar {source.name} did not answer as it should: {type(error).__name__}"
        ) from error
    if status in (401, 403):
        raise DeliveryError(
            f"calendar {source.name} answered {status}: check its user name and password",
            retry=False,
        )
    if status >= 400:
        raise DeliveryError(
            f"calendar {source.name} answered {status}; check its address",
            retry=status >= 500 or status in (408, 429),
        )
    return Answer(status, kept, bytes(body), final)
