"""``demo`` starts everybody, says who is missing, and ends everybody (a day: test_saturday)."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.support.hubprocess import RUN, Process, run_cli, until


@pytest.mark.parametrize("victim", ["run_hub.py run", "run_hub.py provider", "simulators.fridge"])
def test_when_somebody_is_missing_it_says_so_and_exits_non_zero(
    tmp_path: Path, victim: str
) -> None:
    demo = Process("demo", [RUN, "demo", "--auto", "--keep", tmp_path / "stage"], tmp_path)
    demo.launch()
    killed: set[int] = set()

    def ended() -> bool:
        assert demo.process is not None
        for pid in children(demo.pid):
            if pid not in killed and victim in command_line(pid):
                kill(pid)
                killed.add(pid)
        return demo.process.poll() is not None

    until(ended, demo.words, 60)
    assert killed
    assert demo.stop() == 1
    said = demo.log.read_text()
    assert re.fullmatch(r"error: .+\n", said), said
    assert "Traceback" not in demo.said()


def test_others_play_their_parts_and_told_to_stop_it_ends_everybody(tmp_path: Path) -> None:
    speed = ["--speed", 30, "--keep", tmp_path / "stage"]
    demo = Process("demo", [RUN, "demo", *speed], tmp_path)
    demo.launch()
    found = demo.wait_said(r"Open (http://\S+) and sign in with the code (\S+)")
    assert found
    demo.wait_said(r"Ada's phone: Canal Side invites you to Fishing: .*tomorrow 10:30")
    demo.wait_said(r"Dan's phone: .*Dan agreed")
    demo.wait_said(r"Ada's phone: Dinner with friends\?: .*\[Approve")
    everybody = [pid for child in children(demo.pid) for pid in (child, *children(child))]
    assert len(everybody) >= 5
    assert demo.process is not None
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(40) == 0
    until(lambda: not [pid for pid in everybody if command_line(pid)])
    assert demo.log.read_text() == ""


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    told = run_cli("demo", "--auto", "--keep", tmp_path)
    assert told.returncode == 2
    assert told.stderr == f"error: {tmp_path}: expected a folder that is new or empty\n"
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except OSError:
        return []


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kill(pid: int) -> None:
    import os

    os.kill(pid, signal.SIGKILL)
