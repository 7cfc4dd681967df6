"""Where the pages are served: the listening socket, and the address people are told."""

from __future__ import annotations

import errno
import socket


class ListenError(Exception):
    """The pages cannot be served there; the text says why and what to change, in one line."""


def listen(host: str, port: int) -> socket.socket:
    """Take a port; 0: any free one. Raises ListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ListenError(_fault(error, host, port)) from None


def address(public: str | None, host: str, listener: socket.socket, scheme: str = "http") -> str:
    """Return how the hub is reached: ``public`` if there is one, else where it listens."""
    if public:
        return public.rstrip("/")
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


def _nowhere(host: str) -> str:
    return f"http.host: {host} is no address of this machine; 127.0.0.1 and 0.0.0.0 always are"


def _fault(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"http.port: {port} on {host} is taken, perhaps by another hub: set http.port in "
            "hub.yaml to a free one (0: any)"
        )
    # A name that is not known comes as an OSError with the resolver's number in it (create_server).
    if error.errno == errno.EADDRNOTAVAIL or (error.errno or 0) < 0:
        return _nowhere(host)
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"http.port: this user may not listen on {port}; ports from 1024 on are free to use"
    return f"http.host, http.port: cannot listen on {host}:{port}: {error.strerror}"
