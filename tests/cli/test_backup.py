"""``backup`` and ``restore`` as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage
import pytest

from tests.app.backup.conftest import Home, home  # noqa: F401 - a fixture
from tests.cli.support import Run
from tests.support.hubprocess import HubProcess, write_config
from tests.support.places import PASSWORD, webdav

KEY = pyrage.x25519.Identity.generate()


def there(home: Home) -> tuple[object, ...]:  # noqa: F811
    return ("--config", home.config, "--data", home.data)


def test_there_and_back(run: Run, home: Home, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "pass").write_text("correct horse battery\n")
    file = tmp_path / "home.age"
    told = run("backup", *there(home), "--to", file, "--passphrase-file", tmp_path / "pass")
    assert told.code == 0, told
    assert "read back and compared" in told.out
    assert " orders under way" in told.out
    new = tmp_path / "new"
    words = ("--config", new / "config", "--data", new / "data")
    back = run("restore", file, *words, "--passphrase-file", tmp_path / "pass")
    assert back.code == 0, back
    assert f"{len(home.house.ledger())} entries" in " ".join(back.out.split())
    assert "compared and put back" in back.out
    verified = run("ledger", "verify", "--data", new / "data")
    assert "the log is whole" in verified.out
    same = [run("ledger", "key", "--data", folder).out for folder in (home.data, new / "data")]
    assert same[0] == same[1]


def test_for_a_recipient_as_json(run: Run, home: Home, tmp_path: Path) -> None:  # noqa: F811
    registry = tmp_path / "elsewhere.yaml"
    write_config(home.config, settings={"beckn": {"registry": str(registry)}})
    told = run("backup", *there(home), "--to", tmp_path, "--recipient", KEY.to_public(), "--json")
    assert told.json["left_out"] == [str(registry)]
    assert told.json["counts"]["entries"] == told.json["log"]["entries"]
    (tmp_path / "key").write_text(f"{KEY}\n")
    words = ("--config", tmp_path / "c", "--data", tmp_path / "d", "--identity", tmp_path / "key")
    back = run("restore", told.json["file"], *words, "--json").json
    for name in ("counts", "log", "household", "files"):
        assert back[name] == told.json[name]


def test_to_a_webdav_server_and_back(run: Run, home: Home, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "key").write_text(f"{KEY}\n")
    with webdav(tmp_path / "cloud") as served:
        for day in range(1, 9):
            (served.folder / f"commonhearth-2020010{day}T030000Z.age").touch()
        words = {"to": served.address, "recipient": str(KEY.to_public()), "keep": 7}
        words["password_file"] = str(tmp_path / "password")
        write_config(home.config, settings={"backup": words})
        told = run("backup", *there(home), "--nightly", "--json")
        assert told.code == 0, told
        assert [name[17:22] for name in told.json["deleted"]] == ["0101T", "0102T"]
        assert len(list(served.folder.iterdir())) == 7
        new = ("--config", tmp_path / "c", "--data", tmp_path / "d", "--identity", tmp_path / "key")
        access = ("--password-file", tmp_path / "password")
        back = run("restore", served.address, *new, *access, "--json")
        assert back.json["counts"] == told.json["counts"]
        (tmp_path / "password").write_text("canary wrong")
        failed = run("backup", *there(home), "--nightly")
        assert "does not take this user and password" in failed.refused(1)
    assert "canary" not in told.out + told.err + back.out + back.err + failed.out + failed.err


def test_a_running_hub_is_backed_up(run: Run, hub: HubProcess, tmp_path: Path) -> None:
    to = ("--to", tmp_path, "--recipient", KEY.to_public())
    told = run("backup", "--config", hub.config, "--data", hub.data, *to, "--json")
    assert told.code == 0, told
    assert told.json["log_faults"] == 0
    inside = pyrage.decrypt(Path(told.json["file"]).read_bytes(), [KEY])
    assert json.dumps("data/secrets/household.key").encode() in inside
    assert json.dumps("data/secrets/beckn-key.json").encode() in inside


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--to: expected a folder"),
        (("--to", "x.age"), "expected --passphrase-file or --recipient"),
        (("--to", "x.age", "--recipient", "age1x", "--passphrase-file", "p"), "one of them"),
    ],
)
def test_backup_says_what_it_needs(
    run: Run,
    home: Home,  # noqa: F811
    words: tuple[str, ...],
    said: str,
) -> None:
    assert said in run("backup", *there(home), *words).refused(2)


def test_restore_refuses_in_one_line(run: Run, home: Home, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "junk").write_text("junk")
    (tmp_path / "key").write_text(f"{KEY}\n")
    words = ("--config", tmp_path / "c", "--data", tmp_path / "d")
    assert "--passphrase-file or --identity" in run("restore", tmp_path / "junk", *words).refused(2)
    key = ("--identity", tmp_path / "key")
    assert "cannot be opened" in run("restore", tmp_path / "junk", *words, *key).refused(1)
    assert "no such file" in run("restore", tmp_path / "gone", *words, *key).refused(1)
    onto = ("--config", home.config, "--data", tmp_path / "d")
    assert "missing or empty" in run("restore", tmp_path / "junk", *onto, *key).refused(1)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["home", "junk", "key"]
