"""A real Mosquitto for a test: its own folder and port, ended with the test.

with start_mosquitto(tmp_path) as broker:
    client.connect(broker.host, broker.port)
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

HOST = "127.0.0.1"
READY_SECONDS = 15.0


def _candidates() -> Iterator[int]:
    """Give ports below those the system hands to whoever connects, each test process its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first, most, workers = 10_000, 1_200, 5  # The demo's begin at 16,000.
    begin = first + most * (int(worker) % workers)
    start = random.randrange(most)
    while True:
        yield from (begin + (start + n) % most for n in range(most))


_PORTS = _candidates()


def free_port() -> int:
    """Return a TCP port that is free on the loopback now, and stays so until it is used.

    A port the system chose would be given to the next who connects somewhere, while its server
    is not yet, or for a moment no longer, there.
    """
    while True:
        port = next(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port


def program(name: str = "mosquitto") -> str:
    """Return where a Mosquitto program is; Debian puts the broker outside users' PATH."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert found, f"{name} is missing: apt install mosquitto mosquitto-clients"
    return found


def wait_for_port(
    port: int, host: str = HOST, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Return when something accepts connections there; fails when ``process`` ends first."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            assert process is None or process.poll() is None, "the broker ended at its start"
            assert time.monotonic() < deadline, f"nothing listens on {host}:{port}"
            time.sleep(0.02)
        else:
            return


class Mosquitto:
    """A running broker; ``host``, ``port``, ``url`` say where, ``log`` is its log file."""

    host = HOST

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        username: str | None = None,
        password: str | None = None,
        persistence: bool = True,
        extra: str = "",
    ) -> None:
        """Write the configuration; ``start`` runs it."""
        self.port = port or free_port()
        self.username = username
        self.password = password
        self.log = folder / "mosquitto.log"
        self.config = folder / "mosquitto.conf"
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            # As root, Mosquitto becomes another user, who may not write to a test's folder.
            *(["user root"] if os.geteuid() == 0 else []),
            f"listener {self.port} {HOST}",
            "max_queued_messages 1000000",
            f"allow_anonymous {'false' if username else 'true'}",
        ]
        if username:
            passwords = folder / "passwords"
            passwords.touch(mode=0o600)
            subprocess.run(
                [program("mosquitto_passwd"), "-b", str(passwords), username, password or ""],
                check=True,
                capture_output=True,
            )
            lines.append(f"password_file {passwords}")
        if persistence:
            lines += [
                "persistence true",
                f"persistence_location {folder}/",
                "autosave_on_changes true",
                "autosave_interval 1",
            ]
        self.config.write_text("\n".join([*lines, extra, ""]))

    @property
    def url(self) -> str:
        """Return it as ``mqtt.url`` takes it."""
        return f"mqtt://{self.host}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        assert self.process is None, "it runs already"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [program(), "-c", str(self.config)], stdout=log, stderr=log
            )
        try:
            wait_for_port(self.port, process=self.process)
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.log.read_text()}") from None

    def kill(self) -> None:
        """End it as a power cut does (kill -9)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def stop(self) -> None:
        """End it politely; it saves what it keeps."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def restart(self) -> None:
        """Stop it (when it runs) and start it again on the same port and folder."""
        self.stop()
        self.start()

    def __enter__(self) -> Mosquitto:
        if self.process is None:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_mosquitto(
    tmp_path: Path,
    *,
    port: int = 0,
    username: str | None = None,
    password: str | None = None,
    persistence: bool = True,
    extra: str = "",
) -> Mosquitto:
    """Start a broker with its files in ``tmp_path``/mosquitto; use it with ``with``.

    ``port`` 0 takes a free one; with ``username`` and ``password`` it asks for them; ``extra``
    is added to its configuration. It accepts connections when this returns.
    """
    broker = Mosquitto(
        tmp_path / "mosquitto",
        port=port,
        username=username,
        password=password,
        persistence=persistence,
        extra=extra,
    )
    broker.start()
    return broker
