"""What commands share: where things are, how they speak, and how they fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

ROOT = Path(__file__).resolve().parents[2]

ConfigFolder = Annotated[
    Path, typer.Option("--config", help="The folder with hub.yaml.", metavar="DIR")
]
DataFolder = Annotated[
    Path, typer.Option("--data", help="The folder of the hub's database and keys.", metavar="DIR")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
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


def print_json(value: object) -> None:
    """Print JSON; dates and amounts as text."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


def say(text: str = "") -> None:
    """Print a line as it is."""
    sys.stdout.write(text + "\n")


def say_now(text: str) -> None:
    """Print a line so that whoever listens to the process has it at once."""
    say(text)
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; what devices and people wrote is shown as it is, not as markup."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    # Where nobody looks at a terminal, nothing is cut to its width.
    Console(width=None if sys.stdout.isatty() else 200).print(made)


@contextmanager
def database(data: Path) -> Iterator[Engine]:
    """Open the hub's database, also while the hub runs. Raises Refused when there is none."""
    from hub.app.hub import DATABASE
    from hub.store.database import open_database

    file = data / DATABASE
    if not file.exists():
        raise Refused(f"{shown(data)}: no hub has run here yet (expected {DATABASE} in it)")
    with readable(data):
        engine = open_database(file)
    try:
        yield engine
    finally:
        engine.dispose()


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


def plain(value: Any) -> object:
    """Return dataclasses as mappings, for JSON."""
    from dataclasses import asdict, is_dataclass

    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    return value
