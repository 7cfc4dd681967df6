"""Where a managed broker listens: the address and port of the settings, checked before a start."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket

from integrations.broker.brokers import BrokerError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_%-]*|::[A-Za-z0-9.:%]*")


def is_loopback(bind: str) -> bool:
    """Tell whether only programs on this machine can reach it."""
    if bind == "localhost":
        return True
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return False


def reachable(bind: str) -> str:
    """Return where the hub itself reaches what listens on ``bind``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 - compared, not bound


def free(bind: str, port: int, key: str = "mqtt.port") -> int:
    """Return ``port``, or a free one for 0. Raises BrokerError when it cannot be listened on.

    ``key`` is the setting it comes from.
    """
    if not _NAME.fullmatch(bind):
        raise BrokerError(f"mqtt.bind is {bind!r}: expected an address of this machine, or 0.0.0.0")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
            found: int = probe.getsockname()[1]
            return found
    except socket.gaierror:
        raise BrokerError(f"mqtt.bind: the name {bind!r} is not known") from None
    except OSError as error:
        raise BrokerError(_fault(error, bind, port, key)) from None


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _fault(error: OSError, bind: str, port: int, key: str) -> str:
    if error.errno == errno.EADDRINUSE and key != "mqtt.port":
        return f"{key}: port {port} on {bind} is taken: expected a free one (0: any)"
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {bind} is taken, perhaps by another MQTT broker: to use that one "
            f"set mqtt.url to mqtt://{_host(reachable(bind))}:{port}, else set mqtt.port to a free "
            "one (0: any)"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"mqtt.bind: {bind} is no address of this machine"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{key}: this user may not listen on {port}; ports from 1024 on are free to use"
    return f"cannot listen on {bind}:{port}: {error.strerror}"
