"""``identity``: the words of a household, and the household of its words."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from hub.app.firstkeys import make_keys
from hub.keyfiles import lock as keylock
from hub.keyfiles.files import write
from hub.store.database import lock_folder
from tests.app.backup.conftest import Home, home  # noqa: F401 - a fixture
from tests.cli.support import Run, Told
from tests.support.hubprocess import HubProcess


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


@pytest.fixture
def locked(
    run: Run,
    home: Home,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Home, list[str]]:
    """A household with locked keys whose words were printed; the passphrase is given in a file."""
    monkeypatch.setattr(keylock, "COST", (2, 8, 1))
    monkeypatch.setattr(keylock, "_opened", {})
    monkeypatch.setattr(keylock, "_offered", [])
    make_keys(home.data / "secrets", None)
    file = tmp_path / "passphrase"
    write(file, "correct horse battery\n")
    there = ("--data", home.data)
    asked = run("identity", "lock", *there, "--passphrase-file", file)
    assert "print the recovery words first" in asked.refused(1)
    words = rows(run("identity", "words", *there))
    short = tmp_path / "short"
    write(short, "hunter2\n")
    refused = run("identity", "lock", *there, "--passphrase-file", short).refused(1)
    assert refused == "expected a passphrase of 12 characters or more"
    assert "expected --passphrase-file" in run("identity", "lock", *there).refused(2)
    done = run("identity", "lock", *there, "--passphrase-file", file)
    assert "5 files were locked" in done.out
    forget(monkeypatch)
    monkeypatch.setenv("COMMONHEARTH_PASSPHRASE_FILE", str(file))
    assert "are locked already" in run("identity", "lock", *there).out
    return home, words


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as another process would."""
    monkeypatch.setattr(keylock, "_opened", {})
    monkeypatch.setattr(keylock, "_offered", [])
    monkeypatch.delenv("COMMONHEARTH_PASSPHRASE_FILE", raising=False)


def test_locked_keys_are_backed_up_and_come_back_by_words_alone(
    run: Run, locked: tuple[Home, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, words = locked
    there, file = ("--config", house.config, "--data", house.data), tmp_path / "home.age"
    before = run("identity", "show", "--data", house.data, "--json").json
    assert before["locked"]
    assert run("backup", *there, "--to", file).code == 0
    forget(monkeypatch)
    told = run("identity", "show", "--data", house.data).refused(1)
    assert told.startswith(f"{house.data / 'secrets'}: the keys are locked; give their passphrase")
    assert "the keys are locked" in run("run", *there).refused(2)
    new = ("--config", tmp_path / "c", "--data", tmp_path / "d")
    typed(monkeypatch, "\n".join(words))
    back = run("identity", "recover", *new, "--backup", file)
    assert back.code == 0, back
    assert "`identity unlock --words`" in back.out
    forget(monkeypatch)
    typed(monkeypatch, "\n".join(words))
    assert "5 files were unlocked" in run("identity", "unlock", "--words", "--data", new[3]).out
    after = run("identity", "show", "--data", new[3], "--json").json
    assert after == {**before, "locked": False}
    assert "are not locked" in run("identity", "unlock", "--data", new[3]).refused(1)


def test_another_passphrase_and_a_wrong_one(
    run: Run, locked: tuple[Home, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, _ = locked
    there, other = ("--data", house.data), tmp_path / "other"
    write(other, "quite another one\n")
    changed = run("identity", "lock", *there, "--change", "--passphrase-file", other)
    assert "open by the new passphrase now" in changed.out
    forget(monkeypatch)
    monkeypatch.setenv("COMMONHEARTH_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    wrong = run("ledger", "key", *there).refused(1)
    assert wrong.endswith("lock.json: this is not the passphrase of these keys")
    monkeypatch.setenv("COMMONHEARTH_PASSPHRASE_FILE", str(other))
    assert run("ledger", "key", *there).code == 0
    with lock_folder(house.data):
        assert "is used by another hub" in run("identity", "unlock", *there).refused(1)
    assert run("identity", "unlock", *there).code == 0
    assert "not locked yet" in run("identity", "lock", *there, "--change").refused(2)


def test_a_person_is_asked_twice_for_a_new_one_and_once_to_open(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keylock, "COST", (2, 8, 1))
    answers = ["a new passphrase", "a new passphrasf", *2 * ["a new passphrase"]]
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return answers.pop(0)

    monkeypatch.setattr("getpass.getpass", answer)
    monkeypatch.setattr("sys.stdin", Terminal())
    lock = ("identity", "lock", "--data", data, "--without-words")
    assert "not the same" in run(*lock).refused(1)
    assert run(*lock).code == 0
    forget(monkeypatch)
    answers.append("a new passphrase")
    assert run("identity", "show", "--data", data).code == 0
    assert asked[-1] == f"Passphrase of the keys in {data / 'secrets'}: "
    assert len(asked) == 5


class Terminal(io.StringIO):
    """Somebody who may be asked."""

    def isatty(self) -> bool:
        return True


def test_each_key_is_rotated_by_its_name(run: Run, hub: HubProcess) -> None:
    there = ("--data", hub.data)
    before = run("identity", "show", *there, "--json").json
    done = run("identity", "rotate", "providers", *there, "--json").json
    assert (
        "providers know the household by the new key"
        in run("identity", "rotate", "providers", *there).out
    )
    assert run("identity", "rotate", "friends", *there).code == 0
    after = run("identity", "show", *there, "--json").json
    assert len({before["key_id"], done["key_id"], after["key_id"]}) == 3
    assert (after["subscriber_id"], after["hub"]) == (before["subscriber_id"], before["hub"])
    assert after["rotations"] == before["rotations"] + 1
    assert not after["words_alone"]
    assert "is used by another hub" in run("identity", "rotate", "https", *there).refused(1)
    assert "the log has one key for good" in run("identity", "rotate", "log", *there).refused(2)
    assert "expected one of providers, friends" in run("identity", "rotate", "x").refused(2)


def test_what_is_made_anew_at_the_next_start(run: Run, data: Path) -> None:
    for name in ("household.key", "ntfy.json"):
        write(data / "secrets" / name, "{}")
    told = run("identity", "rotate", "buttons", "--data", data)
    assert told.out.startswith("household.key is made anew at the next start; buttons")
    assert not (data / "secrets" / "household.key").exists()
    assert (data / "secrets" / "ntfy.json").exists()
    assert run("identity", "rotate", "https", "--data", data, "--json").json == {"made_anew": []}
