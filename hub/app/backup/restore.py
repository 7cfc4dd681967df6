"""Putting a backup back: beside where it belongs, compared, and only then moved there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.app.backup.agefile import Opener, decrypt
from hub.app.backup.archive import Manifest, read_archive
from hub.app.backup.errors import BackupError
from hub.app.backup.make import DATABASE, check_household
from hub.domain.values import dataclass
from hub.store.database import DataFolderInUse, lock_folder


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, after all of it was found to be as ``manifest`` says.

    ``faults`` are of the log; ``aside`` are the folders that were there before.
    """

    manifest: Manifest
    faults: int
    aside: tuple[Path, ...] = ()


def restore_backup(
    file: Path, config: Path, data: Path, opener: Opener, *, aside: str = ""
) -> Restored:
    """Put a backup back into two folders that are missing or empty.

    With ``aside`` a full one is renamed by adding that to its name, once all was compared; nothing
    of it is deleted. BackupError when it cannot be opened or differs from what it says; then
    neither folder was touched.
    """
    if not file.is_file():
        raise BackupError(f"{file}: no such file")
    if not aside:
        refuse_full(config, data)
    for folder in (data, config) if aside else ():
        _may_go(folder, folder.with_name(folder.name + aside))
    try:
        with _beside(data) as here, _beside(config) as there:
            decrypt(file, here / "plain.tar", opener)
            unpacked = here / "unpacked"
            unpacked.mkdir()
            manifest = read_archive(here / "plain.tar", unpacked)
            (here / "plain.tar").unlink()
            faults = check_household(unpacked / "config", unpacked / "data", manifest)
            (unpacked / "data").chmod(0o700)
            # The config may belong on another disk, where nothing can be moved to in one step.
            moved = there / "config"
            if (unpacked / "config").is_dir():
                shutil.copytree(unpacked / "config", moved)
            else:
                moved.mkdir()
            gone = tuple(
                folder.replace(folder.with_name(folder.name + aside))
                for folder in (config, data)
                if aside and folder.is_dir() and any(folder.iterdir())
            )
            _into_place(moved, config)
            _into_place(unpacked / "data", data)
    except OSError as error:
        raise BackupError(f"{error.filename or data}: {error.strerror or error}") from None
    return Restored(manifest, faults, gone)


def _may_go(folder: Path, to: Path) -> None:
    if to.exists():
        raise BackupError(f"{to}: it is there already")
    if folder.is_mount():
        raise BackupError(f"{folder}: a disk is mounted there; expected it to be empty")
    if (folder / DATABASE).exists():
        try:
            lock_folder(folder).close()
        except DataFolderInUse as error:
            raise BackupError(f"{error}: stop it first") from None


def refuse_full(*folders: Path) -> None:
    """Return when each folder is missing or empty; BackupError otherwise."""
    for folder in folders:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BackupError(
                f"{folder}: expected a folder that is missing or empty (--replace moves it aside)"
            )


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    parent = folder.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.restoring-", dir=parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _into_place(source: Path, target: Path) -> None:
    """Take the place of a missing or empty folder in one step; the rest is there, or nothing is."""
    target = target.resolve()
    try:
        source.replace(target)
    except OSError:
        # A mount point cannot be replaced: what is in it is moved in, each file in one step.
        for one in sorted(source.iterdir()):
            shutil.move(one, target / one.name)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
