"""What was committed is carried out of the write-ahead log by a thread, not by a commit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from hub.store import tables
from hub.store.database import open_database
from hub.worker import carrier
from hub.worker.carrier import Carrier


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_database(tmp_path / "hub.sqlite")
    yield made
    made.dispose()


def _fill(engine: Engine, first: int, count: int) -> None:
    cursors = tables.core(tables.CursorRow)
    for number in range(first, first + count):
        with engine.begin() as connection:
            connection.execute(insert(cursors), {"name": f"c{number}", "value": "x" * 3000})


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(tables.core(tables.CursorRow).c.name)).all())


def test_all_is_carried_over_and_nothing_lost(engine: Engine) -> None:
    _fill(engine, 0, 50)
    there, done = Carrier(engine).run_once()
    assert there == done > 50
    _fill(engine, 50, 1)
    again, _ = Carrier(engine).run_once()
    assert again < there
    assert _count(engine) == 51


def test_a_commit_does_not_do_it(engine: Engine, tmp_path: Path) -> None:
    before = (tmp_path / "hub.sqlite").stat().st_size
    _fill(engine, 0, 600)
    assert (tmp_path / "hub.sqlite").stat().st_size == before
    Carrier(engine).run_once()
    assert (tmp_path / "hub.sqlite").stat().st_size > before + 600 * 3000


def test_a_commit_does_it_when_nobody_else_did(engine: Engine, tmp_path: Path) -> None:
    _fill(engine, 0, 1_600)
    assert (tmp_path / "hub.sqlite").stat().st_size > 600 * 3000


def test_it_waits_for_no_reader_and_takes_up_the_rest_later(engine: Engine) -> None:
    _fill(engine, 0, 5)
    with engine.connect() as reader:
        reader.execute(select(tables.core(tables.CursorRow))).all()
        _fill(engine, 5, 20)
        there, done = Carrier(engine).run_once()
        assert done < there
    assert Carrier(engine).run_once() == (there, there)


def test_the_thread_does_it_once_there_is_enough(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    found: list[tuple[int, int]] = []

    class Watched(Carrier):
        def run_once(self) -> tuple[int, int]:
            found.append(super().run_once())
            done.set()
            return found[-1]

    monkeypatch.setattr(carrier, "ENOUGH", 40)
    carried = Watched(engine)
    carried.start()
    try:
        for number in range(10):
            _fill(engine, number, 1)
            carried.committed(1)
        assert done.wait(30)
    finally:
        carried.stop()
    assert found[0][0] == found[0][1] > 0


def test_a_failure_leaves_the_thread_at_work(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = threading.Event()
    calls: list[int] = []

    class Broken(Carrier):
        def run_once(self) -> tuple[int, int]:
            calls.append(1)
            if len(calls) > 1:
                second.set()
            raise OSError("disk I/O error")

    monkeypatch.setattr(carrier, "ENOUGH", 1)
    carried = Broken(engine)
    carried.start()
    try:
        while not second.wait(0.05):
            carried.committed(1)
    finally:
        carried.stop()
    assert len(calls) >= 2
