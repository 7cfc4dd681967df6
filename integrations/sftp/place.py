"""Backups in a folder over SFTP: a server is believed by its host key alone.

What may be done there is SFTP version 3 as OpenSSH speaks it (draft-ietf-secsh-filexfer-02); a name
that is there already is replaced only where the server has OpenSSH's ``posix-rename``.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from hub.domain.values import dataclass
from hub.ports import DeliveryError

if TYPE_CHECKING:
    import asyncssh

_CONNECT = 30.0
_ALIVE = 20.0
_CHUNK = 256 * 1024
_MOST_NAMES = 20_000


@dataclass(frozen=True, slots=True)
class SftpLogin:
    """How a server is reached and known.

    ``host_key`` is the fingerprint (``SHA256:…``) that it must have; without one it must stand in
    ``known_hosts`` (None: the user's ``~/.ssh/known_hosts``).
    """

    host: str
    port: int
    user: str
    folder: str
    password: str = field(default="", repr=False)
    key_file: Path | None = None
    host_key: str = ""
    known_hosts: Path | None = None

    @property
    def words(self) -> str:
        """Return how it is told to a person; nothing in it is secret."""
        port = "" if self.port == 22 else f":{self.port}"
        return f"sftp://{self.user}@{self.host}{port}{self.folder}"


class SftpPlace:
    """A folder on an SFTP server (``hub.ports.BackupPlace``); connected at the first need."""

    def __init__(self, login: SftpLogin) -> None:
        """Nothing is connected yet."""
        self._login = login
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    async def names(self) -> Sequence[str]:
        """Return the names of the files in it. Raises DeliveryError."""
        found: list[str] = []
        async with self._there() as sftp:
            async for entry in sftp.scandir(self._login.folder):
                found.append(str(entry.filename))
                if len(found) > _MOST_NAMES:
                    raise DeliveryError(
                        f"{self._login.words}: more than {_MOST_NAMES} files; expected a folder "
                        "for backups alone",
                        retry=False,
                    )
        return found

    async def put(self, file: Path, name: str, sha256: str) -> None:
        """Send a file, read it back, and only then name it. Raises DeliveryError."""
        import asyncssh

        part = self._path(f"{name}.part")
        async with self._there() as sftp:
            await sftp.put(str(file), part)
            digest, size = hashlib.sha256(), 0
            async with sftp.open(part, "rb") as stream:
                while isinstance(chunk := await stream.read(_CHUNK), bytes) and chunk:
                    digest.update(chunk)
                    size += len(chunk)
            if digest.hexdigest() != sha256:
                raise DeliveryError(
                    f"{self._login.words}: what arrived ({size} bytes) is not what was sent "
                    f"({_size(file)} bytes)"
                )
            try:
                await sftp.posix_rename(part, self._path(name))
            except asyncssh.SFTPOpUnsupported:
                await sftp.rename(part, self._path(name))

    async def get(self, name: str, file: Path) -> None:
        """Bring a file here. Raises DeliveryError."""
        async with self._there() as sftp:
            await sftp.get(self._path(name), str(file))

    async def remove(self, name: str) -> None:
        """Delete a file, if it is there. Raises DeliveryError."""
        import asyncssh

        async with self._there() as sftp:
            with suppress(asyncssh.SFTPNoSuchFile):
                await sftp.remove(self._path(name))

    async def close(self) -> None:
        """End the connection."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            connection.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(connection.wait_closed(), _CONNECT)

    def _path(self, name: str) -> str:
        return f"{self._login.folder.rstrip('/')}/{name}"

    @asynccontextmanager
    async def _there(self) -> AsyncIterator[asyncssh.SFTPClient]:
        import asyncssh

        try:
            if self._sftp is None:
                self._sftp = await self._connect()
            yield self._sftp
        except DeliveryError:
            await self.close()
            raise
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            raise DeliveryError(
                f"{self._login.words}: no such folder or file there", retry=False
            ) from None
        except asyncssh.SFTPPermissionDenied:
            raise DeliveryError(
                f"{self._login.words}: {self._login.user} may not read or write there", retry=False
            ) from None
        except (asyncssh.Error, OSError, TimeoutError) as error:
            await self.close()
            raise DeliveryError(f"{self._login.words}: {_said(error)}") from None

    async def _connect(self) -> asyncssh.SFTPClient:
        import asyncssh

        login = self._login
        seen: list[str] = []

        class Known(asyncssh.SSHClient):
            def validate_host_public_key(
                self, host: str, addr: str, port: int, key: asyncssh.SSHKey
            ) -> bool:
                seen.append(key.get_fingerprint())
                return bool(login.host_key) and seen[-1] == login.host_key

        nobody: tuple[list[str], list[str], list[str]] = ([], [], [])
        known = nobody if login.host_key else _known_hosts(login.known_hosts) or nobody
        try:
            connection, _ = await asyncssh.create_connection(
                Known,
                login.host,
                login.port,
                username=login.user,
                password=login.password or None,
                client_keys=[str(login.key_file)] if login.key_file else None,
                agent_path=None,
                config=None,
                known_hosts=known,
                connect_timeout=_CONNECT,
                keepalive_interval=_ALIVE,
            )
        except asyncssh.HostKeyNotVerifiable:
            raise DeliveryError(self._stranger(seen), retry=False) from None
        except asyncssh.PermissionDenied:
            raise DeliveryError(
                f"{login.words}: it does not let {login.user} in with this key or password",
                retry=False,
            ) from None
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise DeliveryError(f"{login.key_file}: {error}", retry=False) from None
        self._connection = connection
        return await connection.start_sftp_client()

    def _stranger(self, seen: Sequence[str]) -> str:
        login = self._login
        shown = seen[-1] if seen else "one that was not told"
        if login.host_key:
            return (
                f"{login.words}: its host key is {shown}, not {login.host_key}: another machine "
                "answers, or it was set up anew. Nothing was sent"
            )
        return (
            f"{login.words}: its host key {shown} is not known. Compare it with what "
            "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints there, then set "
            "backup.host_key"
        )


def _size(file: Path) -> int:
    return file.stat().st_size


def _known_hosts(file: Path | None) -> str:
    """Return the file of known servers, "" when there is none."""
    file = file or Path("~/.ssh/known_hosts").expanduser()
    return str(file) if file.is_file() else ""


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(getattr(error, "reason", "") or error).split())[:200] or repr(error)
