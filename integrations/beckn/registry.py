"""The file registry: who takes part in the network, where they are, and their public keys."""

from __future__ import annotations

import base64
import binascii
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from hub.domain.orders import Subscriber
from integrations.beckn.errors import RegistryError

log = logging.getLogger(__name__)

Role = Literal["BAP", "BPP"]
_VERSIONS = ("2.0.0", "1.1.1")
_BIGGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One participant: a BAP buys, a BPP sells. ``uri`` is what actions are appended to.

    ``signing_public_key`` is the base64 of an Ed25519 public key, known as ``unique_key_id``.
    """

    subscriber_id: str
    uri: str
    role: Role
    signing_public_key: str
    unique_key_id: str
    version: Literal["2.0.0", "1.1.1"] = "2.0.0"
    domains: tuple[str, ...] = ("grocery",)

    @property
    def public_key(self) -> bytes:
        """Return the 32 bytes of the public key."""
        return base64.b64decode(self.signing_public_key)

    @property
    def subscriber(self) -> Subscriber:
        """Return the participant as the hub's orders name it."""
        return Subscriber(self.subscriber_id, self.uri, self.version)


class Registry:
    """A registry file, read again when it changes.

    A file that is missing registers nobody. One that becomes faulty is reported once, and what it
    said before stays in force.
    """

    def __init__(self, path: Path | None) -> None:
        """Read ``path`` at first use; None is the empty registry."""
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._entries: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        """Return who is registered now."""
        if self._path is None:
            return ()
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._entries = load(self._path)
            except RegistryError as error:
                log.error("%s; the registry stays as it was", error)
        return self._entries

    def find(self, subscriber_id: str, *, role: Role | None = None) -> Entry | None:
        """Return the participant of that id (and role), or None."""
        for entry in self.entries():
            if entry.subscriber_id == subscriber_id and role in (None, entry.role):
                return entry
        return None

    def public_key_of(self, subscriber_id: str, unique_key_id: str) -> bytes | None:
        """Return a participant's public key by its name, or None."""
        for entry in self.entries():
            if (entry.subscriber_id, entry.unique_key_id) == (subscriber_id, unique_key_id):
                return entry.public_key
        return None


def load(path: Path) -> tuple[Entry, ...]:
    """Read a registry file; RegistryError names the file, the line and what was expected."""
    document = _document(path)
    if document is None:
        return ()
    rows = document.get("subscribers") if isinstance(document, dict) else None
    if rows is None:
        raise RegistryError(f"{path}:1: expected a list named 'subscribers'")
    if not isinstance(rows, list):
        raise RegistryError(f"{path}:1: 'subscribers' should be a list")
    entries = []
    for number, row in enumerate(rows):
        where = f"{path}:{rows.lc.item(number)[0] + 1}"  # type: ignore[attr-defined]
        entries.append(_entry(row, where))
    keys = [(entry.subscriber_id, entry.unique_key_id) for entry in entries]
    for key in keys:
        if keys.count(key) > 1:
            raise RegistryError(f"{path}: {key[0]} is registered twice with the key {key[1]}")
    return tuple(entries)


def upsert(path: Path, entry: Entry) -> None:
    """Put ``entry`` into the file in place of what it says of that subscriber, atomically.

    Several processes may do so at once. Other entries and comments stay. RegistryError when the
    file is faulty: what a person wrote is not overwritten.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        if entry in load(path):
            return
        document = _document(path) or {"subscribers": []}
        rows = document["subscribers"]
        rows[:] = [row for row in rows if row["subscriber_id"] != entry.subscriber_id]
        rows.append(
            {
                "subscriber_id": entry.subscriber_id,
                "uri": entry.uri,
                "version": entry.version,
                "role": entry.role,
                "domains": list(entry.domains),
                "unique_key_id": entry.unique_key_id,
                "signing_public_key": entry.signing_public_key,
            }
        )
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with draft.open("w", encoding="utf-8") as file:
            YAML().dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _document(path: Path) -> dict[str, list[dict[str, object]]] | None:
    try:
        if path.stat().st_size > _BIGGEST:
            raise RegistryError(f"{path}: a registry should be smaller than {_BIGGEST} bytes")
        document: dict[str, list[dict[str, object]]] | None = YAML().load(
            path.read_text(encoding="utf-8")
        )
    except FileNotFoundError:
        return None
    except (YAMLError, UnicodeDecodeError, OSError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise RegistryError(f"{path}{line}: not readable as YAML: {problem}") from error
    return document


def _entry(row: object, where: str) -> Entry:
    if not isinstance(row, dict):
        raise RegistryError(f"{where}: expected a participant with subscriber_id, uri, …")
    texts = {}
    for name in ("subscriber_id", "uri", "role", "signing_public_key", "unique_key_id"):
        value = row.get(name)
        if not isinstance(value, str) or not value or any(c in value for c in '"|\n '):
            raise RegistryError(f"{where}: {name}: expected text without spaces, quotes or '|'")
        texts[name] = value
    unknown = set(row) - set(texts) - {"version", "domains"}
    if unknown:
        raise RegistryError(f"{where}: {', '.join(map(str, sorted(unknown, key=str)))}: not known")
    version, domains = row.get("version", "2.0.0"), row.get("domains", ["grocery"])
    if version not in _VERSIONS:
        raise RegistryError(f"{where}: version: expected one of {', '.join(_VERSIONS)}")
    if texts["role"] not in ("BAP", "BPP"):
        raise RegistryError(f"{where}: role: expected BAP (buys) or BPP (sells)")
    if not isinstance(domains, list) or not all(isinstance(name, str) for name in domains):
        raise RegistryError(f"{where}: domains: expected a list such as [grocery]")
    _check_uri(texts["uri"], where)
    try:
        key = base64.b64decode(texts["signing_public_key"], validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise RegistryError(
            f"{where}: signing_public_key: expected the base64 of an Ed25519 public key (32 bytes)"
        )
    return Entry(**texts, version=version, domains=tuple(domains))  # type: ignore[arg-type]


def _check_uri(uri: str, where: str) -> None:
    try:
        parts = urlsplit(uri)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise RegistryError(f"{where}: uri: expected http(s)://host[:port]/path")
