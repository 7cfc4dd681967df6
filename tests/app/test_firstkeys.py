"""The keys of a first start, made in a process beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.hubprocess import ROOT

_START = """
import sys
from pathlib import Path
from hub.app.firstkeys import make_aside
from hub.keyfiles.ledgerkey import ledger_key
from integrations.beckn.keys import load_or_create
from integrations.peers.keys import PeerKeys

folder = Path(sys.argv[1])
with make_aside(folder, sys.argv[2] or None):
    pass
by_then = "cryptography" in sys.modules
identity = load_or_create(folder, kind="hub", subscriber_id=sys.argv[2] or None)
peer, key = PeerKeys(folder).id, ledger_key(folder, identity.subscriber_id)
print(by_then, "cryptography" in sys.modules, identity.subscriber_id, peer, key.name)
"""


def _start(folder: Path, name: str = "") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _START, str(folder), name],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_the_hub_holds_nothing_that_makes_keys(tmp_path: Path) -> None:
    first = _start(tmp_path / "secrets")
    assert first[:2] == ["False", "False"]
    names = ("beckn-key.json", "peer-key.json", "ledger.key")
    assert all((tmp_path / "secrets" / name).stat().st_mode & 0o077 == 0 for name in names)
    assert _start(tmp_path / "secrets") == first


def test_the_log_is_named_after_the_household_s_own_name(tmp_path: Path) -> None:
    *_, subscriber, _, log = _start(tmp_path / "secrets", "home.example.org")
    assert (subscriber, log) == ("home.example.org", "home.example.org/ledger")


def test_a_key_that_is_missing_later_is_made_alone(tmp_path: Path) -> None:
    first = _start(tmp_path / "secrets")
    (tmp_path / "secrets" / "ledger.key").unlink()
    again = _start(tmp_path / "secrets")
    assert again == first


def test_what_the_process_beside_could_not_do_is_told_by_the_hub(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("a file where the folder should be")
    failed = subprocess.run(
        [sys.executable, "-c", _START, str(tmp_path / "secrets"), ""],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert failed.returncode == 1
    assert failed.stderr.count("Traceback") == 1
