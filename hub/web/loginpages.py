"""Devices' logins at the broker: made, shown once, taken back; and pairing by a code."""

from __future__ import annotations

import logging
from typing import get_args

from aiohttp import web
from pydantic import Field, ValidationError

from hub.domain.logins import KINDS, Kind, LoginError, LoginTaken, check_name, own
from hub.domain.loginsnippets import address, snippets
from hub.settings import Settings
from hub.web.gate import public
from hub.web.i18n import N_
from hub.web.logins import MadeLogin
from hub.web.operations import Input
from hub.web.proxies import read_address
from hub.web.signin import address_of
from hub.web.site import (
    Attempts,
    Site,
    form_of,
    redirect,
    render,
    require_adult,
    signed_in,
    site_of,
)
from hub.web.you import qr

_log = logging.getLogger(__name__)
ATTEMPTS = web.AppKey("pairing_attempts", Attempts)
_MOST_BYTES = 1024
_NOT_OURS = (
    "this home's broker is not the hub's own: an adult makes a login with `device add` and writes "
    "it with `device acl`"
)


async def show(request: web.Request) -> web.Response:
    """Show the logins there are, a form for another, and pairing."""
    return _page(request)


def _page(
    request: web.Request,
    *,
    status: int = 200,
    error: str = "",
    made: MadeLogin | None = None,
    code: str = "",
    typed: dict[str, str] | None = None,
) -> web.Response:
    logins = site_of(request).backend.logins
    host, prefix = host_of(request), _settings(request).mqtt.discovery_prefix
    tls = logins.tls_port is not None and _settings(request).mqtt.plain == "loopback"
    port = logins.tls_port if logins.tls_port is not None and tls else logins.port
    shown = made and snippets(made.login.name, made.password, host, port, tls=tls)
    link = made and address(made.login.name, made.password, host, port, tls=tls)
    return render(
        request,
        "logins.html",
        status=status,
        logins=[(login, own(login, prefix)) for login in logins.known()],
        kinds=KINDS,
        managed=logins.managed,
        local=_loopback(_settings(request).mqtt.bind),
        shared=_settings(request).mqtt.shared_login,
        until=logins.pairing(),
        code=f"{code[:4]} {code[4:]}" if code else "",
        pair_url=f"{request.url.origin()}/pair",
        made=made,
        host=host,
        port=port,
        encrypted=logins.tls_port,
        authority=logins.authority if logins.tls_port is not None else "",
        snippets=shown or {},
        link_qr=qr(link) if link else "",
        error=error,
        typed=typed or dict.fromkeys(("name", "kind", "write", "read"), ""),
    )


def _settings(request: web.Request) -> Settings:
    return site_of(request).backend.settings


def host_of(request: web.Request) -> str:
    """Return the name or address that this hub was reached by."""
    return request.url.host or "127.0.0.1"


def _loopback(bind: str) -> bool:
    return bind in ("localhost", "::1") or bind.startswith("127.")


async def add(request: web.Request) -> web.Response:
    """Make a login and show its password, this once."""
    require_adult(request)
    form = await form_of(request)
    kind = form.get("kind", "device")
    typed = {name: form.get(name, "")[:4000] for name in ("name", "write", "read")} | {"kind": kind}
    if kind not in get_args(Kind):
        raise web.HTTPBadRequest(text=N_("kind: expected device, bridge or program"))
    write, read = (typed[word].split("\n") for word in ("write", "read"))
    try:
        made = await site_of(request).backend.logins.add(
            typed["name"].strip(),
            kind,  # type: ignore[arg-type]
            [line.strip() for line in write if line.strip()],
            [line.strip() for line in read if line.strip()],
        )
    except LoginError as error:
        return _page(request, status=400, error=str(error), typed=typed)
    return _page(request, made=made)


async def revoke(request: web.Request) -> web.Response:
    """Take a login back and go back to the page."""
    require_adult(request)
    site, name = site_of(request), request.match_info["name"]
    if not await site.backend.logins.revoke(name):
        raise web.HTTPNotFound(text=N_("There is no such login (any more)."))
    words = site.words(request)
    site.told.say(signed_in(request), "good", words.text("The login is taken back."))
    return redirect("/devices/logins")


async def pairing(request: web.Request) -> web.Response:
    """Open pairing and show its code, or close it."""
    require_adult(request)
    logins = site_of(request).backend.logins
    if (await form_of(request)).get("do") == "close":
        await logins.close_pairing()
        return redirect("/devices/logins")
    code, _ = await logins.open_pairing()
    return _page(request, code=code)


async def nothing_made(request: web.Request) -> web.Response:
    """Lead a reloaded page, whose password is shown no more, back."""
    return redirect("/devices/logins")


# -- the door for devices ------------------------------------------------------------------------


class PairBody(Input):
    """What a device sends to /pair."""

    code: str = Field(pattern=r"^[0-9]{4}[ -]?[0-9]{4}$", description="the code an adult was shown")
    name: str = Field(min_length=1, max_length=64, description="a name that never changes")


@public
async def pair(request: web.Request) -> web.Response:
    """Take a device in by a code: POST /pair, JSON, answered with its login at the broker."""
    site = site_of(request)
    fault = _unfit(request)
    if fault:
        return _said(403, fault)
    if not request.app[ATTEMPTS].allow(address_of(request), site.backend.now()):
        answer = _said(429, "too many attempts; wait a minute")
        answer.headers["Retry-After"] = "60"
        return answer
    if request.content_type != "application/json":
        return _said(415, "expected Content-Type: application/json")
    try:
        body = read_pairing(await request.content.read(_MOST_BYTES + 1))
    except LoginError as error:
        return _said(400, str(error))
    logins = site.backend.logins
    if not logins.managed:
        return _said(409, _NOT_OURS)
    if _loopback(_settings(request).mqtt.bind) and not _loopback(request.remote or ""):
        return _said(409, "the broker listens to this machine alone: set mqtt.bind in hub.yaml")
    try:
        made = await logins.pair(body.code.replace(" ", "").replace("-", ""), body.name)
    except LoginError as error:
        return _said(409 if isinstance(error, LoginTaken) else 400, str(error))
    if isinstance(made, str):
        _log.warning("a device at %s gave a wrong code, or none is awaited", request.remote)
        return _said(403, "the code is wrong, or pairing is not open: ask an adult for a new code")
    prefix = site.backend.settings.mqtt.discovery_prefix
    return web.json_response(
        {
            "host": host_of(request),
            **_ports(site, request),
            "user": made.login.name,
            "password": made.password,
            "write": list(own(made.login, prefix)),
        }
    )


def _ports(site: Site, request: web.Request) -> dict[str, object]:
    """Return which ports a device may use; ``ca`` is what it is to check the encrypted one by."""
    logins = site.backend.logins
    if logins.tls_port is None:
        return {"port": logins.port, "tls": False}
    ca = logins.authority
    if _settings(request).mqtt.plain == "loopback":
        return {"port": logins.tls_port, "tls": True, "ca": ca}
    return {"port": logins.port, "tls": False, "tls_port": logins.tls_port, "ca": ca}


def read_pairing(raw: bytes) -> PairBody:
    """Read what a device sent. Raises LoginError naming the field and what was expected."""
    if len(raw) > _MOST_BYTES:
        raise LoginError(f"expected at most {_MOST_BYTES} bytes")
    try:
        body = PairBody.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"]) or "body"
        raise LoginError(f"{where}: {first['msg'][:200]}") from None
    check_name(body.name)
    return body


def _unfit(request: web.Request) -> str:
    """Say why a password may not be sent here; "" where it may."""
    if request.secure or request.scheme == "https":
        return ""
    told = {"X-Forwarded-For", "Forwarded"} & set(request.headers)
    if told and not _settings(request).http.proxies:
        return "a proxy that http.trusted_proxies does not name stands between: use HTTPS"
    caller = read_address(request.remote)
    at_home = caller is not None and (
        caller.is_private or caller.is_loopback or caller.is_link_local
    )
    return "" if at_home else "expected HTTPS, or an address of the home's own network"


def _said(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
