"""Backups in a folder over WebDAV (RFC 4918): PUT under another name, read back, then MOVE."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import aiohttp

from hub.domain.values import dataclass
from hub.ports import DeliveryError

if TYPE_CHECKING:
    import ssl

_ALIVE = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=120)
_CHUNK = 256 * 1024
_LONGEST_LIST = 8 * 1024 * 1024
_ASK = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/></D:prop></D:propfind>'
)
_LASTING = frozenset((400, 401, 403, 404, 405, 409, 412, 413, 415, 501, 507))
"""Answers that are the same in a minute."""


@dataclass(frozen=True, slots=True)
class DavLogin:
    """A folder's address (``http`` or ``https``), and how one may write there."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None


class DavPlace:
    """A folder on a WebDAV server (``hub.ports.BackupPlace``)."""

    def __init__(self, login: DavLogin) -> None:
        """Nothing is connected yet."""
        self._login = login
        self._session: aiohttp.ClientSession | None = None

    async def names(self) -> Sequence[str]:
        """Return the names in it (PROPFIND, RFC 4918 section 9.1). Raises DeliveryError."""
        headers = {"Depth": "1", "Content-Type": "application/xml"}
        async with self._ask("PROPFIND", "", headers=headers, data=_ASK) as answer:
            raw = await answer.content.read(_LONGEST_LIST + 1)
            while chunk := await answer.content.read(_CHUNK):
                raw += chunk
                if len(raw) > _LONGEST_LIST:
                    raise self._failed(f"its list is longer than {_LONGEST_LIST} bytes")
        return self._listed(raw)

    async def put(self, file: Path, name: str, sha256: str) -> None:
        """Send a file, read it back, and only then name it. Raises DeliveryError."""
        part = f"{name}.part"
        with file.open("rb") as stream:
            async with self._ask("PUT", part, data=stream):
                pass
        digest, size = hashlib.sha256(), 0
        async with self._ask("GET", part) as answer:
            async for chunk in answer.content.iter_chunked(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        if digest.hexdigest() != sha256:
            raise self._failed(
                f"what arrived ({size} bytes) is not what was sent ({_size(file)} bytes)",
                retry=True,
            )
        headers = {"Destination": self._at(name), "Overwrite": "T"}
        async with self._ask("MOVE", part, headers=headers):
            pass

    async def get(self, name: str, file: Path) -> None:
        """Bring a file here. Raises DeliveryError."""
        async with self._ask("GET", name) as answer:
            with file.open("wb") as sink:
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    sink.write(chunk)

    async def remove(self, name: str) -> None:
        """Delete a file, if it is there. Raises DeliveryError."""
        async with self._ask("DELETE", name, fine=(404,)):
            pass

    async def close(self) -> None:
        """End the connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _at(self, name: str) -> str:
        return f"{self._login.url.rstrip('/')}/{quote(name)}"

    @asynccontextmanager
    async def _ask(
        self,
        method: str,
        name: str,
        *,
        headers: dict[str, str] | None = None,
        data: object = None,
        fine: tuple[int, ...] = (),
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            if self._session is None:
                self._session = self._made()
            # A redirection could carry the password to somebody else.
            async with self._session.request(
                method, self._at(name), headers=headers, data=data, allow_redirects=False
            ) as answer:
                if not 200 <= answer.status < 300 and answer.status not in fine:
                    raise self._refused(method, answer)
                yield answer
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._failed(_said(error), retry=True) from None

    def _made(self) -> aiohttp.ClientSession:
        login = self._login
        context: ssl.SSLContext | bool = True
        if login.ca_file is not None:
            import ssl

            try:
                context = ssl.create_default_context(cafile=str(login.ca_file))
            except OSError as error:
                raise DeliveryError(f"{login.ca_file}: {error}", retry=False) from None
        headers = {}
        if login.user:
            pair = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        return aiohttp.ClientSession(
            headers=headers, timeout=_ALIVE, connector=aiohttp.TCPConnector(ssl=context, limit=1)
        )

    def _refused(self, method: str, answer: aiohttp.ClientResponse) -> DeliveryError:
        status = answer.status
        said = f"{method} was answered with {status} {answer.reason or ''}".strip()
        if status == 401:
            said = "it does not take this user and password (401)"
        elif status in (404, 409):
            said = f"no such folder or file there ({status})"
        elif 300 <= status < 400:
            said = f"it sends on to elsewhere ({status}); use the address it really has"
        elif status == 507:
            said = "it has no room left (507)"
        return self._failed(said, retry=status not in _LASTING and not 300 <= status < 400)

    def _failed(self, said: str, *, retry: bool = False) -> DeliveryError:
        return DeliveryError(f"{self._login.url}: {said}", retry=retry)

    def _listed(self, raw: bytes) -> list[str]:
        from xml.etree.ElementTree import ParseError

        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        try:
            tree = fromstring(raw)
        except (ParseError, DefusedXmlException, ValueError):
            raise self._failed("what it lists is not WebDAV's XML") from None
        own = urlsplit(self._login.url).path.rstrip("/")
        found = []
        for href in tree.iter("{DAV:}href"):
            path = unquote(urlsplit((href.text or "").strip()).path).rstrip("/")
            folder, _, name = path.rpartition("/")
            if name and folder == unquote(own):
                found.append(name)
        return found


def _size(file: Path) -> int:
    return file.stat().st_size


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    with suppress(AttributeError):
        if text := str(getattr(error, "strerror", "") or ""):
            return text
    return " ".join(str(error).split())[:200] or type(error).__name__
