"""Reading and replacing whole text files of the household; a file is never seen half written."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from hub.app.yamledit import EditError, change
from hub.domain.yamltext import MAX_SIZE
from hub.web.files import CannotWrite


def read(file: Path) -> str:
    """Return a file's text; a missing one is empty. Raises CannotWrite where it cannot be read."""
    try:
        if file.stat().st_size > 4 * MAX_SIZE:
            raise CannotWrite(f"{file.name} is too large to be edited here")
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise CannotWrite(f"{file.name}: expected text in UTF-8") from None
    except OSError as error:
        raise CannotWrite(f"{file.name} cannot be read: {error.strerror}") from None


def put(file: Path, text: str) -> None:
    """Put a whole text in place of a file, through a link where it is one, keeping its mode.

    Raises CannotWrite.
    """
    target = file.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        draft.chmod(mode)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise CannotWrite(
            f"{file.name} cannot be written ({error.strerror}); the hub needs the right to write "
            f"in {target.parent}"
        ) from None


def changed(text: str, name: str, changes: Mapping[tuple[str | int, ...], object]) -> str:
    """Return a YAML text with values changed. Raises CannotWrite where that is not safe."""
    try:
        return change(text, name, changes)
    except EditError as error:
        raise CannotWrite(str(error)) from error


def stamp(text: str) -> str:
    """Return what changes when a text does."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def said_stamp(said: object) -> str:
    """Return what changes when that does which a file says somewhere, not how it is written."""
    return stamp(json.dumps(said, sort_keys=True, default=str))
