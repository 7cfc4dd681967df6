"""Backups sent to other machines: tried again, pruned there, and brought back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest

from hub.app.backup import places
from hub.app.backup.agefile import Lock, Opener
from hub.app.backup.errors import BackupError
from hub.app.backup.places import Access, fetched, send_backup
from hub.app.backup.restore import restore_backup
from hub.domain.places import PlaceAddress
from hub.ports import BackupPlace, DeliveryError
from hub.store.copy import counts
from tests.app.backup.conftest import Home
from tests.support.places import PASSWORD, sftp

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
NAME = "commonhearth-20261125T030000Z.age"
KEY = pyrage.x25519.Identity.generate()
LOCK, OPENER = Lock(recipient=str(KEY.to_public())), Opener(identities=(KEY,))


class Moody:
    """A place in memory that fails as often as it is told to."""

    def __init__(self, *errors: DeliveryError) -> None:
        self.errors = list(errors)
        self.files: dict[str, bytes] = {}
        self.closed = 0

    async def names(self) -> list[str]:
        return list(self.files)

    async def put(self, file: Path, name: str, sha256: str) -> None:
        if self.errors:
            self.files[f"{name}.part"] = b"beginning"
            raise self.errors.pop(0)
        self.files.pop(f"{name}.part", None)
        self.files[name] = file.read_bytes()  # noqa: ASYNC240
        assert hashlib.sha256(self.files[name]).hexdigest() == sha256

    async def get(self, name: str, file: Path) -> None:
        file.write_bytes(self.files[name])  # noqa: ASYNC240

    async def remove(self, name: str) -> None:
        self.files.pop(name, None)

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Moody], Moody]:
    def used(place: Moody) -> Moody:
        def opened(address: PlaceAddress, access: Access) -> BackupPlace:
            return place

        monkeypatch.setattr(places, "open_place", opened)
        return place

    return used


def send(home: Home, keep: int | None = None, pauses: tuple[float, ...] = (0, 0)) -> list[str]:
    to = "sftp://ada@nas/backups"
    made, gone = send_backup(
        home.config, home.data, to, LOCK, Access(), NOW, keep=keep, pauses=pauses
    )
    assert made.where == f"{to}/{NAME}"
    return gone


def test_what_passes_is_tried_again(home: Home, use: Callable[[Moody], Moody]) -> None:
    there = use(Moody(DeliveryError("it does not answer"), DeliveryError("cut off")))
    there.files["commonhearth-20200101T030000Z.age.part"] = b"of a power cut"
    for day in range(1, 9):
        there.files[f"commonhearth-2020010{day}T030000Z.age"] = b""
    there.files["holiday.jpg"] = b"theirs"
    gone = send(home, keep=7)
    assert gone == [f"commonhearth-2020010{day}T030000Z.age" for day in (1, 2)]
    assert len(there.files) == 7 + 1
    assert there.files["holiday.jpg"] == b"theirs"
    assert pyrage.decrypt(there.files[NAME], [KEY])
    assert there.closed == 1
    assert not list(home.data.glob(".sending-*"))


def test_what_lasts_is_not(home: Home, use: Callable[[Moody], Moody]) -> None:
    there = use(Moody(DeliveryError("sftp://ada@nas: no room left", retry=False)))
    (home.data / ".sending-left").mkdir()
    with pytest.raises(BackupError, match="no room left"):
        send(home, keep=1)
    assert NAME not in there.files
    assert not list(home.data.glob(".sending-*"))


def test_it_gives_up_in_the_end(home: Home, use: Callable[[Moody], Moody]) -> None:
    there = use(Moody(*(DeliveryError(f"try {number}") for number in range(9))))
    with pytest.raises(BackupError, match="try 2"):
        send(home)
    assert len(there.errors) == 6


def test_the_newest_comes_back_from_a_real_server(home: Home, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    with sftp(tmp_path / "nas", tmp_path) as served:
        (served.folder / "commonhearth-20200101T030000Z.age").write_bytes(b"old")
        access = Access(tmp_path / "password", host_key=served.host_key)
        send_backup(home.config, home.data, served.address, LOCK, access, NOW)
        config, data = tmp_path / "new" / "config", tmp_path / "new" / "data"
        for address in (served.address, f"{served.address}/{NAME}"):
            with fetched(address, data, access) as file:
                assert file.read_bytes() == (served.folder / NAME).read_bytes()
        with fetched(served.address, data, access) as file:
            restore_backup(file, config, data, OPENER)
        assert counts(data / "hub.sqlite") == counts(home.data / "hub.sqlite")
        assert {one.name for one in (tmp_path / "new").iterdir()} == {"config", "data"}
        (served.folder / NAME).unlink()
        (served.folder / "commonhearth-20200101T030000Z.age").unlink()
        with (
            pytest.raises(BackupError, match="no backup is there"),
            fetched(served.address, data, access),
        ):
            raise AssertionError("there is none")
