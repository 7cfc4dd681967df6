"""What ``script/bench`` measures with: the phone, the bare callback, the control and the echo."""

import http.client
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.harness import Bench, children, cpu_seconds, get_json, memory_mib, percentile, said
from benchmarks.household import pressed
from benchmarks.results import Result


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A broker and a phone."""
    with Bench(tmp_path_factory.mktemp("bench")) as started:
        yield started


def test_the_phone_notes_ntfy_publishing_by_topic(bench: Bench) -> None:
    phone = http.client.HTTPConnection("127.0.0.1", bench.phone)
    for message in ("one", "two", "two"):
        phone.request("POST", "/", json.dumps({"topic": "kitchen", "message": message}))
        answer = phone.getresponse()
        assert (answer.status, json.load(answer)["event"]) == (200, "message")
    phone.close()
    assert (bench.came("kitchen"), bench.distinct("kitchen")) == (3, 2)
    assert bench.times("kitchen") == sorted(bench.times("kitchen"))
    assert bench.came("cellar") == 0


def test_the_phone_reads_what_comes_in_pieces_and_what_comes_at_once(bench: Bench) -> None:
    phone = http.client.HTTPConnection("127.0.0.1", bench.phone)
    phone.connect()
    body = b'{"topic": "pieces"}'
    whole = b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    for piece in (whole[:30], whole[30:-3], whole[-3:] + whole + whole):
        phone.sock.sendall(piece)
    bench.settled("pieces", 3)
    phone.close()
    assert bench.came("pieces") == 3


def test_the_bare_callback_receives_all(bench: Bench) -> None:
    bare = bench.subscriber("bare_paho", "test/bare", 300)
    began = bench.publish("test/bare", map(str, range(300)))
    assert int(said(bare)) > began
    assert bare.wait() == 0


def test_the_control_is_durable_and_notifies_each(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "control.db"
    control = bench.subscriber("control", "test/control", bench.phone, file)
    bench.publish("test/control", map(pressed, range(200)))
    assert bench.settled("control", 200) == 200
    assert bench.distinct("control") == 200
    with sqlite3.connect(file) as db:
        assert db.execute("SELECT count(*) FROM reading").fetchone() == (200,)
    assert memory_mib(control.pid, "VmHWM") >= memory_mib(control.pid) > 1
    assert cpu_seconds(control.pid) > 0
    assert children(control.pid) == []


def test_the_echo_posts_what_it_hears(bench: Bench) -> None:
    bench.subscriber("echo", "test/echo", bench.phone)
    bench.publish("test/echo", map(str, range(50)))
    assert bench.settled("echo", 50) == 50


def test_nobody_there_is_none() -> None:
    assert get_json(1, "/healthz") is None


def test_percentiles_are_by_nearest_rank() -> None:
    assert [percentile([3, 1, 2, 4], share) for share in (0, 0.5, 0.99, 1)] == [1, 3, 4, 4]


@pytest.mark.parametrize(
    ("value", "target", "at_least", "verdict"),
    [
        (0.5, 0.5, True, "pass"),
        (0.49, 0.5, True, "miss"),
        (2.0, 2.0, False, "pass"),
        (2.1, 2.0, False, "miss"),
        (9.0, None, False, "noted"),
    ],
)
def test_a_result_is_held_against_its_target(
    value: float, target: float | None, at_least: bool, verdict: str
) -> None:
    assert Result("x", value, "", "", target=target, at_least=at_least).verdict == verdict
