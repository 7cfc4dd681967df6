"""The API of devices' logins at the broker, and of pairing by a code."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web
from pydantic import Field

from hub.domain.logins import Kind, Login, LoginError, LoginTaken, own
from hub.domain.values import dataclass
from hub.web.loginpages import host_of
from hub.web.operations import Answer, MemberBody, Operation, by_adult, read_body, read_query
from hub.web.site import site_of


@dataclass(frozen=True, slots=True)
class LoginView:
    """A device's login; ``write`` are the topics that it alone may publish on."""

    name: str
    kind: Kind
    write: tuple[str, ...]
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewLogin:
    """A login that was just made. The password is told this once."""

    name: str
    password: str
    host: str
    port: int
    write: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """A pairing that is open: what the device is to send, and until when."""

    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class PairingState:
    """Until when a device may pair; None: none may."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Revoked:
    """A login that was taken back."""

    name: str


class LoginBody(MemberBody):
    """Which login to make."""

    name: str = Field(max_length=64, description="a-z, 0-9, _ and -")
    kind: Kind = Field(default="device", description="device, bridge or program")
    write: list[str] = Field(default=[], max_length=20, description="further topics to publish on")
    read: list[str] = Field(default=[], max_length=20, description="further topics to read")


def _view(login: Login, prefix: str) -> LoginView:
    return LoginView(login.name, login.kind, own(login, prefix), login.created_at)


async def _list(request: web.Request) -> Answer:
    prefix = site_of(request).backend.settings.mqtt.discovery_prefix
    return Answer([_view(one, prefix) for one in site_of(request).backend.logins.known()])


async def _add(request: web.Request) -> Answer:
    body = await read_body(request, LoginBody)
    logins = by_adult(request, body).logins
    try:
        made = await logins.add(body.name, body.kind, body.write, body.read)
    except LoginTaken as error:
        raise web.HTTPConflict(text=str(error)) from None
    except LoginError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    topics = own(made.login, site_of(request).backend.settings.mqtt.discovery_prefix)
    return Answer(NewLogin(made.login.name, made.password, host_of(request), logins.port, topics))


async def _revoke(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    name = request.match_info["name"]
    if not await by_adult(request, body).logins.revoke(name):
        raise web.HTTPNotFound(text="There is no such login.")
    return Answer(Revoked(name))


async def _open(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    return Answer(Pairing(*await by_adult(request, body).logins.open_pairing()))


async def _pairing(request: web.Request) -> Answer:
    return Answer(PairingState(site_of(request).backend.logins.pairing()))


async def _close(request: web.Request) -> Answer:
    logins = by_adult(request, read_query(request, MemberBody)).logins
    await logins.close_pairing()
    return await _pairing(request)


LOGINS: tuple[Operation, ...] = (
    Operation(
        "GET", "/device-logins", "listDeviceLogins", "List devices' logins at the broker", "read",
        _list, LoginView, many=True,
    ),
    Operation(
        "POST", "/device-logins", "addDeviceLogin",
        "Make a device's login; its password is told this once", "decide",
        _add, NewLogin, body=LoginBody, conflicts=True,
    ),
    Operation(
        "POST", "/device-logins/{name}/revoke", "revokeDeviceLogin",
        "Take a device's login back and end its connections", "decide",
        _revoke, Revoked, body=MemberBody, errors=(404,),
    ),
    Operation(
        "POST", "/pairings", "openPairing", "Let one device in by a code, for five minutes",
        "decide", _open, Pairing, body=MemberBody,
    ),
    Operation(
        "GET", "/pairings", "getPairing", "Tell until when a device may pair, never the code",
        "read", _pairing, PairingState,
    ),
    Operation(
        "DELETE", "/pairings", "closePairing", "Let no device in by a code any more", "decide",
        _close, PairingState, query=MemberBody,
    ),
)  # fmt: skip
