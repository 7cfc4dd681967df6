"""``run`` as services type it is read without the library for options; anything else with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.cli.entry import plain_run
from hub.cli.telling import DEFAULT_CONFIG, DEFAULT_DATA
from tests.support.hubprocess import run_cli, write_config


@pytest.mark.parametrize(
    ("line", "folders"),
    [
        ("run", (DEFAULT_CONFIG, DEFAULT_DATA)),
        ("run --config a", (Path("a"), DEFAULT_DATA)),
        ("run --data b --config a", (Path("a"), Path("b"))),
        ("run --config a --config b", (Path("b"), DEFAULT_DATA)),
        ("", None),
        ("run --config", None),
        ("run --config=a", None),
        ("run --config --data", None),
        ("run --help", None),
        ("run a b", None),
        ("run --pace 60", None),
        ("--debug run", None),
        ("check --config a", None),
    ],
)
def test_what_is_a_plain_run(line: str, folders: tuple[Path, Path] | None) -> None:
    assert plain_run(line.split()) == folders


def test_a_plain_run_fails_as_any_command_does(tmp_path: Path) -> None:
    config = write_config(tmp_path / "config")
    (config / "hub.yaml").write_text("home:\n  currency: euro\n")
    data = tmp_path / "data"
    plainly = run_cli("run", "--config", config, "--data", data)
    by_options = run_cli("run", f"--config={config}", "--data", data)
    assert (plainly.returncode, plainly.stdout) == (2, "")
    assert (by_options.returncode, by_options.stderr) == (2, plainly.stderr)
    assert f"{config / 'hub.yaml'}:2:13: home.currency: " in plainly.stderr
    assert len(plainly.stderr.splitlines()) == 1
