"""Reading and writing private files: for the hub's user alone, whole after a power cut."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODE = 0o600
LOCK = "lock.json"
"""The file in the secrets folder by which private files are locked (``hub.keyfiles.lock``)."""
SEALED = b"age-encryption.org/v1\n"
"""How a locked file begins: it is one of age's."""
_MOST = 16 * 1024 * 1024


class SecretsError(Exception):
    """A private file cannot be used; the text names it and says what to do, in one line."""


def read(file: Path) -> bytes:
    """Return what a private file holds, also where it is locked.

    Raises SecretsError when others may read it, when it is larger than any of ours (16 MiB), or
    when it is locked and nothing opens it; OSError when it cannot be opened.
    """
    raw = read_raw(file)
    if not raw.startswith(SEALED):
        return raw
    from hub.keyfiles.lock import unseal

    return unseal(file, raw)


def read_raw(file: Path) -> bytes:
    """Return a private file's bytes, as they are. Raises SecretsError, OSError."""
    with file.open("rb") as stream:
        found = os.fstat(stream.fileno())
        if found.st_mode & 0o077:
            raise SecretsError(exposed(file, found.st_mode))
        raw = stream.read(_MOST + 1)
    if len(raw) > _MOST:
        raise SecretsError(f"{file}: expected a private file of at most {_MOST} bytes")
    return raw


def read_text(file: Path) -> str:
    """Return a private file's text. Raises what ``read`` raises, ValueError when it is none."""
    return read(file).decode()


@contextmanager
def as_path(file: Path) -> Iterator[Path]:
    """Give a private file to a library that opens a path itself. Raises what ``read`` raises.

    What it holds is in memory alone meanwhile: nothing is written to the disk.
    """
    raw = read(file)
    handle = os.memfd_create(file.name, os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(handle), "wb") as stream:
            stream.write(raw)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def exposed(file: Path, mode: int) -> str:
    """Return what is said of a private file that others may read or change."""
    return (
        f"{file}: mode {stat.S_IMODE(mode):04o} lets others read this private file; "
        f"run: chmod 600 {file}"
    )


def write(file: Path, content: str | bytes, *, mode: int = MODE, shared: bool = False) -> None:
    """Put a private file in place in one step; a power cut leaves it, or the one before, whole.

    Where keys are locked it is locked too, unless it is ``shared`` with another program (a broker)
    or ``mode`` says that it is none of the private ones (a certificate).
    """
    draft(file, content, mode=mode, shared=shared).replace(file)
    flush(file.parent)


def draft(file: Path, content: str | bytes, *, mode: int = MODE, shared: bool = False) -> Path:
    """Return a file beside ``file`` with what is to be in it, on the disk already.

    With the usual mode it is never readable by others, not for an instant. What a crash left of
    one is no hindrance.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    raw = content.encode() if isinstance(content, str) else content
    if not shared and mode == MODE and lock_of(file) is not None:
        from hub.keyfiles.lock import seal

        raw = seal(file, raw)
    made = file.with_name(f".{file.name}.{os.getpid()}")
    made.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(made, flags, mode), "wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    return made


def lock_of(file: Path) -> Path | None:
    """Return the lock that a private file is under, None where keys are not locked.

    It is beside the household's keys; other private files lie in the data folder or below it.
    """
    data = file.parent
    for folder in (data, data / "secrets", data.parent / "secrets"):
        if (folder / LOCK).exists():
            return folder / LOCK
    return None


def flush(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
