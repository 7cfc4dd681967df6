"""An ntfy server's stand-in: publishing, the cache, and the JSON stream with ``since``.

What it does is what ntfy's documentation says of "Publishing" and "Subscribe via API".
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.hubprocess import until


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who listens may leave at any time."""


class NtfyServer:
    """``status`` is what a stream is refused with (200: it is not); ``auth`` what it must carry."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.streams = 0
        self.since: list[str] = []
        self.authorization: list[str | None] = []
        self.status = 200
        self._changed = threading.Condition()
        self._epoch = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                topic = self.path.strip("/")
                said = {"message": body.decode()} if topic else json.loads(body)
                topic = topic or said.pop("topic")
                answer = json.dumps(server.publish(topic, **said)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                since = parse_qs(parts.query)["since"][0]
                server.since.append(since)
                server.authorization.append(self.headers.get("Authorization"))
                if server.status != 200:
                    self.send_response(server.status)
                    self.send_header("Content-Length", "0")
                    self.send_header("Retry-After", "1")
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                server.stream(parts.path.split("/")[1], since, self.wfile)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> NtfyServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.drop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def publish(self, topic: str, **said: Any) -> dict[str, Any]:
        """Keep a message and hand it to whoever listens."""
        with self._changed:
            number = f"m{len(self.messages):011d}"
            message = {**said, "topic": topic, "id": number, "event": "message", "time": 1}
            self.messages.append(message)
            self._changed.notify_all()
        return message

    def drop(self) -> None:
        """End every stream, as a server that restarts does."""
        with self._changed:
            self._epoch += 1
            self._changed.notify_all()

    def stream(self, topic: str, since: str, out: Any) -> None:
        """Write the messages after ``since`` ("all": every one), then what comes, until dropped."""
        with self._changed:
            ids = [one["id"] for one in self.messages]
            done = ids.index(since) + 1 if since in ids else 0
            epoch = self._epoch
            self.streams += 1
        out.write(json.dumps({"event": "open", "topic": topic}).encode() + b"\n")
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._epoch != epoch or len(self.messages) > done, timeout=20
                )
                if self._epoch != epoch:
                    return
                new, done = self.messages[done:], len(self.messages)
            for one in new:
                if one["topic"] == topic:
                    out.write(json.dumps(one).encode() + b"\n")
            out.flush()

    def wait(self, matches: Callable[[dict[str, Any]], object], what: str = "") -> dict[str, Any]:
        """Return the first message that matches, once there is one."""
        until(lambda: any(map(matches, self.messages)), lambda: f"{what}: {self.messages[-4:]}")
        return next(filter(matches, self.messages))


def press(message: dict[str, Any], label: str) -> None:
    """Press a button of a notification as ntfy's app does: it sends what the button says."""
    button = next(one for one in message["actions"] if one["label"].startswith(label))
    assert (button["action"], button["method"]) == ("http", "POST")
    request = urllib.request.Request(button["url"], data=button["body"].encode(), method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
