"""What the servers of these tests keep and answer."""

from dataclasses import dataclass, field

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Mailbox:
    """What an SMTP server took; ``refuse`` is what it answers instead."""

    port: int = 0
    refuse: str = ""
    at_recipient: bool = False
    hang_up: bool = False
    mails: list[bytes] = field(default_factory=list)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse and self.at_recipient:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        self.mails.append(envelope.content)
        if self.hang_up:
            server.transport.abort()
        return "250 OK"


class AnyPort(Controller):
    """An SMTP server on a free port of loopback."""

    def __init__(self, handler: Mailbox, **more) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=0, **more)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def authenticator(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data == LoginPassword(b"ada", b"secret")
    return AuthResult(success=right, handled=False)


@dataclass
class Published:
    """An .ics file on the web, as ``answer`` gives it."""

    url: str = ""
    body: bytes = b""
    status: int = 200
    location: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.headers))
        if self.location:
            return web.Response(status=302, headers={"Location": self.location})
        tag = f'"{hash(self.body)}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(status=self.status, body=self.body, headers={"ETag": tag})
