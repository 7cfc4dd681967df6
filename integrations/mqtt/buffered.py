"""A socket that asks the system once for many packets.

paho-mqtt reads a packet in three system calls and writes each acknowledgement in one. Each of
them lets go of Python's global lock, which a busy writer thread then keeps for up to 5 ms: with
both at work that, and not paho's own 59 µs a message, would be the hub's speed.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from typing import Any

from paho.mqtt.client import Client

READ_SIZE = 64 * 1024
LARGE_READ = 1024 * 1024


class BufferedSocket:
    """What paho needs of a socket; written bytes wait for ``flush``."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over a connected socket, plain or TLS."""
        self._sock = sock
        self._in = b""
        self._at = 0
        self._out = bytearray()
        self.fault: ssl.SSLError | None = None
        self.linger = 0.0

    def recv(self, size: int) -> bytes:
        """Return at most ``size`` bytes; raises what the socket raises when there are none yet."""
        start = self._at
        if start >= len(self._in):
            if size >= READ_SIZE:
                return self._receive(min(size, LARGE_READ))
            self._in = self._receive(READ_SIZE)
            start = 0
        self._at = start + size
        return self._in[start : self._at]

    def _receive(self, size: int) -> bytes:
        try:
            return self._sock.recv(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            # paho tells only that the connection is gone; this says why.
            self.fault = error
            raise

    def send(self, data: bytes | bytearray) -> int:
        """Take all of it; it leaves with ``flush``."""
        self._out += data
        return len(data)

    def flush(self) -> bool:
        """Write what waits, as far as the socket takes it now; True when nothing is left.

        A broken connection shows itself at the next read, where paho looks for it.
        """
        while self._out:
            try:
                sent = self._sock.send(self._out)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return False
            except OSError:
                self._out.clear()
            else:
                del self._out[:sent]
        return True

    @property
    def unsent(self) -> int:
        """Return how many bytes wait."""
        return len(self._out)

    def pending(self) -> int:
        """Return how many bytes can be read without waiting."""
        held = max(0, len(self._in) - self._at)
        return held + self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else held

    def close(self) -> None:
        """Write what can be written now, wait ``linger`` seconds for the other side, and close.

        A socket closed with something still unread on it is reset, and the broker, told of the
        reset, throws away acknowledgements it has not read yet.
        """
        self.flush()
        try:
            if self.linger > 0:
                self._sock.shutdown(socket.SHUT_WR)
                self._read_out(time.monotonic() + self.linger)
        except OSError:
            pass  # It is gone already.
        finally:
            self._sock.close()

    def _read_out(self, until: float) -> None:
        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLIN)
        while (left := until - time.monotonic()) > 0:
            if poll.poll(left * 1000) and not self._sock.recv(READ_SIZE):
                return

    def fileno(self) -> int:
        """Return the descriptor, for polling."""
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        """Set whether reading waits."""
        self._sock.setblocking(flag)


class BufferedClient(Client):
    """paho's client, reading and writing through a BufferedSocket."""

    _buffered: BufferedSocket | None = None

    @property
    def fault(self) -> ssl.SSLError | None:
        """Return what TLS had to say when it ended the latest connection."""
        return self._buffered.fault if self._buffered is not None else None

    # paho has no public way to hand it a socket; a test fails should it stop calling this.
    def _create_socket(self) -> Any:
        sock: Any = super()._create_socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffered = BufferedSocket(sock)
        return self._buffered
