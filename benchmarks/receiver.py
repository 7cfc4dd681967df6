"""A phone's stand-in: takes ntfy's JSON publishing at ``POST /`` and notes when each one came.

Written on the raw asyncio protocol so that it is never what is measured. Argument: port (0: any).
Prints the port. ``GET /<name>`` tells what came for a topic: ``count``, ``distinct`` bodies and
``times`` (monotonic nanoseconds); ``GET /<name>?count`` only the number. A POST to ``/<name>`` with
any body is noted under that name.
"""

import asyncio
import sys
import time
from collections import defaultdict

import orjson

times: dict[str, list[int]] = defaultdict(list)
bodies: dict[str, set[int]] = defaultdict(set)
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_ACCEPTED = orjson.dumps({"id": "bench", "time": 0, "event": "message", "topic": "bench"})


class Phone(asyncio.Protocol):
    """One keep-alive connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        now = time.monotonic_ns()
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            method, target, _ = head.split(b" ", 2)
            self.transport.write(self.answer(method, target.decode(), body, now))

    def answer(self, method: bytes, target: str, body: bytes, now: int) -> bytes:
        """Note a notification, or tell what was noted."""
        name = target.lstrip("/")
        if method == b"GET":
            name, _, query = name.partition("?")
            told: dict[str, object] = {"count": len(times[name]), "distinct": len(bodies[name])}
            if not query:
                told["times"] = times[name]
            answer = orjson.dumps(told)
        else:
            name = name or orjson.loads(body)["topic"]
            times[name].append(now)
            bodies[name].add(hash(body))
            answer = _ACCEPTED
        return _OK % (len(answer), answer)


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Phone, "127.0.0.1", int(sys.argv[1]))
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
