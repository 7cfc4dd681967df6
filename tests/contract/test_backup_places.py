"""What any place for backups does, on real servers: SFTP (asyncssh) and WebDAV (WsgiDAV)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from hub.app.backup.places import Access, open_place
from hub.domain.places import read_place
from hub.ports import BackupPlace, DeliveryError
from tests.support.places import PASSWORD, Served, sftp, webdav

NAME = "commonhearth-20261126T030000Z.age"
BYTES = bytes(range(256)) * 5000


@pytest.fixture(params=["sftp", "webdav"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "back ups"
    begun: dict[str, Callable[[], AbstractContextManager[Served]]] = {
        "sftp": lambda: sftp(folder, tmp_path),
        "webdav": lambda: webdav(folder),
    }
    with begun[request.param]() as one:
        one.address = one.address.replace(" ", "%20")
        yield one


def place(served: Served, tmp_path: Path, **words: object) -> BackupPlace:
    file = tmp_path / "password"
    file.write_text(str(words.get("password", PASSWORD)) + "\n")
    access = Access(file, host_key=str(words.get("host_key", served.host_key)))
    return open_place(read_place(str(words.get("address", served.address))), access)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    made.write_bytes(BYTES)
    return made


async def test_there_back_listed_and_gone(served: Served, tmp_path: Path, file: Path) -> None:
    there = place(served, tmp_path)
    digest = hashlib.sha256(BYTES).hexdigest()
    try:
        assert list(await there.names()) in ([], [".", ".."])
        await there.put(file, NAME, digest)
        await there.put(file, NAME, digest)
        assert (served.folder / NAME).read_bytes() == BYTES
        (served.folder / "notes äö.txt").touch()
        assert {NAME, "notes äö.txt"} <= set(await there.names())
        assert f"{NAME}.part" not in await there.names()
        await there.get(NAME, tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == BYTES
        await there.remove(NAME)
        await there.remove(NAME)
        assert not (served.folder / NAME).exists()
        with pytest.raises(DeliveryError, match="no such folder or file there"):
            await there.get(NAME, tmp_path / "gone")
    finally:
        await there.close()


async def test_what_did_not_arrive_whole_gets_no_name(
    served: Served, tmp_path: Path, file: Path
) -> None:
    there = place(served, tmp_path)
    try:
        with pytest.raises(DeliveryError, match=r"what arrived .* is not what was sent") as caught:
            await there.put(file, NAME, hashlib.sha256(b"other").hexdigest())
        assert caught.value.retry
        assert [one.name for one in served.folder.iterdir()] == [f"{NAME}.part"]
    finally:
        await there.close()


async def test_a_wrong_password_and_a_missing_folder_are_told_without_the_password(
    served: Served, tmp_path: Path
) -> None:
    for words, said in (
        ({"password": "canary wrong-1"}, "let ada in|take this user"),
        ({"address": served.address + "x"}, "no such folder"),
    ):
        there = place(served, tmp_path, **words)
        try:
            with pytest.raises(DeliveryError, match=said) as caught:
                await there.names()
        finally:
            await there.close()
        assert not caught.value.retry
        assert "canary" not in str(caught.value) + repr(there.__dict__)


async def test_nobody_there_is_worth_another_try(tmp_path: Path, served: Served) -> None:
    scheme, _, rest = served.address.partition("://")
    port = rest.split(":")[1].split("/")[0]
    there = place(served, tmp_path, address=served.address.replace(port, "1"))
    with pytest.raises(DeliveryError) as caught:
        await there.names()
    await there.close()
    assert caught.value.retry
    assert scheme in ("sftp", "webdav")


async def test_another_machine_gets_nothing(tmp_path: Path, file: Path) -> None:
    with sftp(tmp_path / "backups", tmp_path) as served:
        for key, said in (
            ("SHA256:" + "A" * 43, "another machine answers"),
            ("", f"its host key {served.host_key.replace('+', '.')} is not known"),
        ):
            there = place(served, tmp_path, host_key=key)
            with pytest.raises(DeliveryError, match=said) as caught:
                await there.put(file, NAME, "")
            assert not caught.value.retry
        assert list(served.folder.iterdir()) == []


async def test_by_key_without_a_password(tmp_path: Path, file: Path) -> None:
    with sftp(tmp_path / "backups", tmp_path) as served:
        access = Access(key_file=served.key_file, host_key=served.host_key)
        there = open_place(read_place(served.address), access)
        await there.put(file, NAME, hashlib.sha256(BYTES).hexdigest())
        await there.close()
        assert (served.folder / NAME).read_bytes() == BYTES
