"""Backups on other machines: sent, read back, named, and the oldest of them deleted.

One is made whole in the data folder first: what is sent was decrypted and compared before.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from hub.app.backup.agefile import Lock, read_line
from hub.app.backup.errors import BackupError
from hub.app.backup.make import Made, make_backup, working
from hub.app.backup.names import NAME, outdated
from hub.domain.places import PlaceAddress, read_place
from hub.domain.values import dataclass
from hub.ports import BackupPlace, DeliveryError

PAUSES = (2.0, 8.0, 30.0)
"""Seconds before a try that failed is made again."""
WORKING = ".sending-"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """How one gets into a place: files with secrets, and what the other side must show."""

    password_file: Path | None = None
    key_file: Path | None = None
    host_key: str = ""
    ca_file: Path | None = None


def open_place(address: PlaceAddress, access: Access) -> BackupPlace:
    """Return the folder at an address, not yet connected. BackupError: a secret is missing."""
    password = read_line(access.password_file) if access.password_file is not None else ""
    if address.scheme == "sftp":
        from integrations.sftp.place import SftpLogin, SftpPlace

        return SftpPlace(
            SftpLogin(
                address.host,
                address.port,
                address.user,
                address.path,
                password,
                access.key_file,
                access.host_key,
            )
        )
    from integrations.webdav.place import DavLogin, DavPlace

    return DavPlace(DavLogin(address.http, address.user, password, access.ca_file))


def send_backup(
    config: Path,
    data: Path,
    to: str,
    lock: Lock,
    access: Access,
    now: datetime,
    *,
    keep: int | None = None,
    pauses: Sequence[float] = PAUSES,
) -> tuple[Made, list[str]]:
    """Make a backup and send it to an address; return it and the names of those deleted there.

    ``keep``: how many stay; None deletes none. BackupError when it could not be sent; then it
    counts as not made, and what is there stays.
    """
    address = _address(to)
    place = open_place(address, access)
    with working(data, WORKING) as folder:
        made = make_backup(config, data, folder, lock, now)
        with made.file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()

        async def send() -> list[str]:
            await place.put(made.file, made.file.name, digest)
            if keep is None:
                return []
            gone, begun = outdated(await place.names(), keep)
            for name in gone + begun:
                await place.remove(name)
            return gone

        gone = _patiently(place, send, pauses)
    return replace(made, where=f"{to.rstrip('/')}/{made.file.name}"), gone


@contextmanager
def fetched(
    address: str, beside: Path, access: Access, *, pauses: Sequence[float] = PAUSES
) -> Iterator[Path]:
    """Give a backup from an address as a file that is gone afterwards.

    The address is of one, or of a folder: then the newest. BackupError when there is none.
    """
    whole = _address(address)
    folder, _, name = whole.path.rstrip("/").rpartition("/")
    name = unquote(name)
    if name.endswith(".age"):
        whole = replace(whole, path=folder or ("." if whole.path[:1] != "/" else "/"))
    else:
        name = ""
    place = open_place(whole, access)
    parent = beside.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    with working(parent, WORKING) as here:
        file = here / "fetched.age"

        async def fetch() -> None:
            wanted = name or max(filter(NAME.fullmatch, await place.names()), default="")
            if not wanted:
                raise DeliveryError(f"{address}: no backup is there", retry=False)
            await place.get(wanted, file)

        _patiently(place, fetch, pauses)
        yield file


def _address(text: str) -> PlaceAddress:
    try:
        return read_place(text)
    except ValueError as error:
        raise BackupError(str(error)) from None


def _patiently(place: BackupPlace, act: Callable[[], Awaitable[T]], pauses: Sequence[float]) -> T:
    async def tries() -> T:
        try:
            for pause in (*pauses, None):
                try:
                    return await act()
                except DeliveryError as error:
                    if pause is None or not error.retry:
                        raise BackupError(str(error)) from None
                await asyncio.sleep(pause)
            raise AssertionError("the last try returns or raises")
        finally:
            await place.close()

    return asyncio.run(tries())
