"""Killed at any moment, the hub has what it acknowledged, once, and nothing twice."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from hub.store.database import open_database
from hub.store.views import Views

ROOT = Path(__file__).parents[2]
MESSAGES = 3_000
KILLS = 6


class Broker:
    """Delivers each number until it was acknowledged; in doubt again, with DUP."""

    def __init__(self) -> None:
        self.acknowledged: set[int] = set()
        self.delivered: set[int] = set()

    def run(self, database: Path, kill_after: int | None) -> None:
        """Run the child on what is unacknowledged; kill it after so many acknowledgements."""
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.worker.crash_child", str(database)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        waiting = [n for n in range(MESSAGES) if n not in self.acknowledged]
        lines = "".join(f"{n} {int(n in self.delivered)}\n" for n in waiting)
        self.delivered.update(waiting)
        os.set_blocking(child.stdin.fileno(), True)
        try:
            child.stdin.write(lines.encode())
            child.stdin.close()
        except BrokenPipeError:
            pass
        for line in child.stdout:
            if not line.endswith(b"\n"):
                break
            self.acknowledged.add(int(line))
            if kill_after is not None and len(self.acknowledged) >= kill_after:
                child.send_signal(signal.SIGKILL)
                kill_after = None
        child.wait(timeout=60)


def test_what_was_acknowledged_is_there_once(tmp_path: Path) -> None:
    chance = random.Random(20261124)
    database = tmp_path / "hub.db"
    broker = Broker()
    marks = sorted(chance.sample(range(1, MESSAGES - 300), KILLS))
    for mark in marks:
        broker.run(database, max(mark, len(broker.acknowledged) + 1))
        taken = _taken(database)
        assert len(taken) == len(set(taken))
        assert broker.acknowledged <= set(taken)
    assert len(broker.acknowledged) < MESSAGES
    broker.run(database, None)
    assert broker.acknowledged == set(range(MESSAGES))
    taken = _taken(database)
    assert sorted(taken) == list(range(MESSAGES))


def _taken(database: Path) -> list[int]:
    """Return the numbers in the ledger; each has its row in the outbox as well."""
    engine = open_database(database)
    views = Views(engine)
    entries = views.ledger(limit=MESSAGES * 2)
    assert [entry.index for entry in entries] == list(range(len(entries)))
    numbers = [int(entry.subject) for entry in entries]
    assert sorted(row.subject for row in views.waiting(0, MESSAGES * 2)) == sorted(
        str(number) for number in numbers
    )
    engine.dispose()
    return numbers
