"""What a reverse proxy says of its caller, believed only from those that hub.yaml names."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Middleware

from hub.settings import Network

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_MOST_HOPS = 20


def behind(trusted: Callable[[], Sequence[Network]]) -> Middleware:
    """Return the middleware that takes ``X-Forwarded-For``, ``-Proto`` and ``-Host`` from proxies.

    ``trusted`` are their networks as hub.yaml has them now (``http.trusted_proxies``). From anybody
    else these headers are not looked at.
    """

    @web.middleware
    async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
        networks = trusted()
        if networks and _among(request.remote, networks):
            request = _as_told(request, networks)
        return await handler(request)

    return told


def _as_told(request: web.Request, trusted: Sequence[Network]) -> web.Request:
    headers = request.headers
    hops = ",".join(headers.getall("X-Forwarded-For", [])).split(",")[-_MOST_HOPS:]
    # From the right: what stands left of the first stranger is what that one made up.
    remote = request.remote
    for hop in (one.strip() for one in reversed(hops)):
        if read_address(hop) is None:
            break
        remote = hop
        if not _among(hop, trusted):
            break
    scheme = _last(headers.get("X-Forwarded-Proto", ""))
    host = _last(headers.get("X-Forwarded-Host", ""))
    return request.clone(
        remote=remote or "",
        scheme=scheme if scheme in ("http", "https") else request.scheme,
        host=host if 0 < len(host) <= 255 and host.isprintable() else request.host,
    )


def _last(value: str) -> str:
    return value.rpartition(",")[2].strip()


def read_address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address, its zone left out, as one of IPv4 where it stands for that.

    None: it is none.
    """
    try:
        found = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _among(text: str | None, networks: Sequence[Network]) -> bool:
    found = read_address(text)
    return found is not None and any(
        found.version == one.version and found in one for one in networks
    )
