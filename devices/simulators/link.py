"""One way for every simulator to reach a broker: MQTT 5, else 3.1.1."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from paho.mqtt.client import Client

PATIENCE_SECONDS = 10.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}


def connect(
    url: str,
    username: str | None = None,
    password: str | None = None,
    client_id: str | None = None,
    will: tuple[str, bytes] | None = None,
) -> Client:
    """Return a paho client that is connected, its network loop running in a thread.

    ``url`` is ``mqtt://[user:password@]host[:port]`` or ``mqtts://…`` (TLS, the system's
    certificates). ``will`` is (topic, payload), published retained at QoS 1 when the simulator
    vanishes. A broker that refuses MQTT 5 (section 3.1.2.2: reason 0x84) is spoken to in 3.1.1.
    Raises ValueError for a URL that is none, ConnectionError when the broker refuses or is away.
    """
    from paho.mqtt.enums import MQTTProtocolVersion

    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"expected mqtt://host:port or mqtts://host:port, got {url!r}")
    user = username or (unquote(parts.username) if parts.username else None)
    secret = password or (unquote(parts.password) if parts.password else None)
    refusal = ""
    for version in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
        client = _client(version, client_id)
        if user:
            client.username_pw_set(user, secret)
        if parts.scheme == "mqtts":
            client.tls_set()
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=True)
        refusal = _start(client, parts.hostname, parts.port or _PORTS[parts.scheme])
        if not refusal:
            return client
    raise ConnectionError(f"{url}: {refusal}")


def _client(version: Any, client_id: str | None) -> Client:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    return Client(CallbackAPIVersion.VERSION2, client_id=client_id or "", protocol=version)


def _start(client: Client, host: str, port: int) -> str:
    """Connect; return "" when the broker said yes, else why not (the client is then stopped)."""
    answered = threading.Event()
    answer: list[str] = []

    def on_connect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        answer.append(f"the broker refused: {reason}" if reason.is_failure else "")
        answered.set()

    def on_disconnect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        answer.append(f"the broker hung up: {reason}")
        answered.set()

    client.on_connect = on_connect
    client.on_disconnect = on_disconnect
    try:
        client.connect(host, port)
    except OSError as error:
        # Another protocol version cannot help where nobody listens.
        raise ConnectionError(f"{host}:{port}: {error.strerror or error}") from error
    client.loop_start()
    answered.wait(PATIENCE_SECONDS)
    refusal = answer[0] if answer else f"no answer within {PATIENCE_SECONDS:.0f} s"
    if refusal:
        client.loop_stop()
    client.on_connect = None
    client.on_disconnect = None
    return refusal
