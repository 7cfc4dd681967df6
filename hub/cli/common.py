"""What commands share: where things are, how they speak, and how they fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.telling import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    ROOT,
    Refused,
    readable,
    say,
    say_now,
    shown,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = [
    "DEFAULT_CONFIG",
    "DEFAULT_DATA",
    "ROOT",
    "AsJson",
    "ConfigFolder",
    "DataFolder",
    "Refused",
    "database",
    "plain",
    "print_json",
    "readable",
    "say",
    "say_now",
    "shown",
    "table",
    "tell_wish",
    "wish",
]

ConfigFolder = Annotated[
    Path, typer.Option("--config", help="The folder with hub.yaml.", metavar="DIR")
]
DataFolder = Annotated[
    Path, typer.Option("--data", help="The folder of the hub's database and keys.", metavar="DIR")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def print_json(value: object) -> None:
    """Print JSON; dates and amounts as text."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


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


def wish(data: Path, verb: str, words: dict[str, Any], *, must_run: bool = False) -> dict[str, Any]:
    """Ask the hub of a data folder to do something; return what came of it. Raises Refused."""
    from hub.app.wishes import WishError, ask
    from hub.clock import clock_from_environment

    with database(data) as engine:
        try:
            return ask(engine, data, clock_from_environment(), verb, words, must_run=must_run)
        except WishError as error:
            raise Refused(str(error)) from None


def tell_wish(done: Mapping[str, Any], as_json: bool, text: str) -> None:
    """Say what came of a wish: ``text``, or that a hub that does not run will do it."""
    if as_json:
        print_json(dict(done))
    else:
        say("noted; the hub does it as soon as it runs" if done.get("later") else text)
