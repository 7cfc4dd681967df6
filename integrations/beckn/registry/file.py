"""The file registry: a household's or a neighbourhood's own list, which people may edit."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from integrations.beckn.errors import RegistryError
from integrations.beckn.registry.entry import (
    VERSIONS,
    Entry,
    Role,
    Version,
    check_key,
    check_name,
    check_uri,
)

log = logging.getLogger(__name__)

_BIGGEST = 1024 * 1024
_REQUIRED = {"subscriber_id", "unique_key_id", "uri", "role", "signing_public_key"}
_OPTIONAL = {"version", "domains", "encr_public_key", "valid_from", "valid_until"}


class FileRegistry:
    """A registry file, read again when it changes.

    A file that is missing registers nobody. One that becomes faulty is reported once, and what it
    said before stays in force.
    """

    def __init__(self, path: Path | None) -> None:
        """Read ``path`` at first use; None is the empty registry."""
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._entries: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        """Return who is registered now; the same object as long as nothing changed."""
        if self.path is None:
            return ()
        stamp = _stamp(self.path)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._entries = load(self.path)
            except RegistryError as error:
                log.error("%s; the registry stays as it was", error)
        return self._entries


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
    _check_twice(path, entries)
    return tuple(entries)


def _check_twice(path: Path, entries: list[Entry]) -> None:
    keys: dict[tuple[str, str], str] = {}
    seen = set()
    for entry in entries:
        key = (entry.subscriber_id, entry.unique_key_id)
        one = (*key, entry.role, entry.version)
        if one in seen or keys.setdefault(key, entry.signing_public_key) != (
            entry.signing_public_key
        ):
            raise RegistryError(f"{path}: {key[0]} is registered twice with the key {key[1]}")
        seen.add(one)


def upsert(path: Path, entry: Entry) -> None:
    """Put ``entry`` into the file in place of what it says of that subscriber, atomically.

    In place of what was there in the same role and version: one may buy and sell, and speak both.
    Several processes may do so at once. Other entries and comments stay. RegistryError when the
    file is faulty: what a person wrote is not overwritten.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        if entry in load(path):
            return
        document = _document(path) or {"subscribers": []}
        rows = document["subscribers"]
        rows[:] = [row for row in rows if not _replaced(row, entry)]
        rows.append(
            {
                "subscriber_id": entry.subscriber_id,
                "uri": entry.uri,
                "version": entry.version,
                "role": entry.role,
                "domains": list(entry.domains),
                "unique_key_id": entry.unique_key_id,
                "signing_public_key": entry.signing_public_key,
                **({"encr_public_key": entry.encr_public_key} if entry.encr_public_key else {}),
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


def _replaced(row: dict[str, object], entry: Entry) -> bool:
    if row["subscriber_id"] != entry.subscriber_id:
        return False
    if (row["role"], row.get("version", "2.0.0")) == (entry.role, entry.version):
        return True
    # One name for two keys would make the file faulty.
    return (
        row["unique_key_id"] == entry.unique_key_id
        and row["signing_public_key"] != entry.signing_public_key
    )


def _entry(row: object, where: str) -> Entry:
    if not isinstance(row, dict):
        raise RegistryError(f"{where}: expected a participant with subscriber_id, uri, …")
    unknown = set(row) - _REQUIRED - _OPTIONAL
    if unknown:
        raise RegistryError(f"{where}: {', '.join(map(str, sorted(unknown, key=str)))}: not known")
    version, domains = row.get("version", "2.0.0"), row.get("domains", ["grocery"])
    if version not in VERSIONS:
        raise RegistryError(f"{where}: version: expected one of {', '.join(VERSIONS)}")
    if row.get("role") not in ("BAP", "BPP"):
        raise RegistryError(f"{where}: role: expected BAP (buys) or BPP (sells)")
    if not isinstance(domains, list) or not all(isinstance(name, str) for name in domains):
        raise RegistryError(f"{where}: domains: expected a list such as [grocery]")
    return Entry(
        subscriber_id=check_name(row.get("subscriber_id"), f"{where}: subscriber_id"),
        unique_key_id=check_name(row.get("unique_key_id"), f"{where}: unique_key_id"),
        uri=check_uri(row.get("uri"), f"{where}: uri"),
        role=cast(Role, row["role"]),
        signing_public_key=check_key(row.get("signing_public_key"), f"{where}: signing_public_key"),
        version=cast(Version, version),
        domains=tuple(domains),
        encr_public_key=str(row.get("encr_public_key") or ""),
        valid_from=_instant(row.get("valid_from"), f"{where}: valid_from"),
        valid_until=_instant(row.get("valid_until"), f"{where}: valid_until"),
    )


def _instant(value: object, where: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise RegistryError(f"{where}: expected an instant such as 2026-11-24T18:00:00Z") from None
    # YAML's own timestamps lose their zone: they are in UTC.
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
