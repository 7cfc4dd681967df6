"""Making a backup while the hub runs: copied, encrypted, read back, compared, then named."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hub.app.backup.agefile import Lock, decrypt, encrypt
from hub.app.backup.archive import Manifest, describe, read_archive, write_archive
from hub.app.backup.errors import BackupError
from hub.app.backup.names import NAME, STAMP, outdated
from hub.domain.values import dataclass
from hub.keyfiles.files import SecretsError
from hub.keyfiles.ledgerkey import LEDGER_KEY, LedgerKey, read_ledger_key
from hub.ledger.verify import LogUnreadable
from hub.store.copy import CopyError, copy_database, counts, is_database, whole
from hub.store.logfile import verify_file

DATABASE = "hub.sqlite"
WORKING = ".backup-"
_LEFT_OUT = re.compile(r"\..*|.*-(?:wal|shm|journal)|.*\.new|hub\.lock|.*\.part|.*\.log|.*\.pid")


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written and checked; ``faults`` of the log were there before it.

    ``where`` is how the place is told to a person, ``size`` are bytes.
    """

    file: Path
    manifest: Manifest
    faults: int
    where: str
    size: int


def make_backup(config: Path, data: Path, to: Path, lock: Lock, now: datetime) -> Made:
    """Write one encrypted file with all of a household; return it once it was read back.

    ``to`` is a folder, where it is named after the time, or a file that does not exist. BackupError
    when it cannot be made; then nothing of it is left.
    """
    if not (data / DATABASE).is_file():
        raise BackupError(f"{data}: no hub has run here yet (expected {DATABASE} in it)")
    target = to / f"commonhearth-{now.astimezone(UTC).strftime(STAMP)}.age" if to.is_dir() else to
    if target.exists():
        raise BackupError(f"{target}: it is there already")
    if not target.parent.is_dir():
        raise BackupError(f"{target.parent}: no such folder")
    part = target.with_name(f"{target.name}.part")
    try:
        with working(data, WORKING) as folder:
            manifest, files = _collect(config, data, folder, now, {to.resolve(), target.resolve()})
            write_archive(folder / "plain.tar", manifest, files)
            part.touch(mode=0o600)
            opener = encrypt(folder / "plain.tar", part, lock)
            (folder / "plain.tar").unlink()
            _flush(part)
            decrypt(part, folder / "again.tar", opener)
            (folder / "again").mkdir()
            if read_archive(folder / "again.tar", folder / "again") != manifest:
                raise BackupError(f"{part}: what was written is not what was to be written")
            again = folder / "again"
            faults = check_household(again / "config", again / "data", manifest)
        part.replace(target)
        _flush(target.parent)
    except OSError as error:
        raise BackupError(f"{error.filename or target}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
    return Made(target, manifest, faults, str(target), target.stat().st_size)


def check_household(config: Path, data: Path, manifest: Manifest) -> int:
    """Compare folders with what their backup says of them; return the faults of their log.

    BackupError names the first thing that differs.
    """
    try:
        found = _judged(config, data)
    except (CopyError, LogUnreadable, SecretsError) as error:
        raise BackupError(str(error)) from None
    household, numbers, log, faults = found
    if household != manifest.household:
        raise BackupError(f"it is the household {household}, not {manifest.household}")
    for name, number in manifest.counts.items():
        if numbers.get(name) != number:
            raise BackupError(f"{numbers.get(name)} {name}, not {number} as backed up")
    if log != dict(manifest.log):
        raise BackupError(f"the log is {log}, not {dict(manifest.log)} as backed up")
    return faults


def _judged(config: Path, data: Path) -> tuple[str, dict[str, int], dict[str, object], int]:
    database = data / DATABASE
    whole(database)
    key: LedgerKey = read_ledger_key(data / "secrets" / LEDGER_KEY)
    report = verify_file(database, key.key.verifier)
    log: dict[str, object] = {
        "entries": report.entries,
        "signed": report.signed,
        "root": report.verdict.frontier.root.hex(),
    }
    numbers = {**_configured(config), **counts(database), "keys": _keys(data)}
    return key.name, numbers, log, report.verdict.faults_found


def _configured(config: Path) -> dict[str, int]:
    from hub.app.config import read_config

    if not config.is_dir():
        return {}
    found = read_config(config)
    return {
        "members": len(found.members),
        "pantry items": len(found.pantry),
        "rules": len(found.rules.rules()),
    }


def _keys(data: Path) -> int:
    """Return how many files with keys there are, of the hub and of its broker."""
    return sum(
        1
        for folder in ("secrets", "broker")
        for file in (data / folder).glob("*")
        if file.is_file() and not _LEFT_OUT.fullmatch(file.name)
    )


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest ``keep`` backups that the hub named itself; return them."""
    # Whoever ended a backup half-way (a power cut) left its beginning.
    gone, begun = outdated((file.name for file in folder.iterdir()), keep)
    for name in gone + begun:
        (folder / name).unlink()
    return [folder / name for name in gone]


@contextmanager
def working(parent: Path, prefix: str) -> Iterator[Path]:
    """Give a folder beside the data, on the same disk and for the owner only; gone at the end.

    ``prefix`` is the caller's own: what an earlier one left under it (a power cut) is deleted.
    """
    for left in parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _collect(
    config: Path, data: Path, folder: Path, now: datetime, not_these: set[Path]
) -> tuple[Manifest, dict[str, Path]]:
    files = {}
    for top, root, other in (("data", data, config), ("config", config, data)):
        for file in _files(root, not_these | {other.resolve()}):
            name = f"{top}/{file.relative_to(root).as_posix()}"
            copy = folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                if is_database(file):
                    copy_database(file, copy)
                else:
                    shutil.copyfile(file, copy)
                copy.chmod(0o600)
            except CopyError as error:
                raise BackupError(str(error)) from None
            files[name] = copy
    private = {name for name in files if name.startswith("data/") or _private(config, name)}
    members = {name: describe(copy, private=name in private) for name, copy in files.items()}
    try:
        household, numbers, log, _ = _judged(folder / "config", folder / "data")
    except (CopyError, LogUnreadable, SecretsError) as error:
        raise BackupError(str(error)) from None
    return Manifest(now.isoformat(), household, numbers, log, members), files


def _files(root: Path, not_these: set[Path]) -> Iterator[Path]:
    for here, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (Path(here) / name).resolve() not in not_these
        )
        for name in sorted(names):
            file = Path(here) / name
            wanted = file.is_file() and not _LEFT_OUT.fullmatch(name) and not NAME.fullmatch(name)
            if wanted and file.resolve() not in not_these:
                yield file


def _private(config: Path, name: str) -> bool:
    return not (config / name.removeprefix("config/")).stat().st_mode & 0o044


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
