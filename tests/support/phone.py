"""A phone's stand-in in a test: takes ntfy's JSON publishing over real HTTP, and remembers it."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.support.hubprocess import until


@dataclass(frozen=True, slots=True)
class Shown:
    """A notification as it came."""

    topic: str
    tag: str
    title: str
    body: str
    buttons: tuple[tuple[str, str], ...]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: hubs are killed while they talk."""


class Phone:
    """``url`` is what ``members.….ntfy.url`` takes; ``status`` what it answers with."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.status = 200
        phone = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if phone.status == 200:
                    phone.shown.append(_shown(json.loads(body)))
                answer = b'{"id":"1"}'
                # In one piece: two small writes would wait for each other (Nagle).
                self.send_response(phone.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Phone:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, matches: Callable[[Shown], object], what: str = "a notification") -> Shown:
        """Return the first notification that matches, once there is one."""
        found: list[Shown] = []

        def there() -> bool:
            found.extend(one for one in list(self.shown) if matches(one))
            return bool(found)

        until(there, lambda: f"{what}; shown: {self.shown[-5:]}")
        return found[0]


def tap(shown: Shown, label: str) -> tuple[int, str]:
    """Tap the button whose label begins so; return the status and what the hub answered."""
    url = next(url for text, url in shown.buttons if text.startswith(label))
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, method="POST", data=b""), timeout=20
        ) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _shown(said: dict[str, Any]) -> Shown:
    return Shown(
        said["topic"],
        said.get("sequence_id", ""),
        said.get("title", ""),
        said.get("message", ""),
        tuple((one["label"], one["url"]) for one in said.get("actions", ())),
    )
