"""The systemd unit: systemd reads it, it leaves little open, and the docs tell each option."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "config" / "systemd" / "commonhearth.service"
DOC = (ROOT / "docs" / "systemd.md").read_text()
OPTIONS = sorted(set(re.findall(r"^#?([A-Z]\w+)=", UNIT.read_text().split("[Service]")[1], re.M)))
PLAIN = {"ExecStart", "WorkingDirectory", "WantedBy"}


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the program where it is here."""
    text = UNIT.read_text().replace("/opt/commonhearth/.venv/bin/python", sys.executable)
    made = tmp_path / UNIT.name
    made.write_text(text.replace("/opt/commonhearth", str(ROOT)))
    return made


def analyze(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=60
    )


def test_systemd_finds_no_fault_in_it(unit: Path) -> None:
    said = analyze("verify", unit)
    assert (said.returncode, said.stderr.strip()) == (0, "")


def test_it_leaves_little_open(unit: Path) -> None:
    """Its exposure is below 2.0, in systemd's own count of 10."""
    said = analyze("security", "--offline=true", "--threshold=20", unit)
    assert said.returncode == 0, said.stdout
    assert "Overall exposure level" in said.stdout


@pytest.mark.parametrize("option", [one for one in OPTIONS if one not in PLAIN])
def test_each_option_is_told(option: str) -> None:
    assert re.search(rf"`{option}=?`", DOC), f"docs/systemd.md does not tell {option}"


def test_it_starts_what_is_there() -> None:
    """The command is one that the hub reads, with folders and nothing else."""
    from hub.cli.entry import plain_run

    (line,) = re.findall(r"^ExecStart=(.*)$", UNIT.read_text(), re.M)
    words = line.split()
    assert words[1] == "/opt/commonhearth/run_hub.py"
    folders = plain_run(words[2:])
    assert folders == (Path("/etc/commonhearth"), Path("/var/lib/commonhearth"))
