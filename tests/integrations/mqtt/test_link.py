"""What the link does beyond the port: brokers that come and go, versions, its own queues."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from hub.settings import MqttSettings
from integrations.broker.fallback import start_fallback
from integrations.mqtt import outgoing
from integrations.mqtt.buffered import BufferedSocket
from tests.support.mosquitto import Mosquitto, free_port, start_mosquitto
from tests.support.mqtt import Sink, linked, make_link, publish, until


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_broker_killed_and_started_again_is_found_and_redelivers(
    tmp_path: Path, protocol: str
) -> None:
    sink = Sink()
    with (
        start_mosquitto(tmp_path) as broker,
        linked(broker, sink, "a/#", protocol=protocol) as link,
    ):
        assert link.protocol == protocol
        publish(broker, "a/1", b"acknowledged", b"open")
        open_one = sink.wait(b"open")[-1]
        link.ack([message for message in sink.messages if message.payload == b"acknowledged"])
        # Its answer shows that the broker has read, and so saved, what was before it.
        publish(broker, "elsewhere", b"x", b"y")
        sink.messages.clear()
        broker.kill()
        sink.wait_said("lost the MQTT broker")
        assert not link.connected
        broker.start()
        again = sink.wait(b"open")[0]
        publish(broker, "a/2", b"new")
        sink.wait(b"new")
    assert sink.connections == [(1, False), (2, True)]
    assert sink.payloads == [b"open", b"new"]
    assert (again.dup, again.mid, again.connection) == (True, open_one.mid, 2)


def test_subscriptions_are_made_again_at_a_broker_that_forgot(tmp_path: Path) -> None:
    sink = Sink()
    with (
        start_mosquitto(tmp_path, persistence=False) as broker,
        linked(broker, sink, "a/#", "b") as link,
    ):
        link.unsubscribe(["b"])
        broker.restart()
        until(lambda: len(sink.connections) == 2 and link.connected)
        publish(broker, "b", b"dropped")
        publish(broker, "a/1", b"heard")
        sink.wait(b"heard")
    assert sink.connections[-1] == (2, False)
    assert sink.payloads == [b"heard"]


def test_a_filter_dropped_while_away_is_dropped_from_the_kept_session(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker, linked(broker, sink, "a", "b") as link:
        broker.stop()
        until(lambda: not link.connected)
        link.unsubscribe(["b"])
        broker.start()
        until(lambda: link.connected)
        link.publish("sentinel", b"x")
        link.subscribe(["sentinel"])
        publish(broker, "b", b"dropped")
        publish(broker, "a", b"heard")
        sink.wait(b"heard")
    assert sink.connections[-1] == (2, True)
    assert b"dropped" not in sink.payloads


def test_many_filters_are_asked_for_in_parts(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker, linked(broker, sink) as link:
        link.subscribe([f"many/{n}" for n in range(1050)])
        for n in (0, 500, 1049):
            publish(broker, f"many/{n}", b"%d" % n, retain=True)
            sink.wait(b"%d" % n)


def test_an_absent_broker_is_waited_for_and_said_once(tmp_path: Path) -> None:
    sink = Sink()
    broker = Mosquitto(tmp_path / "late", port=free_port())
    link = make_link(broker, sink)
    link.subscribe(["a"])
    link.publish("state", b"online", retain=True)
    link.start()
    try:
        absent = sink.wait_said("no MQTT broker at")
        attempts = time.monotonic() + 1.0
        until(lambda: time.monotonic() > attempts)
        with broker:
            until(lambda: link.connected)
            publish(broker, "a", b"x")
            sink.wait(b"x")
            late = Sink()
            with linked(broker, late, "state", client_id="ear"):
                late.wait(b"online")
    finally:
        link.stop()
    assert absent.endswith("(connection refused); waiting for it")
    assert sink.said.count(absent) == 1
    assert sink.said[1] == f"connected to the MQTT broker at 127.0.0.1:{broker.port} (MQTT 5)"


def test_a_broker_of_the_old_version_that_hangs_up_is_spoken_to_in_it(tmp_path: Path) -> None:
    broker = start_fallback(MqttSettings(port=0), tmp_path, lambda _: None)
    sink = Sink()
    try:
        with linked(broker, sink, "a") as link:
            assert link.protocol == "3.1.1"
            publish(broker, "a", b"x")
            sink.wait(b"x")
    finally:
        broker.stop()


def test_qos_0_comes_in_and_needs_no_acknowledgement(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker, linked(broker, sink, "a") as link:
        publish(broker, "a", b"loose", qos=0)
        loose = sink.wait(b"loose")[0]
        link.ack([loose])
        publish(broker, "a", b"firm")
        sink.wait(b"firm")
        assert link.connected
    assert (loose.qos, loose.mid) == (0, 0)
    assert sink.connections == [(1, False)]


def test_qos_2_is_received_once_at_qos_1(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker, linked(broker, sink, "a", acknowledge=True):
        publish(broker, "a", b"x", b"y", qos=2)
        sink.wait(b"y")
    assert [(m.payload, m.qos) for m in sink.messages] == [(b"x", 1), (b"y", 1)]


def test_a_slow_sink_holds_the_broker_back_and_loses_nothing(tmp_path: Path) -> None:
    class SlowSink(Sink):
        gate = threading.Event()

        def put(self, message):  # type: ignore[no-untyped-def]
            assert self.gate.wait(20)
            super().put(message)

    sink = SlowSink()
    with start_mosquitto(tmp_path) as broker:
        with linked(broker, sink, "a", acknowledge=True, receive_maximum=10):
            publish(broker, "a", *(f"{n}" for n in range(200)))
            assert sink.messages == []
            sink.gate.set()
            sink.wait(b"199")
    assert sink.payloads == [b"%d" % n for n in range(200)]


def test_no_more_than_receive_maximum_are_open_at_a_time(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path, extra="max_inflight_messages 2048") as broker:
        # Only the first are counted: after an acknowledgement Mosquitto 2.0.11 sends too many.
        with linked(broker, sink, "a", "loose", receive_maximum=3, acknowledge=False) as link:
            publish(broker, "a", *(f"{n}" for n in range(9)))
            publish(broker, "loose", b"sentinel", qos=0)
            sink.wait(b"sentinel")
            assert [m.payload for m in sink.messages if m.qos] == [b"0", b"1", b"2"]
            sink.acknowledging = link
            link.ack(sink.messages[:])
            sink.wait(b"8")


def test_what_is_queued_is_bounded_and_the_oldest_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outgoing, "MOST_WAITING", 10)
    broker = Mosquitto(tmp_path / "late")
    link = make_link(broker, Sink())
    for n in range(25):
        link.publish("out", b"%d" % n)
    assert [r.message for r in caplog.records].count(
        "10 messages wait for the broker: the oldest are dropped"
    ) == 1
    sink = Sink()
    with broker, linked(broker, sink, "out", client_id="ear"):
        link.start()
        sink.wait(b"24")
        link.stop()
    assert sink.payloads == [b"%d" % n for n in range(15, 25)]


def test_what_is_queued_before_the_end_is_still_sent(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker:
        with linked(broker, sink, "out", client_id="ear", acknowledge=True):
            with linked(broker, Sink()) as link:
                for n in range(1000):
                    link.publish("out", b"%d" % n)
            sink.wait(b"999")
    assert sink.payloads == [b"%d" % n for n in range(1000)]


def test_what_was_sent_and_not_confirmed_is_sent_again(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker:
        with linked(broker, Sink(), client_id="ear"):
            pass
        with linked(broker, sink, "out", client_id="ear", acknowledge=True):
            with linked(broker, Sink()) as link:
                for n in range(300):
                    link.publish("out", b"%d" % n)
                broker.restart()
                until(lambda: set(sink.payloads) == {b"%d" % n for n in range(300)})


def test_a_message_that_cannot_be_published_is_refused_to_the_caller(tmp_path: Path) -> None:
    link = make_link(Mosquitto(tmp_path / "never"), Sink())
    for topic in ("", "a/+", "a/#", "a\0", "\udcff", "x" * 70_000):
        with pytest.raises(ValueError, match="cannot publish on topic"):
            link.publish(topic, b"x")
    with pytest.raises(ValueError, match="expected 0, 1 or 2"):
        link.publish("a", b"x", qos=3)


def test_a_bad_filter_is_said_and_silences_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = Sink()
    with (
        start_mosquitto(tmp_path) as broker,
        linked(broker, sink, "a", "b/#/c", "d+", "", "\udcff") as link,
    ):
        publish(broker, "a", b"x")
        sink.wait(b"x")
        assert link.connected
    bad = [r.message for r in caplog.records if "is not used" in r.message]
    assert len(bad) == 4
    assert "topic filter 'b/#/c' is not used: `#` may only stand alone as the last level" in bad


def test_it_can_be_stopped_and_started_again_and_stopped_twice(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker, linked(broker, sink, "a") as link:
        link.start()
        link.stop()
        link.stop()
        assert not link.connected
        link.publish("a", b"queued meanwhile")
        link.start()
        sink.wait(b"queued meanwhile")
    assert sink.connections == [(1, False), (2, True)]


def test_paho_reads_and_writes_through_the_buffered_socket(tmp_path: Path) -> None:
    with start_mosquitto(tmp_path) as broker, linked(broker, Sink()) as link:
        assert link._client is not None
        assert isinstance(link._client.socket(), BufferedSocket)


def test_an_idle_link_sleeps(tmp_path: Path) -> None:
    with start_mosquitto(tmp_path) as broker, linked(broker, Sink(), "a") as link:
        turns = 0
        turn = link._turn

        def counted(waker):  # type: ignore[no-untyped-def]
            nonlocal turns
            turns += 1
            return turn(waker)

        link._turn = counted  # type: ignore[method-assign]
        later = time.monotonic() + 0.5
        until(lambda: time.monotonic() > later)
    assert turns < 10
