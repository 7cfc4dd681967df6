"""What a session with a broker is made of: versions, limits, TLS; and its troubles in words."""

from __future__ import annotations

import socket
import ssl

from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hub.settings import MqttSettings
from integrations.mqtt.buffered import BufferedClient

KEEPALIVE = 60
CONNECT_SECONDS = 5.0
# Above this the broker is asked not to send at all. Far above max_payload, so that the usual
# too-large payload still arrives and can be shown as refused.
HARD_LIMIT = 16 * 1024 * 1024
_BAD_USER = 0x86
_NOT_AUTHORIZED = 0x87
_UNSUPPORTED_VERSION = 0x84
_TAKEN_OVER = 0x8E
_UNSPECIFIED = 0x80
_SUSPICIOUS = 3
# RFC 8446, 6.2, as OpenSSL names the alerts of TLS 1.2 and 1.3.
_CERTIFICATE_ALERTS = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "TLSV1_ALERT_UNKNOWN_CA",
}


class MqttSetupError(Exception):
    """A setting of ``mqtt:`` cannot be used; the text names it and what was expected."""


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """Return the TLS context for mqtts://. Raises MqttSetupError naming the file at fault."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise MqttSetupError(
            f"mqtt.ca_file {settings.ca_file}: expected CA certificates in PEM ({error})"
        ) from None
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file)
        except (OSError, ssl.SSLError) as error:
            raise MqttSetupError(
                f"mqtt.cert_file {settings.cert_file} and mqtt.key_file {settings.key_file}: "
                f"expected a certificate and its key in PEM ({error})"
            ) from None
    return context


def make_client(
    settings: MqttSettings,
    protocol: MQTTProtocolVersion,
    *,
    host: str,
    port: int,
    username: str | None,
    password: str | None,
    tls: ssl.SSLContext | None,
    will: tuple[str, bytes] | None = None,
) -> BufferedClient:
    """Return a client with a persistent session and manual acknowledgement, not yet connected."""
    five = protocol == MQTTProtocolVersion.MQTTv5
    client = BufferedClient(
        CallbackAPIVersion.VERSION2,
        settings.client_id,
        clean_session=None if five else False,
        protocol=protocol,
        manual_ack=True,
    )
    client.connect_timeout = CONNECT_SECONDS
    if username is not None:
        client.username_pw_set(username, password)
    if tls is not None:
        client.tls_set_context(tls)
    if will is not None:
        client.will_set(will[0], will[1], qos=1, retain=True)
    if five:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = settings.session_expiry
        properties.ReceiveMaximum = settings.receive_maximum
        properties.MaximumPacketSize = HARD_LIMIT + settings.max_payload
        client.connect_async(host, port, KEEPALIVE, clean_start=False, properties=properties)
    else:
        client.connect_async(host, port, KEEPALIVE)
    return client


def refuses_version(reason: ReasonCode) -> bool:
    """Tell whether a CONNACK says that the broker does not speak this MQTT version."""
    return reason.value == _UNSUPPORTED_VERSION


def refusal_text(reason: ReasonCode, where: str, username: str | None) -> str:
    """Say why the broker refused, and which setting to look at."""
    if reason.value in (_BAD_USER, _NOT_AUTHORIZED):
        if username is None:
            return f"the MQTT broker at {where} wants a user: set mqtt.username and mqtt.password"
        return (
            f"the MQTT broker at {where} refused user {username!r}: "
            "wrong user name or password (mqtt.username, mqtt.password)"
        )
    return f"the MQTT broker at {where} refused the connection: {reason}"


def loss_text(reason: ReasonCode, where: str, client_id: str, *, short_lives: int) -> str:
    """Say that a connection ended, and why if the broker said so.

    ``short_lives`` is how many in a row ended soon: so do two that take each other's session.
    """
    if reason.value == _TAKEN_OVER:
        return (
            f"another client calls itself {client_id!r} at the MQTT broker {where}: "
            "give each hub its own mqtt.client_id"
        )
    if short_lives >= _SUSPICIOUS:
        return (
            f"the MQTT broker at {where} ends each connection soon: perhaps another client calls "
            f"itself {client_id!r} there, too (mqtt.client_id)"
        )
    why = "connection closed" if reason.value == _UNSPECIFIED else str(reason).lower()
    return f"lost the MQTT broker at {where} ({why}); trying again"


def hangup_text(where: str, username: str | None, *, tls: bool) -> str:
    """Say that a broker closes each connection without a word, and what may be the reason."""
    reasons = [
        "it is just starting",
        "mqtt.username and mqtt.password are wrong" if username else "it wants a user",
        *([] if tls else ["it wants mqtts://"]),
    ]
    return f"the MQTT broker at {where} hangs up at once (perhaps {', or '.join(reasons)})"


def absence_text(error: Exception, where: str) -> str:
    """Say why no connection could be made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the MQTT broker at {where} has a certificate that is not trusted "
            f"({error.verify_message}): set mqtt.ca_file"
        )
    if isinstance(error, ssl.SSLError) and error.reason in _CERTIFICATE_ALERTS:
        return (
            f"the MQTT broker at {where} wants a certificate it trusts ({error.reason}): "
            "set mqtt.cert_file and mqtt.key_file"
        )
    if isinstance(error, ssl.SSLError):
        return f"no TLS with the MQTT broker at {where} ({error.reason}): mqtts:// or mqtt://?"
    if isinstance(error, socket.gaierror):
        return f"the name of the MQTT broker at {where} cannot be found (mqtt.url); waiting for it"
    if isinstance(error, TimeoutError):
        why = "no answer"
    else:
        why = (getattr(error, "strerror", None) or str(error)).lower()
    return f"no MQTT broker at {where} yet ({why}); waiting for it"
