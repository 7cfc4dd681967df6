"""Where a passkey may be made and used: only at names that the hub knows of itself."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from hub.web.passkeys import Place
from hub.web.proxies import read_address
from hub.web.site import site_of


def place_of(request: web.Request) -> Place | None:
    """Return where this page is, None where no passkey can be used.

    The Host header only chooses among names that the hub knows of itself; the port is the socket's.
    An address is no relying party's id, and without HTTPS ``localhost`` alone is a secure context.
    """
    backend = site_of(request).backend
    try:
        asked = (urlsplit(f"//{request.host}").hostname or "").casefold()
        public = urlsplit(backend.settings.http.public_url or "")
        public_port = public.port
    except ValueError:
        return None
    if not asked or read_address(asked) is not None:
        return None
    if asked == public.hostname and _secure(public.scheme, asked):
        return Place(asked, _origin(public.scheme, asked, public_port))
    # A request that a proxy passes on has the proxy's port, which only public_url can tell.
    transport = request.transport
    if asked not in backend.passkeys.names or transport is None:
        return None
    scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
    if not _secure(scheme, asked):
        return None
    return Place(asked, _origin(scheme, asked, transport.get_extra_info("sockname")[1]))


def _secure(scheme: str, host: str) -> bool:
    return scheme == "https" or (scheme == "http" and host == "localhost")


def _origin(scheme: str, host: str, port: int | None) -> str:
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")
