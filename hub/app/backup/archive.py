"""The plain inside of a backup: a tar whose first member says what must follow.

Names, sizes and hashes stand in ``manifest.json``. Reading believes nothing: only plain files below
``data/`` and ``config/`` that the manifest names, at the size it names, are written.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import IO

from hub.app.backup.errors import BackupError
from hub.domain.values import dataclass

FORMAT = "commonhearth-backup/1"
MANIFEST = "manifest.json"
MOST_FILES = 10_000
MOST_BYTES = 64 * 1024 * 1024 * 1024
_LONGEST_MANIFEST = 8 * 1024 * 1024
_LONGEST_NAME = 400
_CHUNK = 1024 * 1024
_PART = re.compile(r"[^/\x00-\x1f]+")
_SPARE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the backup: its bytes, their SHA-256 in hex; ``private`` is for its owner only."""

    size: int
    sha256: str
    private: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. ``counts`` are of the household, ``log`` of its ledger."""

    made_at: str
    household: str
    counts: Mapping[str, int]
    log: Mapping[str, object]
    files: Mapping[str, Member] = field(default_factory=dict)

    def write(self) -> bytes:
        """Return it as JSON."""
        found = {
            "format": FORMAT,
            "made_at": self.made_at,
            "household": self.household,
            "counts": dict(self.counts),
            "log": dict(self.log),
            "files": {
                name: {"size": one.size, "sha256": one.sha256, "private": one.private}
                for name, one in self.files.items()
            },
        }
        return json.dumps(found, indent=1, sort_keys=True).encode()

    @classmethod
    def read(cls, raw: bytes) -> Manifest:
        """Read what ``write`` wrote; BackupError when it is not that."""
        try:
            found = json.loads(raw)
            if found["format"] != FORMAT:
                raise BackupError(f"the backup is of the format {found['format']!r}, not {FORMAT}")
            files = {
                str(name): Member(int(one["size"]), str(one["sha256"]), bool(one["private"]))
                for name, one in found["files"].items()
            }
            counts = {str(name): int(number) for name, number in found["counts"].items()}
            made = cls(
                str(found["made_at"]), str(found["household"]), counts, dict(found["log"]), files
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BackupError("the backup does not begin with what it should hold") from None
        if len(files) > MOST_FILES:
            raise BackupError(f"the backup names {len(files)} files, more than {MOST_FILES}")
        if min((one.size for one in files.values()), default=0) < 0 or made.size > MOST_BYTES:
            raise BackupError("the backup names files of impossible sizes")
        for name in files:
            _check_name(name)
        return made

    @property
    def size(self) -> int:
        """How many bytes its files have together."""
        return sum(one.size for one in self.files.values())


def _check_name(name: str) -> None:
    parts = name.split("/")
    good = (
        len(name) <= _LONGEST_NAME
        and len(parts) > 1
        and parts[0] in ("data", "config")
        and all(_PART.fullmatch(part) and part not in (".", "..") for part in parts)
    )
    if not good:
        raise BackupError(f"the backup names a file {name[:80]!r}, which is none of a household's")


def write_archive(target: Path, manifest: Manifest, files: Mapping[str, Path]) -> None:
    """Write the files under their names, the manifest first.

    BackupError when one changed since the manifest was made.
    """
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        raw = manifest.write()
        archive.addfile(_info(MANIFEST, len(raw)), io.BytesIO(raw))
        for name, member in manifest.files.items():
            with files[name].open("rb") as stream:
                archive.addfile(_info(name, member.size), stream)


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def describe(file: Path, *, private: bool) -> Member:
    """Return a file's size and hash."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return Member(stream.tell(), digest.hexdigest(), private)


def read_archive(source: Path, folder: Path) -> Manifest:
    """Unpack into ``folder``, which is empty; return the manifest, every file of it being there.

    BackupError says what is wrong; then the folder holds nothing that is to be used.
    """
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = _manifest(archive)
            free = shutil.disk_usage(folder).free
            if manifest.size + _SPARE > free:
                raise BackupError(f"{folder}: {manifest.size} bytes are needed, {free} are free")
            left = dict(manifest.files)
            while (info := archive.next()) is not None:
                member = left.pop(info.name, None)
                if member is None or not info.isreg() or info.issparse():
                    raise BackupError(
                        f"the backup holds {info.name[:80]!r}, which it does not name"
                    )
                _unpack(archive, info, member, folder)
    except (tarfile.TarError, EOFError, OverflowError) as error:
        raise BackupError(f"the backup breaks off or is damaged: {error}") from None
    if left:
        raise BackupError(f"the backup names {min(left)[:80]!r}, which is not in it")
    return manifest


def _manifest(archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg():
        raise BackupError("the backup does not begin with what it should hold")
    if first.size > _LONGEST_MANIFEST:
        raise BackupError(
            f"what the backup says of itself is longer than {_LONGEST_MANIFEST} bytes"
        )
    stream = archive.extractfile(first)
    return Manifest.read(stream.read() if stream else b"")


def _unpack(archive: tarfile.TarFile, info: tarfile.TarInfo, member: Member, folder: Path) -> None:
    if info.size != member.size:
        raise BackupError(f"{info.name}: it has {info.size} bytes, {member.size} are named")
    stream = archive.extractfile(info)
    assert stream is not None
    target = folder / info.name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = 0o600 if member.private else 0o644
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as sink:
        digest = _copy(stream, sink)
        sink.flush()
        os.fsync(sink.fileno())
    if digest != member.sha256:
        raise BackupError(f"{info.name}: it is not what was backed up: its hash differs")


def _copy(stream: IO[bytes], sink: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        sink.write(chunk)
    return digest.hexdigest()
