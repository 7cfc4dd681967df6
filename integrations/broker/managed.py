"""A broker the hub runs: Mosquitto, configured so that what it acknowledged survives a kill -9."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from hub.domain.logins import Login
from hub.domain.values import dataclass
from hub.keyfiles.files import write
from hub.settings import MqttSettings
from integrations.broker.acl import access_list, password_file
from integrations.broker.address import free, is_loopback, reachable
from integrations.broker.brokers import BrokerError
from integrations.broker.child import Child, hub_id
from integrations.broker.orphan import end_orphan
from integrations.broker.secrets import Credentials, credentials

Certify = Callable[[Path], bool]
"""Sees to it that a file holds a certificate and its key (PEM), good for a while; True: new ones.
Raises BrokerError."""

MOST_QUEUED = 100_000
# Above mqtt.max_payload, so that a payload that is too large reaches the hub, which shows it.
MOST_BYTES = 16 * 1024 * 1024
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a managed broker will run and listen, and who may use it."""

    settings: MqttSettings
    folder: Path
    port: int
    users: Credentials
    logins: tuple[Login, ...] = ()
    tls_port: int | None = None

    @property
    def open(self) -> bool:
        """Tell whether programs may use it without a login: only where none but ours reach it."""
        return is_loopback(self.settings.bind)

    @property
    def shared(self) -> bool:
        """Tell whether devices without a login of their own may share one."""
        return self.settings.shared_login

    @property
    def certificate(self) -> Path:
        """Return the file with the certificate and key of encrypted connections."""
        return self.folder / "server.pem"

    @property
    def pid_file(self) -> Path:
        """Return the file that names the running broker."""
        return self.folder / "broker.pid"


class Managed:
    """A running broker of the hub's own (``Broker``)."""

    tls = False

    def __init__(self, name: str, plan: Plan, child: Child, *, limits: bool = False) -> None:
        """Take over a started child; ``limits`` tells whether it knows devices' own logins."""
        self.limits = limits
        self._lock = threading.Lock()
        self._name = name
        self._plan = plan
        self._child = child
        self.host = reachable(plan.settings.plain_bind)
        self.port = plan.port
        self.tls_port = plan.tls_port
        self.username: str | None = plan.users.hub_user
        self.password: str | None = plan.users.hub_password

    @property
    def pid(self) -> int | None:
        """Return the broker's process id while it runs."""
        return self._child.pid

    def describe(self) -> str:
        """Say what it is, where, and who may use it."""
        plan = self._plan
        who = (
            "open to programs on this machine"
            if plan.open
            else f"devices log in as {plan.users.device_user!r}, password in {plan.users.file}"
            if plan.shared
            else "each device has a login of its own"
        )
        where = f"{plan.settings.plain_bind}:{self.port}"
        if self.tls_port is not None:
            where += f" and, encrypted, on {plan.settings.bind}:{self.tls_port}"
        return f"{self._name} on {where}, run by the hub; {who}"

    def alive(self) -> bool:
        """Tell whether its process runs."""
        return self._child.pid is not None

    def use(self, logins: Sequence[Login]) -> bool:
        """Have the broker know these logins from now on; True where that changed something.

        Who has none any more is disconnected. Raises BrokerError when a file cannot be written.
        """
        with self._lock:
            if self._plan.logins == tuple(logins) or not self.limits:
                return False
            made = replace(self._plan, logins=tuple(logins))
            _write_users(made)
            self._plan = made
            self._child.hang_up()
        return True

    def renew(self, certify: Certify) -> None:
        """Have it serve another certificate where it is time for one; connections stay."""
        if self.tls_port is not None and certify(self._plan.certificate):
            self._child.hang_up()

    def stop(self) -> None:
        """End it; what it keeps is saved."""
        self._child.stop()


def find(program: str) -> str | None:
    """Return where a program is; Debian keeps the broker outside users' PATH."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *_PLACES]))


def plan(settings: MqttSettings, data_dir: Path, config_name: str) -> Plan:
    """Make the folder, end an earlier run's broker, check the port. Raises BrokerError."""
    folder = data_dir.resolve() / "broker"
    if not str(folder).isprintable():
        raise BrokerError(f"the data folder {str(data_dir)!r} has a name the broker cannot read")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise BrokerError(
            f"the broker's folder {folder} cannot be used ({error.strerror}): give --data a folder "
            "that belongs to the hub's user"
        ) from None
    end_orphan(folder / "broker.pid", folder / config_name)
    port = free(settings.plain_bind, settings.port)
    return Plan(settings, folder, port, credentials(folder, settings))


def start_mosquitto(
    settings: MqttSettings,
    data_dir: Path,
    program: str,
    say: Callable[[str], None],
    logins: Sequence[Login] = (),
    certify: Certify | None = None,
) -> Managed:
    """Start Mosquitto and return once it accepts connections. Raises BrokerError.

    Its users are written anew from ``logins``: whatever a crash left in the files is gone.
    """
    made = replace(plan(settings, data_dir, "mosquitto.conf"), logins=tuple(logins))
    if settings.tls_port is not None:
        if certify is None:
            raise BrokerError("mqtt.tls_port: here nobody makes a certificate")
        made = replace(made, tls_port=free(settings.bind, settings.tls_port, "mqtt.tls_port"))
        certify(made.certificate)
    _write_users(made)
    config = made.folder / "mosquitto.conf"
    write(config, configuration(made), shared=True)
    leash = str(Path(__file__).with_name("leash.py"))
    command = [sys.executable, "-I", "-S", leash, hub_id(), program, "-c", str(config)]
    return run("Mosquitto", made, command, say, limits=True)


def run(
    name: str, made: Plan, command: list[str], say: Callable[[str], None], *, limits: bool = False
) -> Managed:
    """Start ``command`` as the broker of ``made``. Raises BrokerError."""
    child = Child(
        name,
        command,
        host=reachable(made.settings.plain_bind),
        port=made.port,
        pid_file=made.pid_file,
        folder=_PROJECT,
        say=say,
    )
    child.start()
    return Managed(name, made, child, limits=limits)


def configuration(made: Plan) -> str:
    """Return mosquitto.conf (mosquitto.conf(5), 2.0).

    ``autosave_on_changes`` with ``autosave_interval 1`` writes at each change: with Mosquitto's
    defaults 50 of 50 acknowledged messages were lost by a kill -9, with these none. (It saves at
    the end of the round in which it acknowledged, before it reads anything further.)
    """
    settings = made.settings
    lines = [
        "# Written by the hub at each start; change mqtt: in hub.yaml instead.",
        *(["user root"] if os.geteuid() == 0 else []),
        f"listener {made.port} {settings.plain_bind}",
        *_encrypted(made),
        f"allow_anonymous {'true' if made.open else 'false'}",
        f"password_file {made.folder / 'passwords'}",
        f"acl_file {made.folder / 'topics'}",
        "persistence true",
        f"persistence_location {made.folder}/",
        "autosave_on_changes true",
        "autosave_interval 1",
        "persistent_client_expiration 14d",
        f"max_inflight_messages {settings.receive_maximum}",
        f"max_queued_messages {MOST_QUEUED}",
        f"message_size_limit {MOST_BYTES}",
        "set_tcp_nodelay true",
        "log_dest stdout",
        "log_timestamp false",
        "log_type error",
        "log_type warning",
    ]
    return "\n".join([*lines, ""])


def _encrypted(made: Plan) -> list[str]:
    """Return the listener for encrypted connections, if there is to be one."""
    if made.tls_port is None:
        return []
    return [
        f"listener {made.tls_port} {made.settings.bind}",
        f"certfile {made.certificate}",
        f"keyfile {made.certificate}",
        "tls_version tlsv1.2",
    ]


def _write_users(made: Plan) -> None:
    """Write who may use the broker and for what; each file whole, the access list first.

    Killed in between, a login is known by its topics or not at all: never without its limits.
    """
    users = made.users.users()
    if not made.shared:
        users.pop(made.users.device_user)
    everything = access_list(
        made.logins,
        all_rights=tuple(users),
        anonymous=made.open,
        prefix=made.settings.discovery_prefix,
    )
    try:
        write(made.folder / "topics", everything, shared=True)
        write(made.folder / "passwords", password_file(made.logins, users), shared=True)
    except OSError as error:
        raise BrokerError(
            f"{error.filename or made.folder}: {error.strerror}: the hub writes the broker's users "
            "there, so its user must be able to write it"
        ) from None
