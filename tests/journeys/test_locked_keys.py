"""Keys that are locked on the card: a person types the passphrase, and all is as before."""

from __future__ import annotations

import ctypes
import os
import pty
import re
import signal
import ssl
import sys
import urllib.request
from pathlib import Path

from hub.app.firstkeys import make_keys
from hub.app.recovery.household import household
from hub.app.secrets import household_key
from hub.keyfiles.convert import lock_all
from hub.keyfiles.files import SEALED
from tests.support.hubprocess import RUN, write_config

PASSPHRASE = "correct horse battery"
_NO_NEW_PRIVILEGES, _DENY_WRITE_EXECUTE = 38, 65


class OnTerminal:
    """A hub that somebody started on a terminal of theirs."""

    def __init__(self, config: Path, data: Path) -> None:
        self._said = b""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            _as_a_service()
            program = [sys.executable, str(RUN), "run", "--config", str(config)]
            os.execv(sys.executable, [*program, "--data", str(data)])

    def wait_said(self, pattern: bytes) -> re.Match[bytes]:
        """Return the match once it said it; fails when it ends before."""
        while (found := re.search(pattern, self._said)) is None:
            try:
                self._said += os.read(self._terminal, 4096)
            except OSError:
                raise AssertionError(f"it ended: {self._said.decode()}") from None
        return found

    def type(self, line: str) -> None:
        os.write(self._terminal, line.encode() + b"\n")

    def end(self) -> int:
        """End it, or see that it ended; return its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._terminal)
        return code


def _as_a_service() -> None:
    """Give up what the systemd unit takes away, as far as a process can: no rights but its own,
    and no memory that was written is ever run (kernels before 6.3 do not know that one)."""
    control = ctypes.CDLL(None).prctl
    assert control(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    control(_DENY_WRITE_EXECUTE, 1, 0, 0, 0)


def test_a_passphrase_typed_at_the_start_opens_everything(tmp_path: Path) -> None:
    config = write_config(tmp_path / "config", settings={"http": {"port": 0, "tls": "own"}})
    data = tmp_path / "data"
    make_keys(data / "secrets", None)
    household_key(data / "secrets")
    who = household(data)
    assert lock_all(data, PASSPHRASE, who.root.age_recipient) == 5

    wrong = OnTerminal(config, data)
    wrong.wait_said(rb"Passphrase of the keys in \S+: ")
    wrong.type("wrong horse battery")
    wrong.wait_said(rb"error: \S+lock\.json: this is not the passphrase of these keys\r\n")
    assert os.waitstatus_to_exitcode(os.waitpid(wrong.pid, 0)[1]) == 2

    hub = OnTerminal(config, data)
    hub.wait_said(rb"Passphrase of the keys in \S+: ")
    hub.type(PASSPHRASE)
    url = hub.wait_said(rb"Commonhearth is at (https://\S+)\r\n")[1].decode()
    trusting = ssl.create_default_context(cafile=data / "secrets" / "authority.crt")
    with urllib.request.urlopen(f"{url}/healthz", context=trusting, timeout=20) as answer:
        assert answer.status == 200
    assert hub.end() == 0
    assert PASSPHRASE.encode() not in hub._said, "it is not shown while it is typed"
    assert household(data) == who
    for name in ("ledger.key", "https.pem", "household.key", "recovery.json"):
        assert (data / "secrets" / name).read_bytes().startswith(SEALED), name
