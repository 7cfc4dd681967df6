"""Fetching a set from the address that a person typed, and nowhere else.

The address may be in the home's own network only where the one that was typed is: no server of the
internet can send the hub on to a neighbour of its own.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from hub.domain.rulesets import BIGGEST, SetError
from hub.domain.values import dataclass

if TYPE_CHECKING:
    from aiohttp import AddrInfoType, ClientSession

TIMEOUT = 30.0
"""Seconds for the whole of it."""
_MOST_REDIRECTS = 3
_LONGEST = 500
_OUTSIDE = "is not on the internet"
_SENT_ON = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave; ``local``: the address is in the home's own network."""

    body: bytes
    local: bool


def checked_url(url: str) -> str:
    """Return an address that may be asked; SetError for one that is none."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or len(text) > _LONGEST:
        raise SetError(f"expected https://…, got {text[:100]!r}")
    if "@" in parts.netloc or not text.isprintable():
        raise SetError("expected an address without a name and password in it")
    return text.partition("#")[0]


async def fetch(url: str, *, local: bool | None = None) -> Fetched:
    """Fetch a set. ``local`` False keeps to the internet, as one that was typed long ago has to.

    Raises SetError, which says what was wrong in one line.
    """
    import aiohttp

    seen = _Seen(local)
    connector = aiohttp.TCPConnector(socket_factory=seen.socket, force_close=True)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    host = urlsplit(checked_url(url)).hostname
    try:
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "commonhearth"},
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            body = await _followed(session, checked_url(url), seen)
    except aiohttp.ClientConnectorError as error:
        raise SetError(f"{host} cannot be reached: {error.os_error}") from None
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        if isinstance(error, SetError):
            raise
        raise SetError(f"{host} did not answer as it should: {type(error).__name__}") from None
    return Fetched(body, bool(seen.local))


class _Seen:
    """Makes sockets, and knows whether the first address was in the home's network."""

    def __init__(self, local: bool | None) -> None:
        self.local = local

    def socket(self, address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = address
        found = ip_address(str(where[0]).partition("%")[0])
        found = getattr(found, "ipv4_mapped", None) or found
        if self.local is None:
            self.local = not found.is_global
        if not self.local and not found.is_global:
            raise PermissionError(f"{found} {_OUTSIDE}")
        return socket.socket(family, kind, protocol)


async def _followed(session: ClientSession, url: str, seen: _Seen) -> bytes:
    for _ in range(_MOST_REDIRECTS + 1):
        async with session.get(url, allow_redirects=False) as response:
            if response.status in _SENT_ON:
                onward = checked_url(urljoin(url, response.headers.get("Location", "")))
                if url.startswith("https:") and not onward.startswith("https:"):
                    raise SetError("it sends on from https to http, which is not followed")
                url = onward
                continue
            if response.status != 200:
                raise SetError(f"{urlsplit(url).hostname} answered {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_chunked(16 * 1024):
                body += chunk
                if len(body) > BIGGEST:
                    raise SetError(f"a set of rules has at most {BIGGEST // 1024} KiB")
            return bytes(body)
    raise SetError(f"it sends on more than {_MOST_REDIRECTS} times")
