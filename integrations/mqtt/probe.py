"""One connection to a broker, to see whether it takes us; nothing is left there."""

from __future__ import annotations

import threading
import time
from secrets import token_hex

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hub.settings import MqttSettings
from integrations.mqtt.session import (
    CONNECT_SECONDS,
    MqttSetupError,
    absence_text,
    hangup_text,
    refusal_text,
    refuses_version,
    tls_context,
)

ANSWER_SECONDS = 5.0


def probe(
    settings: MqttSettings,
    *,
    host: str,
    port: int,
    username: str | None,
    password: str | None,
    tls: bool,
) -> str:
    """Connect with a name of its own and leave; return why not, in one line, or nothing.

    Blocks for at most some ten seconds.
    """
    where = f"{host}:{port}"
    try:
        context = tls_context(settings) if tls else None
    except MqttSetupError as error:
        return str(error)
    said = ""
    for protocol in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
        client = Client(
            CallbackAPIVersion.VERSION2, f"commonhearth-try-{token_hex(4)}", protocol=protocol
        )
        client.connect_timeout = CONNECT_SECONDS
        if username is not None:
            client.username_pw_set(username, password)
        if context is not None:
            client.tls_set_context(context)
        answers: list[ReasonCode] = []
        answered = threading.Event()

        def heard(
            _client: Client,
            _data: object,
            _flags: ConnectFlags,
            reason: ReasonCode,
            _properties: Properties | None,
            answers: list[ReasonCode] = answers,
            answered: threading.Event = answered,
        ) -> None:
            answers.append(reason)
            answered.set()

        client.on_connect = heard
        try:
            client.connect(host, port)
        except (OSError, ValueError) as error:
            return absence_text(error if isinstance(error, OSError) else OSError(str(error)), where)
        until = time.monotonic() + ANSWER_SECONDS
        # `loop` in this thread: paho's own one would try again by itself.
        while not answered.is_set() and time.monotonic() < until:
            if client.loop(0.1) != 0:
                break
        if answers and not answers[0].is_failure:
            client.disconnect()
            client.loop(0.1)
            return ""
        if not answers:
            said = hangup_text(where, username, tls=tls)
            continue
        if not refuses_version(answers[0]):
            return refusal_text(answers[0], where, username)
        said = refusal_text(answers[0], where, username)
    return said
