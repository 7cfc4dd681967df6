"""One thread writes: in batches, acknowledged after the commit, whatever one message does."""

import sqlite3
import threading
from concurrent.futures import Future

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from hub.store.tx import Entry, Tx
from hub.worker import writer as module
from hub.worker.writer import BATCH
from tests.support.household import same


def rounds(bench) -> None:
    while bench.writer.waiting:
        bench.writer.run_once(timeout=0)


def test_what_has_arrived_shares_a_transaction(bench) -> None:
    messages = [bench.level("milk", 3 + n / 100) for n in range(BATCH + 10)]
    for message in messages:
        bench.writer.put(message)
    bench.writer.run_once()
    assert len(bench.acknowledged) == BATCH
    bench.writer.run_once()
    assert bench.acknowledged == messages
    assert bench.story == [f"committed {BATCH}", f"ack {BATCH}", "committed 10", "ack 10"]
    same(bench.household.house, bench.household.load())


def test_nothing_is_waited_for(bench) -> None:
    assert bench.writer.run_once(timeout=0) is True
    bench.writer.put(bench.level("milk", 2))
    bench.writer.run_once()
    assert len(bench.acknowledged) == 1


def test_the_one_at_fault_is_parked_and_nobody_else(bench) -> None:
    bench.wrong["bad/topic"] = ValueError("it makes no sense")
    messages = [
        bench.level("milk", 2),
        bench.household.message("bad/topic", b"payload"),
        bench.level("eggs", 9),
    ]
    for message in messages:
        bench.writer.put(message)
    bench.writer.run_once()
    assert bench.acknowledged == messages
    assert bench.writer.parked == 1
    (parked,) = bench.household.views.parked(10)
    assert (parked.topic, parked.payload) == ("bad/topic", b"payload")
    assert "it makes no sense" in parked.reason
    levels = {item: level.quantity for item, level in bench.household.house.stock.items()}
    assert levels == {"milk": 2, "eggs": 9}
    same(bench.household.house, bench.household.load())


def test_a_redelivery_of_what_was_parked_is_known(bench) -> None:
    bench.wrong["bad/topic"] = ValueError("no")
    message = bench.household.message("bad/topic", b"payload", mid=9)
    bench.writer.put(message)
    bench.writer.run_once()
    assert bench.household.house.inbox_mqtt.keys() >= {9}


def test_a_reason_that_cannot_be_written_is_written_all_the_same(bench) -> None:
    bench.wrong["bad/topic"] = ValueError("lone \ud800")
    bench.writer.put(bench.household.message("bad/topic", b"payload"))
    bench.writer.run_once()
    assert len(bench.acknowledged) == 1
    assert len(bench.household.views.parked(10)) == 1


def test_a_message_that_can_not_even_be_parked_stops_nobody(bench, monkeypatch) -> None:
    def park(*_):
        raise RuntimeError("parking is broken")

    monkeypatch.setattr(Tx, "park", park)
    bench.wrong["bad/topic"] = ValueError("no")
    bench.writer.put(bench.household.message("bad/topic", b"payload"))
    good = bench.level("milk", 2)
    bench.writer.put(good)
    bench.writer.run_once()
    assert bench.acknowledged == [good]


def test_decoding_that_raises_costs_that_message_only(bench, monkeypatch) -> None:
    decode = bench.step

    def step(message):
        if message.topic == "bad/topic":
            raise LookupError("no such thing")
        return decode(message)

    monkeypatch.setattr(bench, "step", step)
    messages = [
        bench.level("milk", 2),
        bench.household.message("bad/topic", b"payload"),
        bench.level("eggs", 9),
    ]
    for message in messages:
        bench.writer.put(message)
    bench.writer.run_once()
    assert bench.acknowledged == messages
    assert [one.topic for one in bench.household.views.parked(10)] == ["bad/topic"]


def failing_commits(engine, times: int, code: int = sqlite3.SQLITE_FULL) -> list[int]:
    """Have the next commits fail as SQLite would on a full disk."""
    left = [times]

    @event.listens_for(engine, "commit")
    def commit(_connection):
        if left[0] > 0:
            left[0] -= 1
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = code
            raise DBAPIError("COMMIT", None, error)

    return left


def test_no_acknowledgement_without_a_commit(bench, monkeypatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", (0.0,))
    left = failing_commits(bench.household.engine, 4)
    seen: list[int] = []
    acknowledge = bench.acknowledge
    monkeypatch.setattr(
        bench.writer, "_acknowledge", lambda m: (seen.append(left[0]), acknowledge(m))
    )
    messages = [bench.level("milk", 0.4), bench.level("eggs", 9)]
    for message in messages:
        bench.writer.put(message)
    bench.writer.run_once()
    assert bench.acknowledged == messages
    assert seen == [0, 0]
    assert bench.writer.parked == 0
    # What the commit that came late left to do is passed on all the same.
    assert sum(len(after.effects) for after in bench.committed) == len(bench.household.outbox()) > 0
    same(bench.household.house, bench.household.load())


def test_a_hub_that_stops_meanwhile_leaves_it_unacknowledged(bench, monkeypatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", (0.0,))
    failing_commits(bench.household.engine, 1_000_000)
    before = bench.household.load()
    bench.writer.put(bench.level("milk", 0.4))
    bench.writer.stop()
    assert bench.writer.run_once() is False
    assert bench.acknowledged == []
    assert bench.committed == []
    same(bench.household.house, before)


def test_who_asked_for_a_step_learns_of_a_full_disk(bench, monkeypatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", (0.0,))
    failing_commits(bench.household.engine, 1)
    future = bench.writer.submit(lambda tx: tx.append(Entry("x", "", {})))
    bench.writer.run_once()
    assert isinstance(future.exception(timeout=0), DBAPIError)
    assert bench.household.ledger() == []


def test_a_posted_step_is_kept_until_it_can_be_written(bench, monkeypatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", (0.0,))
    failing_commits(bench.household.engine, 3)
    bench.writer.post(lambda tx: tx.append(Entry("x", "", {})))
    bench.writer.run_once()
    assert bench.household.ledger() == ["x"]


def test_a_missing_table_is_no_full_disk(bench) -> None:
    bench.writer.post(lambda tx: tx.connection.exec_driver_sql("SELECT * FROM nothing"))
    future = bench.writer.submit(lambda tx: 7)
    rounds(bench)
    assert future.result(timeout=0) == 7


def test_a_step_that_fails_tells_who_asked_and_nobody_else(bench) -> None:
    def fail(tx: Tx) -> None:
        tx.append(Entry("never", "", {}))
        raise KeyError("no such item")

    before = bench.writer.submit(lambda tx: tx.append(Entry("before", "", {})))
    failed = bench.writer.submit(fail)
    after = bench.writer.submit(lambda tx: tx.append(Entry("after", "", {})))
    message = bench.level("milk", 2)
    bench.writer.put(message)
    bench.writer.run_once()
    assert (before.result(timeout=0), after.result(timeout=0)) == (0, 1)
    with pytest.raises(KeyError):
        failed.result(timeout=0)
    assert bench.household.ledger() == ["before", "after"]
    assert bench.acknowledged == [message]


def test_who_has_stopped_waiting_does_not_stop_the_writer(bench) -> None:
    future: Future[int] = bench.writer.submit(lambda tx: tx.append(Entry("x", "", {})))
    assert future.cancel()
    other = bench.writer.submit(lambda tx: 7)
    bench.writer.run_once()
    assert other.result(timeout=0) == 7
    assert bench.household.ledger() == ["x"]


@pytest.mark.parametrize("part", ["_acknowledge", "_committed"])
def test_what_fails_after_the_commit_does_not_stop_the_writer(bench, monkeypatch, part) -> None:
    def fail(_):
        raise OSError("the socket is gone")

    monkeypatch.setattr(bench.writer, part, fail)
    bench.writer.put(bench.level("milk", 2))
    future = bench.writer.submit(lambda tx: 7)
    bench.writer.run_once()
    assert future.result(timeout=0) == 7
    assert bench.household.house.stock["milk"].quantity == 2


def test_a_new_session_forgets_packet_ids_in_its_place(bench) -> None:
    bench.writer.put(bench.level("milk", 2, mid=5))
    bench.writer.connected(1, True)
    bench.writer.connected(2, False)
    bench.writer.put(bench.level("milk", 1.5, mid=6))
    bench.writer.run_once()
    assert set(bench.household.house.inbox_mqtt) == {6}
    same(bench.household.house, bench.household.load())


def test_an_unacknowledged_message_is_taken_once(make_bench) -> None:
    """The hub died between the commit and the acknowledgement: the broker delivers again."""
    bench = make_bench()
    message = bench.level("milk", 0.4, mid=3)
    bench.writer.put(message)
    bench.writer.run_once()
    entries = len(bench.household.ledger())
    bench.household.close()
    after = make_bench()
    again = after.level("milk", 0.4, mid=3, dup=True)
    after.writer.put(again)
    after.writer.run_once()
    assert after.acknowledged == [again]
    assert len(after.household.ledger()) == entries
    assert len(after.household.open()) == 1


def test_too_many_wait_outside(bench, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 20)
    _hold_back(bench, [bench.level("milk", n / 10) for n in range(200)], most=22)


def test_too_many_bytes_wait_outside(bench, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)
    big = [bench.household.message("unknown/topic", b"x" * 1000) for _ in range(100)]
    _hold_back(bench, big, most=12)


def _hold_back(bench, messages, *, most: int) -> None:
    full = threading.Event()
    highest = [0]
    put = bench.writer._queue.put

    class Watched:
        """Tells how many wait at most."""

        def __getattr__(self, name):
            return getattr(queue, name)

        def put(self, item):
            put(item)
            highest[0] = max(highest[0], queue.qsize())
            if queue.qsize() >= most - 2:
                full.set()

    queue = bench.writer._queue
    bench.writer._queue = Watched()
    feeder = threading.Thread(target=lambda: [bench.writer.put(m) for m in messages])
    feeder.start()
    assert full.wait(10)
    while feeder.is_alive() or bench.writer.waiting:
        bench.writer.run_once(timeout=0.01)
    feeder.join()
    assert bench.acknowledged == messages
    assert highest[0] <= most


def test_its_thread_commits_what_was_submitted_and_ends(bench) -> None:
    bench.writer.start()
    futures = [bench.writer.submit(lambda tx: tx.append(Entry("x", "", {}))) for _ in range(300)]
    bench.writer.stop()
    assert [future.result(timeout=0) for future in futures] == list(range(300))
    late = bench.writer.submit(lambda tx: None)
    with pytest.raises(RuntimeError, match="stopping"):
        late.result(timeout=0)


def test_writers_of_other_processes_are_waited_for(bench) -> None:
    """The command line makes a token while the hub runs."""
    held, release = threading.Event(), threading.Event()

    def other() -> None:
        with bench.household.engine.connect().execution_options(immediate=True) as connection:
            connection.exec_driver_sql("INSERT INTO inbox VALUES ('other', 0)")
            held.set()
            release.wait(10)
            connection.commit()

    thread = threading.Thread(target=other)
    thread.start()
    assert held.wait(10)
    bench.writer.start()
    future = bench.writer.submit(lambda tx: tx.first_time("mine"))
    release.set()
    assert future.result(timeout=20) is True
    thread.join()
    bench.writer.stop()
