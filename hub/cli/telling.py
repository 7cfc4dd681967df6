"""How commands speak and fail, without the library that reads options and writes help."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_CONFIG = ROOT / "config"
DEFAULT_DATA = ROOT / "data"


class Refused(Exception):
    """What was asked cannot be done; the text is one line, ``code`` the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        """Say why, and what was expected."""
        super().__init__(message)
        self.code = code


def shown(path: Path) -> Path:
    """Return a path as it was most likely typed: seen from here where it lies below."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path


def say(text: str = "") -> None:
    """Print a line as it is."""
    sys.stdout.write(text + "\n")


def say_now(text: str) -> None:
    """Print a line so that whoever listens to the process has it at once."""
    say(text)
    sys.stdout.flush()


@contextmanager
def readable(data: Path) -> Iterator[None]:
    """Open a database within; one that is damaged is told with its file. Raises Refused."""
    from sqlalchemy.exc import DatabaseError

    from hub.app.hub import DATABASE

    try:
        yield
    except DatabaseError as error:
        raise Refused(
            f"{shown(data / DATABASE)}: {error.orig}; expected the hub's database (move it away to "
            "begin anew, or put a backup in its place)"
        ) from error


def tell(error: Exception) -> int:
    """Write what went wrong, in one line; return the exit code."""
    sys.stderr.write(f"error: {_one_line(error)}\n")
    if hasattr(error, "problems"):
        return 2
    return error.code if isinstance(error, Refused) else 1


def _one_line(error: Exception) -> str:
    problems = getattr(error, "problems", ())
    text = " ".join(str(problems[0] if problems else error).split())
    if isinstance(error, Refused):
        return text
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    known = type(error).__module__.partition(".")[0] in ("hub", "integrations", "rules", "devices")
    if known and text:
        return text
    return f"{type(error).__name__}: {text} (run_hub.py --debug … shows where)"
