"""Every command explains itself, with an example that can be typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from hub.cli.main import app
from tests.cli.support import Run


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


ALL = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_says_what_it_does_with_an_example(run: Run, path: tuple[str, ...]) -> None:
    told = run(*path, "--help")
    assert told.code == 0
    examples = [line for line in told.out.splitlines() if line.strip().startswith("run_hub.py ")]
    assert any(f"run_hub.py {' '.join(path)}".strip() in line for line in examples), told.out


def test_the_commands_of_the_design_are_there() -> None:
    there = {path[0] for path in ALL if path}
    assert there >= {"run", "demo", "check", "device", "rule", "provider", "token"}


@pytest.mark.parametrize("group", [(), ("device",), ("rule",), ("token",)], ids=" ".join)
def test_without_a_command_it_shows_the_help_and_exits_2(run: Run, group: tuple[str, ...]) -> None:
    told = run(*group)
    assert told.code == 2
    assert "--help" in told.out + told.err
    assert "Traceback" not in told.out + told.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("run", "--nonsense"), "No such option: --nonsense"),
        (("token", "create"), "Missing argument"),
        (("demo", "--port", "x"), "'--port'"),
        (("device", "parked", "--limit", "0"), "'--limit'"),
    ],
)
def test_a_mistake_in_the_command_is_one_line_and_exits_2(
    run: Run, arguments: tuple[str, ...], line: str
) -> None:
    assert line in run(*arguments).refused(2)
