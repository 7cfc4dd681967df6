"""``identity``: the words of a household, and the household of its words."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from hub.app.firstkeys import make_keys
from tests.app.backup.conftest import Home, home  # noqa: F401 - a fixture
from tests.cli.support import Run, Told


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def rows(told: Told) -> list[str]:
    """Return the sheets' rows of words, as somebody copies them."""
    return [line for line in told.out.splitlines() if re.match(r" +\d+ [a-z]", line)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_keys(tmp_path / "data" / "secrets", None)
    return tmp_path / "data"


def test_words_alone_bring_the_keys_back(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "NEVER PRINTED" in run("identity", "show", "--data", data).out
    sheets = run("identity", "words", "--data", data, "--shares", 3, "--threshold", 2)
    assert sheets.out.count("RECOVERY WORDS") == 3
    assert "Sheet 3 of 3: any 2 of them together" in sheets.out
    lines = rows(sheets)
    typed(monkeypatch, "\n".join(lines[14:] + lines[:7]))
    new = ("--config", tmp_path / "config", "--data", tmp_path / "new")
    back = run("identity", "recover", *new)
    assert back.code == 0, back
    shown = [run("identity", "show", "--data", one, "--json").json for one in (data, new[3])]
    for name in ("subscriber_id", "key_id", "key", "hub", "hub_key", "backups_for"):
        assert shown[0][name] == shown[1][name], name
    assert shown[0]["words_alone"]
    typed(monkeypatch, "\n".join(lines[:7]))
    assert "missing or empty" in run("identity", "recover", *new).refused(1)
    typed(monkeypatch, "acadmic " + "academic " * 34)
    other = ("--config", tmp_path / "config", "--data", tmp_path / "other")
    failed = run("identity", "recover", *other)
    assert "sheet 1: word 1, 'acadmic', is none of the list; did you" in failed.refused(1)


def test_words_open_the_backup_that_was_made_for_them(
    run: Run,
    home: Home,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_keys(home.data / "secrets", None)
    there, file = ("--config", home.config, "--data", home.data), tmp_path / "home.age"
    assert "identity words" in run("backup", *there, "--to", file).refused(2)
    words = run("identity", "words", "--data", home.data)
    assert run("backup", *there, "--to", file).code == 0
    new = ("--config", tmp_path / "c", "--data", tmp_path / "d")
    typed(monkeypatch, "\n".join(rows(words)))
    assert "come back with a backup only" in run("identity", "recover", *new).refused(1)
    typed(monkeypatch, "\n".join(rows(words)))
    back = run("identity", "recover", *new, "--backup", file)
    assert back.code == 0, back
    assert "compared and put back" in back.out
    shown = [run("identity", "show", "--data", one, "--json").json for one in (home.data, new[3])]
    assert shown[0]["key"] == shown[1]["key"]
    assert not shown[0]["words_alone"], "its key to providers was made before its words"
