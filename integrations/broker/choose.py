"""From ``mqtt.url`` to a broker to connect to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from hub.domain.logins import Login
from hub.settings import MqttSettings
from integrations.broker.brokers import Broker, BrokerError, External
from integrations.broker.managed import Certify, find, start_mosquitto


def start_broker(
    settings: MqttSettings,
    data_dir: Path,
    say: Callable[[str], None],
    logins: Sequence[Login] = (),
    certify: Certify | None = None,
) -> Broker:
    """Return the broker to connect to, started first when it is ``managed``.

    ``logins`` are the devices' own, which a managed Mosquitto holds to their topics; ``certify``
    makes its certificate where it encrypts (``mqtt.tls_port``).

    ``say`` gets one line when something is worth knowing (a stand-in runs, a broker died and was
    started again); it may be called in another thread. Raises BrokerError saying what to do.
    """
    if settings.url != "managed":
        return External.of(settings)
    program = find("mosquitto")
    if program is not None:
        return start_mosquitto(settings, data_dir, program, say, logins, certify)
    # Imported here, as few homes need it.
    from integrations.broker.fallback import start_fallback

    if settings.tls_port is not None:
        raise BrokerError(
            "mqtt.tls_port: the stand-in broker does not encrypt: sudo apt install mosquitto"
        )
    if logins:
        say(f"the stand-in broker does not know the {len(logins)} devices' own logins")
    return start_fallback(settings, data_dir, say)
