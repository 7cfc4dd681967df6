"""Where backups are kept on other machines, as people write it (pure)."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from hub.domain.values import dataclass

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PORTS = {"sftp": 22, "webdav": 80, "webdavs": 443, "https": 443}


@dataclass(frozen=True, slots=True)
class PlaceAddress:
    """A folder on another machine, or a file in one. No password is in it."""

    scheme: str
    user: str
    host: str
    port: int
    path: str

    @property
    def http(self) -> str:
        """Return a WebDAV folder's address for HTTP; the path is as it was written."""
        scheme = "http" if self.scheme == "webdav" else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[scheme] == self.port
        return f"{scheme}://{host}{'' if usual else f':{self.port}'}{self.path}"


def is_place(text: str) -> bool:
    """Tell whether something is written as an address, not as a folder of this machine."""
    return _SCHEME.match(text) is not None


def read_place(text: str) -> PlaceAddress:
    """Return what an address says. ValueError in one line that never repeats a password."""
    try:
        parts = urlsplit(text)
        port = parts.port
        host, user, password = parts.hostname, parts.username, parts.password
    except ValueError:
        raise ValueError("expected sftp://user@host/path or webdavs://user@host/path") from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise ValueError(f"expected sftp://, webdavs:// or https://, not {scheme[:20]}://")
    if password is not None:
        raise ValueError("a password does not belong into the address: use backup.password_file")
    if not host or parts.query or parts.fragment or not text.isprintable():
        raise ValueError(f"expected {scheme}://user@host/path")
    if scheme == "sftp" and not user:
        raise ValueError("expected a user: sftp://user@host/path")
    path = parts.path or "/"
    if scheme == "sftp":
        # As curl has it: /~/ is the user's home there.
        path = unquote(path)
        path = path[3:] or "." if path.startswith("/~/") else path
    return PlaceAddress(scheme, unquote(user or ""), host, port or _PORTS[scheme], path)
