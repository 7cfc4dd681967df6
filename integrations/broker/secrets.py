"""Who may use a managed broker: made at the first start, kept where only the hub's user reads."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from hub.domain.values import dataclass
from hub.keyfiles.files import SecretsError, read_text, write
from hub.settings import MqttSettings
from integrations.broker.brokers import BrokerError

HUB_USER = "commonhearth"
DEVICE_USER = "home"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The hub's own login, and the one for the household's devices; ``file`` holds both."""

    file: Path
    hub_password: str
    device_user: str
    device_password: str

    @property
    def hub_user(self) -> str:
        """Return the hub's user name."""
        return HUB_USER

    def users(self) -> dict[str, str]:
        """Return each user's password."""
        return {HUB_USER: self.hub_password, self.device_user: self.device_password}


def credentials(folder: Path, settings: MqttSettings) -> Credentials:
    """Read them from ``folder``/credentials.json, or make them.

    ``mqtt.username`` and ``mqtt.password``, where set, are the devices' login. Raises BrokerError
    when they cannot be used or the file is damaged.
    """
    file = folder / "credentials.json"
    try:
        if not file.exists():
            made = {user: secrets.token_urlsafe(18) for user in (HUB_USER, DEVICE_USER)}
            write(file, json.dumps(made, indent=2) + "\n", shared=True)
        text = read_text(file)
    except SecretsError as error:
        raise BrokerError(str(error)) from None
    except OSError as error:
        raise BrokerError(
            f"{error.filename or file}: {error.strerror}: the hub keeps the broker's passwords "
            "there, so its user must be able to read and write it"
        ) from None
    try:
        kept = json.loads(text)
        hub, device = str(kept[HUB_USER]), str(kept[DEVICE_USER])
    except (ValueError, KeyError, TypeError):
        raise BrokerError(
            f"{file} is damaged: delete it, and new passwords are made at the next start"
        ) from None
    user, password = settings.username, settings.password
    if user is None and password is None:
        return Credentials(file, hub, DEVICE_USER, device)
    if not user or not password:
        raise BrokerError("mqtt.username and mqtt.password: expected both, or neither")
    if user == HUB_USER:
        raise BrokerError(f"mqtt.username: {HUB_USER!r} is the hub's own user; choose another")
    # Mosquitto's password file has one `name:password` a line, and `#` begins a comment.
    both = user + password
    trimmed = user.strip() + password.strip() == both
    if not both.isprintable() or ":" in both or user.startswith("#") or not trimmed:
        raise BrokerError(
            "mqtt.username and mqtt.password: expected one line each, without `:` or spaces around "
            "it, and no `#` before the name"
        )
    return Credentials(file, hub, user, password)
