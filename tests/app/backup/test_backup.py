"""One encrypted file while the hub runs, and the same household from it."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest

from hub.app.backup.agefile import Lock, Opener, read_identities, read_passphrase
from hub.app.backup.errors import BackupError
from hub.app.backup.make import make_backup, prune
from hub.app.backup.names import newest
from hub.app.backup.restore import restore_backup
from hub.store.copy import counts
from hub.store.database import lock_folder
from hub.store.tx import Entry
from tests.app.backup.conftest import Home

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
KEY = pyrage.x25519.Identity.generate()
FOR_KEY, BY_KEY = Lock(recipient=str(KEY.to_public())), Opener(identities=(KEY,))


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file that a hub needs: no lock, no process's number, no database's log."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(("hub.sqlite", "broker.pid"))
    }


def back(tmp_path: Path, file: Path, opener: Opener = BY_KEY) -> tuple[Path, Path]:
    config, data = tmp_path / "new" / "config", tmp_path / "new" / "data"
    restore_backup(file, config, data, opener)
    return config, data


def test_the_same_household_comes_back(home: Home, tmp_path: Path) -> None:
    made = make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW)
    assert made.file == tmp_path / "commonhearth-20261125T030000Z.age"
    assert made.faults == 0
    assert not made.file.stat().st_mode & 0o077
    config, data = back(tmp_path, made.file)
    assert tree(config) == tree(home.config)
    assert tree(data) == tree(home.data)
    assert counts(data / "hub.sqlite") == counts(home.data / "hub.sqlite")
    assert made.manifest.counts["orders under way"] >= 1
    assert made.manifest.counts["entries"] == len(home.house.ledger())
    for private in (data, data / "secrets", data / "secrets" / "ledger.key", data / "hub.sqlite"):
        assert not private.stat().st_mode & 0o077, private
    assert {one.name for one in (tmp_path / "new").iterdir()} == {"config", "data"}
    assert not (data / "broker" / "broker.pid").exists(), "another process elsewhere"
    assert not list(home.data.glob(".backup-*"))


def test_what_is_there_is_moved_aside_only_when_told(home: Home, tmp_path: Path) -> None:
    made = make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW)
    config, data = tmp_path / "new" / "config", tmp_path / "new" / "data"
    data.mkdir(parents=True)
    (data / "mine").write_text("mine")
    with pytest.raises(BackupError, match="expected a folder that is missing or empty"):
        restore_backup(made.file, config, data, BY_KEY)
    (tmp_path / "junk").write_text("junk")
    with pytest.raises(BackupError, match="cannot be opened"):
        restore_backup(tmp_path / "junk", config, data, BY_KEY, aside=".old")
    assert [one.name for one in data.iterdir()] == ["mine"]
    done = restore_backup(made.file, config, data, BY_KEY, aside=".old")
    assert done.aside == (data.with_name("data.old"),)
    assert (data.with_name("data.old") / "mine").read_text() == "mine"
    assert tree(data) == tree(home.data)
    assert done.manifest == made.manifest
    for name in ("members", "keys", "pantry levels", "orders", "entries"):
        assert made.manifest.counts[name] > 0, name
    with (
        lock_folder(data),
        pytest.raises(BackupError, match=r"used by another hub .* stop it first"),
    ):
        restore_backup(made.file, config, data, BY_KEY, aside=".older")


def test_nothing_of_it_can_be_read_without_the_key(home: Home, tmp_path: Path) -> None:
    made = make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW)
    raw = made.file.read_bytes()
    assert raw.startswith(b"age-encryption.org/v1\n")
    assert b"canary-password" not in raw
    assert b"Lindenstr" not in raw
    assert pyrage.decrypt(raw, [KEY])[:13] == b"manifest.json", "any age tool opens it"
    with pytest.raises(BackupError, match="it cannot be opened"):
        back(tmp_path, made.file, Opener(identities=(pyrage.x25519.Identity.generate(),)))


def test_by_passphrase(home: Home, tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("correct horse battery\nnot this\n")
    lock = Lock(passphrase=read_passphrase(tmp_path / "pass"))
    made = make_backup(home.config, home.data, tmp_path / "one.age", lock, NOW)
    with pytest.raises(BackupError, match="it cannot be opened"):
        back(tmp_path, made.file, Opener(passphrase="correct horse"))
    assert not (tmp_path / "new" / "data").exists()
    _, data = back(tmp_path, made.file, Opener(passphrase="correct horse battery"))
    assert counts(data / "hub.sqlite") == counts(home.data / "hub.sqlite")


def test_a_backup_is_of_one_instant_while_the_hub_writes(home: Home, tmp_path: Path) -> None:
    going, wrote = threading.Event(), threading.Event()

    def write() -> None:
        while not going.is_set():
            home.house.do(lambda tx: [tx.append(Entry("some", "x", {})) for _ in range(5)])
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert wrote.wait(20)
        made = make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW)
    finally:
        going.set()
        writer.join()
    _, data = back(tmp_path, made.file)
    before = made.manifest.counts["entries"]
    assert (before - counts(data / "hub.sqlite")["entries"]) == 0
    assert before <= counts(home.data / "hub.sqlite")["entries"]


def test_a_log_with_faults_is_backed_up_and_told(home: Home, tmp_path: Path) -> None:
    with sqlite3.connect(home.data / "hub.sqlite") as database:
        database.execute("UPDATE ledger SET subject = 'x' WHERE \"index\" = 0")
    made = make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW)
    assert made.faults == 1
    back(tmp_path, made.file)


def test_a_damaged_database_gives_no_backup(home: Home, tmp_path: Path) -> None:
    home.house.close()
    home.house.damaged = True
    file = home.data / "hub.sqlite"
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 5] = bytes(4096 * 2)
    file.write_bytes(content)
    for left in home.data.glob("hub.sqlite-*"):
        left.unlink()
    with pytest.raises(BackupError, match=r"hub\.sqlite"):
        make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW)
    assert not list(tmp_path.glob("*.age*"))
    assert not list(home.data.glob(".backup-*"))


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "junk", "header"])
def test_a_damaged_backup_changes_nothing(home: Home, tmp_path: Path, damage: str) -> None:
    file = make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW).file
    raw = bytearray(file.read_bytes())
    if damage == "flip":
        raw[len(raw) // 2] ^= 1
    elif damage == "cut":
        del raw[len(raw) // 2 :]
    elif damage == "header":
        raw[40] ^= 1
    else:
        raw = bytearray(b"" if damage == "empty" else b"not an age file " * 1000)
    file.write_bytes(raw)
    (tmp_path / "new" / "data").mkdir(parents=True)
    with pytest.raises(BackupError, match="it cannot be opened"):
        back(tmp_path, file)
    assert [one.name for one in (tmp_path / "new").rglob("*")] == ["data"]


@pytest.mark.parametrize("which", ["config", "data"])
def test_a_folder_with_something_in_it_is_left_alone(
    home: Home, tmp_path: Path, which: str
) -> None:
    file = make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW).file
    kept = tmp_path / "new" / which / "kept"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    with pytest.raises(BackupError, match="missing or empty"):
        back(tmp_path, file)
    assert [one for one in (tmp_path / "new").rglob("*") if one.is_file()] == [kept]


def test_an_empty_folder_that_cannot_be_replaced_is_filled(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_backup(home.config, home.data, tmp_path, FOR_KEY, NOW).file

    def mounted(self: Path, target: Path) -> None:
        raise OSError(16, "Device or resource busy")

    with monkeypatch.context() as patched:
        patched.setattr("hub.app.backup.restore.Path.replace", mounted)
        for name in ("config", "data"):
            (tmp_path / "new" / name).mkdir(parents=True)
        config, data = back(tmp_path, file)
    assert tree(config) == tree(home.config)
    assert tree(data) == tree(home.data)


def test_what_is_in_the_way_is_told(home: Home, tmp_path: Path) -> None:
    there = tmp_path / "there.age"
    there.write_text("kept")
    for to, said in (
        (there, "it is there already"),
        (tmp_path / "nowhere" / "x.age", "no such folder"),
    ):
        with pytest.raises(BackupError, match=said):
            make_backup(home.config, home.data, to, FOR_KEY, NOW)
    assert there.read_text() == "kept"
    with pytest.raises(BackupError, match="no hub has run here"):
        make_backup(home.config, tmp_path, tmp_path / "x.age", FOR_KEY, NOW)
    with pytest.raises(BackupError, match="expected age1"):
        make_backup(home.config, home.data, tmp_path, Lock(recipient="age1nobody"), NOW)
    shutil.rmtree(home.data / "secrets")
    with pytest.raises(BackupError, match=r"ledger\.key"):
        make_backup(home.config, home.data, tmp_path / "x.age", FOR_KEY, NOW)
    assert not (tmp_path / "x.age").exists()


def test_backups_do_not_hold_backups(home: Home, tmp_path: Path) -> None:
    inside = home.data / "backups"
    inside.mkdir()
    for hour in range(3):
        made = make_backup(home.config, home.data, inside, FOR_KEY, NOW.replace(hour=hour))
    assert not [name for name in made.manifest.files if "backups" in name]
    assert newest(inside) == NOW.replace(hour=2)
    (inside / "mine.age").write_text("not the hub's")
    (inside / "commonhearth-20261125T010000Z.age.part").write_text("ended by a power cut")
    assert [one.name for one in prune(inside, 2)] == ["commonhearth-20261125T000000Z.age"]
    assert len(list(inside.iterdir())) == 3


def test_key_files(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"# public key: {KEY.to_public()}\n{KEY}\n")
    assert [str(one) for one in read_identities(file)] == [str(KEY)]
    for text, said in (("", "expected a line"), ("x", ":1: expected AGE")):
        file.write_text(text)
        with pytest.raises(BackupError, match=said):
            read_identities(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BackupError, match="UTF-8"):
        read_passphrase(file)
    file.write_text("short\n")
    with pytest.raises(BackupError, match="8 characters"):
        read_passphrase(file)
    with pytest.raises(BackupError, match="No such file"):
        read_passphrase(tmp_path / "gone")
