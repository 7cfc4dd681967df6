"""A real SMTP server, a real CalDAV server, and a web server with an .ics file, on loopback."""

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from aiohttp import web
from radicale import Application, config

from tests.integrations.calendar.servers import AnyPort, Mailbox, Published


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Run an SMTP server without TLS."""
    kept = Mailbox()
    controller = AnyPort(kept)
    controller.start()
    kept.port = controller.port
    yield kept
    controller.stop()


class Quiet(WSGIRequestHandler):
    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def radicale(tmp_path: Path) -> Iterator[str]:
    """Run Radicale; yields its URL. The user is ada, the password secret."""
    users = tmp_path / "users"
    users.write_text("ada:secret\n")
    settings = config.load()
    settings.update(
        {
            "auth": {"type": "htpasswd", "htpasswd_filename": str(users),
                     "htpasswd_encryption": "plain", "delay": "0"},
            "storage": {"filesystem_folder": str(tmp_path / "collections")},
            "logging": {"level": "critical"},
        },
        "test",
    )  # fmt: skip
    server = make_server("127.0.0.1", 0, Application(settings), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def published() -> AsyncIterator[Published]:
    """Serve an .ics file."""
    kept = Published()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", kept.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    kept.url = f"http://127.0.0.1:{runner.addresses[0][1]}/mine.ics"
    yield kept
    await runner.cleanup()
