"""Private files are nobody else's: looked at before any key is read, and made so."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hub.keyfiles.files import SecretsError, as_path, draft, read, write
from hub.keyfiles.guard import faults, private_files, refuse
from hub.store.database import open_database
from tests.cli.support import Run
from tests.support.hubprocess import write_config


def test_every_private_file_is_looked_at_and_told_with_what_mends_it(data: Path) -> None:
    refuse(data)
    found = {file.relative_to(data).as_posix() for file in private_files(data)}
    assert found == {
        "broker/credentials.json",
        *(
            f"secrets/{name}"
            for name in (
                *("authority.key", "beckn-key.json", "household.key", "https.pem", "ledger.key"),
                *("ntfy-replies.json", "ntfy.json", "peer-key.json", "recovery.json", "vapid.pem"),
            )
        ),
    }
    for name in sorted(found):
        (data / name).chmod(0o640)
        with pytest.raises(SecretsError) as told:
            refuse(data)
        file = data / name
        assert str(told.value) == (
            f"{file}: mode 0640 lets others read this private file; run: chmod 600 {file}"
        )
        with pytest.raises(SecretsError, match="chmod 600"):
            read(file)
        file.chmod(0o600)
    (data / "secrets").chmod(0o770)
    assert "run: chmod 700" in next(faults(data, os.geteuid()))


def test_the_database_is_for_its_owner_too(tmp_path: Path) -> None:
    file = tmp_path / "hub.sqlite"
    before = os.umask(0)
    try:
        for _ in range(2):
            engine = open_database(file)
            with engine.connect().execution_options(immediate=True) as connection:
                connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS mine (word)")
                connection.commit()
                assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}
            engine.dispose()
            file.chmod(0o644)
    finally:
        os.umask(before)


def test_what_is_for_everybody_may_be_read_by_everybody(data: Path) -> None:
    assert stat.S_IMODE((data / "secrets" / "authority.crt").stat().st_mode) & 0o044
    (data / "secrets" / "beckn.pub").write_text("public")
    refuse(data)


def test_a_file_of_another_user_is_told(data: Path) -> None:
    (line, *_) = faults(data, os.geteuid() + 1)
    assert f"belongs to user {os.geteuid()}, the hub is user {os.geteuid() + 1}" in line


def test_run_and_check_say_the_same(run: Run, data: Path, tmp_path: Path) -> None:
    there = ("--config", write_config(tmp_path / "config"), "--data", data)
    file = data / "secrets" / "vapid.pem"
    file.chmod(0o604)
    line = f"{file}: mode 0604 lets others read this private file; run: chmod 600 {file}"
    assert run("run", *there).refused(2) == line
    assert line in run("check", *there).out.splitlines()
    told = run("check", *there, "--json")
    assert (told.code, told.json["exposed"]) == (2, [line])
    file.chmod(0o600)
    assert run("check", *there).code == 0


def test_a_file_is_private_from_its_first_byte_and_never_half(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key"
    before = os.umask(0)
    try:
        made = draft(file, "one")
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
        made.chmod(0o666)
        write(file, "two")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["key"], "what a crash left is no more"
    with as_path(file) as path:
        assert path.read_bytes() == b"two"
        assert tmp_path not in path.parents
    file.write_bytes(b"x" * (16 * 1024 * 1024 + 1))
    with pytest.raises(SecretsError, match="at most"):
        read(file)
