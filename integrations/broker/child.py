"""A broker in a process of its own, watched and started again when it dies."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from integrations.broker.brokers import BrokerError
from integrations.broker.orphan import note

log = logging.getLogger(__name__)
READY_SECONDS = 15.0
POLITE_SECONDS = 10.0
STEADY_SECONDS = 30.0
FIRST_DELAY = 0.1
LONGEST_DELAY = 30.0
_ADVICE = ("It is recommended to replace", "should not be run as root")
_LONGEST_LINE = 1000


class Child:
    """One program that listens on ``host:port``. Its output goes to the hub's log, as warnings."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        host: str,
        port: int,
        pid_file: Path,
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        """Prepare it; ``folder`` is where it runs."""
        self._name = name
        self._command = list(command)
        self._address = (host, port)
        self._pid_file = pid_file
        self._folder = folder
        self._say = say
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._ready = False
        self._words: deque[str] = deque(maxlen=3)
        # The kernel ends the child when the thread that started it ends (leash.py): so one thread
        # starts it each time and lives as long as the hub.
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    @property
    def pid(self) -> int | None:
        """Return its process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start it; return once it accepts connections. Raises BrokerError with its last words."""
        self._thread.start()
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self._thread.is_alive():
            try:
                socket.create_connection(self._address, timeout=1.0).close()
            except OSError:
                time.sleep(0.01)
            else:
                with self._lock:
                    if self.pid is not None:
                        self._ready = True
                        return
        self.stop()
        words = "; ".join(self._words) or "it said nothing"
        raise BrokerError(f"{self._name} did not start: {words}")

    def stop(self) -> None:
        """End it, giving it time to save; safe to call twice."""
        self._stop.set()
        with self._lock:
            process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(POLITE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.is_alive():
            self._thread.join(POLITE_SECONDS)
        self._pid_file.unlink(missing_ok=True)

    def hang_up(self) -> None:
        """Have it read its users anew (SIGHUP). One that only just starts reads them anyway."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGHUP)

    def _run(self) -> None:
        delay = FIRST_DELAY
        while True:
            began = time.monotonic()
            process = self._spawn()
            ending = _ending(self._watch(process)) if process is not None else self._words[-1]
            with self._lock:
                if self._stop.is_set() or not self._ready:
                    return
            if time.monotonic() - began >= STEADY_SECONDS:
                delay = FIRST_DELAY
            self._say(f"{self._name} ended ({ending}): starting it again")
            if self._stop.wait(delay):
                return
            delay = min(delay * 2, LONGEST_DELAY)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stop.is_set():
                self._words.append("the hub stops")
                return None
            try:
                # A session of its own: Ctrl-C is for the hub, which ends its broker last.
                process = self._process = subprocess.Popen(  # noqa: S603 - built by the hub
                    self._command,
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                self._words.append(str(error))
                return None
            try:
                note(self._pid_file, process.pid)
            except OSError as error:
                # It runs; only should it outlive the hub, the next one does not know it.
                log.warning("%s cannot be written: %s", self._pid_file, error.strerror)
        return process

    def _watch(self, process: subprocess.Popen[bytes]) -> int:
        assert process.stdout is not None
        with process.stdout as output:
            while line := output.readline(_LONGEST_LINE):
                text = line.decode(errors="replace").strip()
                if text:
                    self._words.append(text)
                    # What the broker recommends of itself is nothing a household can act upon.
                    advice = any(part in text for part in _ADVICE)
                    level = logging.DEBUG if advice else logging.WARNING
                    log.log(level, "%s: %s", self._name, text)
        return process.wait()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def hub_id() -> str:
    """Return this process's id, as leash.py and the stand-in take it."""
    return str(os.getpid())
