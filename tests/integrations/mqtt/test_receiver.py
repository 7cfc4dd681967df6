"""Bounds on what comes in: size, rate, and topics that are no text."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from tests.support.mosquitto import start_mosquitto
from tests.support.mqtt import Sink, linked, make_link, publish, until


def test_a_payload_above_the_bound_is_cut_and_told_with_its_size(tmp_path: Path) -> None:
    sink = Sink()
    with (
        start_mosquitto(tmp_path) as broker,
        linked(broker, sink, "a", acknowledge=True, max_payload=2000),
    ):
        publish(broker, "a", b"x" * 2000, b"y" * 2001, b"z" * 10_000_000, b"end")
        sink.wait(b"end")
    assert [(len(m.payload), m.size) for m in sink.messages] == [
        (2000, 0),
        (1024, 2001),
        (1024, 10_000_000),
        (3, 0),
    ]


def test_above_its_hard_limit_the_broker_is_asked_not_to_send(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker, linked(broker, sink, "a", acknowledge=True) as link:
        publish(broker, "a", b"z" * (17 * 1024 * 1024 + 1), b"end")
        sink.wait(b"end")
        assert link.connected
    assert sink.payloads == [b"end"]


def test_a_device_that_floods_is_refused_once_and_others_go_on(tmp_path: Path) -> None:
    sink = Sink()
    with (
        start_mosquitto(tmp_path) as broker,
        linked(broker, sink, "home/#", acknowledge=True, flood_rate=0.5),
    ):
        publish(broker, "home/v1/wild/stock", *(f"{n}" for n in range(300)))
        publish(broker, "home/v1/calm/stock", b"calm")
        sink.wait(b"calm")
        until(lambda: sink.refused)
    wild = [m for m in sink.messages if m.topic == "home/v1/wild/stock"]
    assert 5 <= len(wild) < 30
    (message, reason), *more = sink.refused
    assert more == []
    assert message.topic == "home/v1/wild/stock"
    assert reason == (
        "home/v1/wild sends more than 0.5 messages/s (mqtt.flood_rate): what is above it is dropped"
    )
    after = Sink()
    with start_mosquitto(tmp_path / "again") as broker, linked(broker, after, "x", flood_rate=0):
        publish(broker, "x", *(f"{n}" for n in range(18)))
        after.wait(b"17")


def test_what_a_flood_was_refused_is_acknowledged(tmp_path: Path) -> None:
    before, after = Sink(), Sink()
    with start_mosquitto(tmp_path) as broker:
        with linked(broker, before, "a", "b", acknowledge=True, flood_rate=0.1):
            publish(broker, "a", *(f"{n}" for n in range(100)))
            publish(broker, "b", b"sentinel")
            before.wait(b"sentinel")
        with linked(broker, after, "a", "b"):
            publish(broker, "b", b"end")
            after.wait(b"end")
    assert len(before.messages) < 20
    assert after.payloads == [b"end"]


def test_a_topic_that_is_not_utf_8_is_refused_and_acknowledged() -> None:
    # Mosquitto lets no such topic pass; a broker that does is played with bytes (MQTT 3.1.1).
    answered = threading.Event()
    acknowledged: list[bytes] = []

    def loose_broker() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"\x20\x02\x00\x00")
            connection.sendall(b"\x32\x08\x00\x03a/\xff\x00\x07!" + b"\x30\x04\x00\x01bx")
            while not acknowledged or b"\x40\x02\x00\x07" not in b"".join(acknowledged):
                acknowledged.append(connection.recv(1024))
            answered.set()
            connection.recv(1024)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=loose_broker, daemon=True).start()
        host, port = server.getsockname()

        class Address:
            username = password = None

        address = Address()
        address.host, address.port = host, port  # type: ignore[attr-defined]
        sink = Sink()
        link = make_link(address, sink, protocol="3.1.1")  # type: ignore[arg-type]
        link.start()
        try:
            sink.wait(b"x")
            assert answered.wait(20)
        finally:
            link.stop()
    (message, reason), *more = sink.refused
    assert more == []
    assert (message.topic, message.payload) == ("a/\\xff", b"!")
    assert reason == "the topic a/\\xff is not UTF-8"
    assert sink.payloads == [b"x"]
