"""``script/run`` in a checkout of its own, with nothing to install and a stub for the hub."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_STUB = """\
import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "prefix": sys.prefix, "folder": os.getcwd()}))
sys.exit(7 if "fail" in sys.argv else 0)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a space in its name, the scripts, an empty lock, and the environment made."""
    folder = tmp_path_factory.mktemp("a checkout")
    shutil.copytree(ROOT / "script", folder / "script")
    (folder / "requirements.lock").write_text("")
    (folder / "run_hub.py").write_text(_STUB)
    first = _run(folder, "--help")
    assert first.returncode == 0, first.stderr
    assert "Installing into .venv" in first.stderr
    return folder


def _run(
    checkout: Path, *arguments: str, start: str | Path = "script/run", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / start, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env=os.environ | {"COMMONHEARTH_NO_APT": "1"},
    )


def test_arguments_and_exit_code_pass_through(checkout: Path, tmp_path: Path) -> None:
    done = _run(checkout, "check", "two words", "fail", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert done.returncode == 7
    assert told["arguments"] == ["check", "two words", "fail"]
    assert told["prefix"] == str(checkout / ".venv")
    assert told["folder"] == str(tmp_path)


def test_the_second_time_installs_nothing(checkout: Path) -> None:
    assert _run(checkout, "check").stderr == ""


def test_it_may_be_called_through_a_link(checkout: Path, tmp_path: Path) -> None:
    link = tmp_path / "commonhearth"
    link.symlink_to(checkout / "script" / "run")
    assert _run(checkout, "check", start=link).returncode == 0


def test_an_interrupted_installation_is_taken_up_again(checkout: Path) -> None:
    (checkout / ".venv" / ".stamp").unlink()
    assert "Installing into .venv" in _run(checkout, "check").stderr
    assert _run(checkout, "check").stderr == ""


def test_a_changed_lock_is_installed(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text("# newer\n")
    assert "Installing into .venv" in _run(checkout, "check").stderr
    assert _run(checkout, "check").stderr == ""


def test_a_lock_that_cannot_be_installed_is_said_and_not_taken_for_done(checkout: Path) -> None:
    before = (checkout / "requirements.lock").read_text()
    (checkout / "requirements.lock").write_text("./no-such-thing\n")
    for _ in range(2):
        done = _run(checkout, "check")
        assert (done.returncode, done.stdout) == (1, "")
        assert "The installation failed" in done.stderr
    (checkout / "requirements.lock").write_text(before)


def test_a_copied_checkout_gets_an_environment_of_its_own(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    left = copy / ".venv" / "left-from-before"
    left.touch()
    done = _run(copy, "check")
    assert json.loads(done.stdout)["prefix"] == str(copy / ".venv")
    assert "Installing into .venv" in done.stderr
    assert not left.exists()


@pytest.mark.parametrize("name", ["run", "test", "bench", "lock", "diagrams", "settings-doc"])
def test_scripts_are_bash_that_parses(name: str) -> None:
    done = subprocess.run(["bash", "-n", ROOT / "script" / name], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
