"""The pages over a household in memory, served over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, TCPConnector, web

from hub.web.app import make_app
from tests.web.fake_backend import SECRET, FakeBackend

ROOT = Path(__file__).parents[2]
PAGE = {"Accept": "text/html"}


@dataclass
class Client:
    """A browser's manners, or a program's: cookies are kept, redirects are not followed."""

    base: str
    session: ClientSession
    backend: FakeBackend
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> ClientResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.session.get(
            self.base + path, headers={**PAGE, **named}, allow_redirects=False
        )

    async def post(self, path: str, data: object = None, **headers: str) -> ClientResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.session.post(
            self.base + path, data=data, headers={**PAGE, **named}, allow_redirects=False
        )

    async def form(self, path: str, **fields: object) -> ClientResponse:
        """Send a form as our own page would."""
        given = {name: str(value) for name, value in fields.items()}
        return await self.post(path, {"csrf": self.csrf, **given})

    def enter(self, member: str = "ada") -> None:
        """Be signed in, without the form."""
        secret, session = self.backend.create_session(member)
        self.session.cookie_jar.update_cookies({"commonhearth": secret})
        self.csrf = session.csrf


@pytest.fixture
def backend(tmp_path: Path) -> FakeBackend:
    return FakeBackend(tmp_path / "config")


@pytest.fixture
async def base(backend: FakeBackend) -> AsyncIterator[str]:
    async def callback(request: web.Request) -> web.Response:
        return web.Response(text=f"{len(await request.content.read())} bytes")

    app = make_app(backend, secret=SECRET, extra_routes=[web.post("/beckn/on_select", callback)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def client(base: str, backend: FakeBackend) -> AsyncIterator[Client]:
    # Without a bound: more pages may be open than the library would connect by itself.
    connector = TCPConnector(limit=0)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True), connector=connector) as session:
        yield Client(base, session, backend)


@pytest.fixture
def member(client: Client) -> Client:
    """A client that is signed in as Ada."""
    client.enter()
    return client
