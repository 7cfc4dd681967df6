"""Locked keys: unreadable on the disk, the same to the hub, and never lost on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.app.recovery.household import household
from hub.app.recovery.root import Root, read_root
from hub.app.secrets import NtfyTopics, household_key
from hub.app.tls import Https
from hub.clock import SYSTEM
from hub.keyfiles import lock
from hub.keyfiles.convert import change_passphrase, lock_all, lock_path, settle, unlock_all
from hub.keyfiles.files import LOCK, SEALED, SecretsError, read
from hub.keyfiles.guard import lockable_files, private_files
from hub.keyfiles.ledgerkey import read_ledger_key
from hub.keyfiles.lock import LockedError, by_passphrase, by_words, handed, offer, read_lock
from hub.settings import HttpSettings, MemberSettings
from integrations.webpush.keys import VapidKey
from tests.support.hubprocess import ROOT

GOOD = "correct horse battery"
CEA = MemberSettings(id="cea", name="Cea")


def contents(data: Path) -> dict[str, bytes]:
    """Return each private file's meaning, whatever its form."""
    return {file.name: read(file) for file in lockable_files(data)}


def sealed(data: Path) -> set[bool]:
    """Return which forms there are."""
    return {file.read_bytes().startswith(SEALED) for file in lockable_files(data)}


def say(monkeypatch: pytest.MonkeyPatch, folder: Path, passphrase: str) -> None:
    """Have the passphrase given in a file, to a process that has nothing open."""
    file = folder / "passphrase"
    file.write_text(passphrase + "\n")
    file.chmod(0o600)
    monkeypatch.setenv("COMMONHEARTH_PASSPHRASE_FILE", str(file))
    lock._opened.clear()


def test_the_disk_holds_nothing_and_the_hub_notices_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, who, secrets = contents(data), household(data), data / "secrets"
    topic = NtfyTopics(secrets).of(MemberSettings(id="ada", name="Ada"))
    assert lock_all(data, GOOD, who.root.age_recipient) == len(before) == 10
    assert sealed(data) == {True}
    on_disk = b"".join(file.read_bytes() for file in secrets.glob("*[!t]"))
    for raw in before.values():
        telling = [line for line in raw.splitlines() if len(line) > 20 and b"---" not in line]
        assert telling
        assert not any(line in on_disk for line in telling)
    lock._opened.clear()
    with pytest.raises(LockedError, match="give their passphrase on a terminal, in the file"):
        household_key(secrets)
    say(monkeypatch, tmp_path, GOOD)
    assert contents(data) == before
    assert household(data) == who
    assert NtfyTopics(secrets).of(MemberSettings(id="ada", name="Ada")) == topic
    assert read_ledger_key(secrets / "ledger.key").verifier
    assert VapidKey(secrets / "vapid.pem").public
    assert Https(HttpSettings(tls="own"), secrets, SYSTEM.now()).context.cert_store_stats()
    # What is written from now on is locked as well; what a broker reads is not.
    NtfyTopics(secrets).of(CEA)
    assert sealed(data) == {True}
    assert json.loads((data / "broker" / "credentials.json").read_text())
    assert unlock_all(data) == 10
    assert sealed(data) == {False}
    assert not lock_path(data).exists()
    after = contents(data)
    assert b"cea" in after.pop("ntfy.json")
    del before["ntfy.json"]
    assert after == before


class _Killed(BaseException):
    """A kill -9: nothing after it runs."""


def _interrupt(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """End the process at the change of the disk after ``after`` others."""
    left = [after]

    def counted(name: str) -> None:
        real = getattr(Path, name)

        def act(*arguments: object, **words: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise _Killed
            return real(*arguments, **words)

        monkeypatch.setattr(Path, name, act)

    counted("replace")
    counted("unlink")


def _until_done(
    act: str, data: Path, tmp_path: Path, again: str, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Kill ``act`` at its first change, its second, …; each time have ``again`` end it.

    Return how often it was killed.
    """
    work = {
        "lock": lambda: lock_all(data, GOOD, ""),
        "unlock": lambda: unlock_all(data),
        "start": lambda: settle(data),
    }
    before = contents(data)
    for after in range(100):
        with monkeypatch.context() as patch:
            _interrupt(patch, after)
            try:
                work[act]()
            except _Killed:
                pass
            else:
                return after
        say(monkeypatch, tmp_path, GOOD)
        assert contents(data) == before, f"all can be read after {after} changes"
        begun = lock_path(data).exists()
        if again != "unlock" or begun:
            work[again]()
        assert contents(data) == before
        if again == "start":
            assert len(sealed(data)) == 1, "the start ended what was begun"
        # Back to where it began.
        if act == "unlock":
            work["lock"]()
        elif lock_path(data).exists():
            work["unlock"]()
    raise AssertionError("it does not end")


@pytest.mark.parametrize("again", ["lock", "unlock", "start"])
@pytest.mark.parametrize("act", ["lock", "unlock"])
def test_killed_at_any_change_nothing_is_lost_and_it_goes_on(
    act: str, again: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("authority.key", "https.pem", "vapid.pem", "ntfy-replies.json", "peer-key.json"):
        (data / "secrets" / name).unlink()
    say(monkeypatch, tmp_path, GOOD)
    if act == "unlock":
        lock_all(data, GOOD, "")
    assert _until_done(act, data, tmp_path, again, monkeypatch) > 5


def test_what_a_crash_left_in_clear_goes(data: Path) -> None:
    left = data / "secrets" / ".ledger.key.123"
    left.write_text("PRIVATE+KEY+")
    lock_all(data, GOOD, "")
    assert not left.exists()


def test_the_words_open_it_too_and_other_words_do_not(data: Path) -> None:
    before, root = contents(data), read_root(data / "secrets")
    lock_all(data, GOOD, root.age_recipient)
    path = lock_path(data)
    lock._opened.clear()
    with pytest.raises(LockedError, match="the words of another household"):
        by_words(path, read_lock(path), Root(bytes(32)).age_identity)
    offer(Root(bytes(32)).age_identity)
    offer(root.age_identity)
    assert contents(data) == before


def test_a_wrong_passphrase_is_told_in_one_line_and_another_one_can_be_set(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(data)
    lock_all(data, GOOD, "")
    path = lock_path(data)
    say(monkeypatch, tmp_path, "wrong horse battery")
    with pytest.raises(LockedError, match=r"lock\.json: this is not the passphrase of these keys"):
        contents(data)
    with pytest.raises(LockedError, match="locked without words"):
        by_words(path, read_lock(path), Root(bytes(32)).age_identity)
    say(monkeypatch, tmp_path, GOOD)
    change_passphrase(data, "quite another one")
    lock._opened.clear()
    with pytest.raises(LockedError):
        by_passphrase(path, read_lock(path), GOOD)
    by_passphrase(path, read_lock(path), "quite another one")
    assert contents(data) == before


def test_a_credential_of_systemd_opens_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_all(data, GOOD, "")
    lock._opened.clear()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(LockedError, match="credential"):
        contents(data)
    (tmp_path / "commonhearth.passphrase").write_text(GOOD)
    assert contents(data)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (b"", 0o600, "expected a passphrase in its first line"),
        (b"\xff\xfe and more", 0o600, "as text in UTF-8"),
        (b"x" * 2000, 0o600, "at most 1024 characters"),
        (GOOD.encode(), 0o640, "mode 0640 lets others read"),
    ],
)
def test_a_passphrase_file_that_is_none(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, mode: int, said: str
) -> None:
    lock_all(data, GOOD, "")
    say(monkeypatch, tmp_path, GOOD)
    (tmp_path / "passphrase").write_bytes(text)
    (tmp_path / "passphrase").chmod(mode)
    with pytest.raises(SecretsError, match=said):
        contents(data)


@pytest.mark.parametrize(
    "damage",
    [
        {"format": "commonhearth-lock/2"},
        {"passphrase": {"n": 1 << 30, "r": 8, "p": 1, "salt": "00", "box": ""}},
        {"passphrase": {"n": 2, "r": 8, "p": 1, "salt": "xx", "box": ""}},
        {"passphrase": None},
        {"words": "?"},
    ],
)
def test_a_damaged_lock_is_named(data: Path, damage: dict[str, object]) -> None:
    lock_all(data, GOOD, "")
    path = lock_path(data)
    path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    with pytest.raises(SecretsError, match=r"lock\.json: expected what `identity lock` wrote"):
        settle(data)


def test_a_changed_file_or_lock_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_all(data, GOOD, "")
    file, path = data / "secrets" / "household.key", lock_path(data)
    raw = file.read_bytes()
    file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(SecretsError, match=r"household\.key: damaged, or locked under another"):
        household_key(data / "secrets")
    kept = path.read_text()
    other = json.loads(kept) | {"key": Root(bytes(32)).age_recipient}
    path.write_text(json.dumps(other))
    say(monkeypatch, tmp_path, GOOD)
    with pytest.raises(SecretsError, match="it names another key than it holds"):
        settle(data)
    path.unlink()
    with pytest.raises(SecretsError, match=r"it is locked, and lock\.json is not there"):
        household_key(data / "secrets")


def test_a_child_process_opens_what_was_opened(data: Path) -> None:
    with handed(os.environ) as nothing:
        assert nothing == {}
    lock_all(data, GOOD, "")
    program = "import sys; from pathlib import Path; from hub.keyfiles.files import read\n"
    program += "sys.stdout.buffer.write(read(Path(sys.argv[1])) + read(Path(sys.argv[2])))"
    names = [data / "secrets" / name for name in ("household.key", "ledger.key")]
    with handed(os.environ) as more:
        assert not any("AGE-SECRET" in value for value in more["env"].values())
        child = subprocess.run(
            [sys.executable, "-c", program, *names],
            cwd=ROOT,
            check=True,
            capture_output=True,
            **more,
        )
    assert child.stdout == b"".join(read(name) for name in names)


def test_the_lock_is_one_of_the_private_files_and_in_no_way_locked(data: Path) -> None:
    lock_all(data, GOOD, "")
    assert (data / "secrets" / LOCK) in set(private_files(data))
    assert (data / "secrets" / LOCK).stat().st_mode & 0o777 == 0o600
