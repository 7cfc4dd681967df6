"""The stand-in: what it promises, and that it says what it cannot. See also mqtt/test_contract."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from hub.settings import MqttSettings
from integrations.broker import BrokerError, choose, start_broker
from integrations.broker.fallback import CANNOT, start_fallback
from integrations.broker.managed import Managed
from tests.support.mqtt import Sink, linked, make_link, publish, until


@pytest.fixture
def no_mosquitto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find", lambda _: None)


def test_it_runs_where_there_is_no_mosquitto_and_says_so_in_one_line(
    tmp_path: Path, no_mosquitto: None
) -> None:
    said: list[str] = []
    broker = start_broker(MqttSettings(port=0), tmp_path / "Müller's data", said.append)
    try:
        assert said == [CANNOT]
        assert "\n" not in CANNOT
        for word in ("3.1.1 only", "forgets", "retained", "twice", "apt install mosquitto"):
            assert word in CANNOT
        assert broker.describe().startswith(f"the stand-in broker on 127.0.0.1:{broker.port}")
        assert isinstance(broker, Managed)
        heard = {c.laddr.ip for c in psutil.Process(broker.pid).net_connections("tcp")}
        assert heard == {"127.0.0.1"}
    finally:
        broker.stop()


def test_on_the_network_everybody_logs_in(tmp_path: Path) -> None:
    settings = MqttSettings(port=0, bind="0.0.0.0", username="Küche", password='p"\\ü')
    broker = start_fallback(settings, tmp_path, lambda _: None)
    try:
        sink = Sink()
        with linked(broker, sink, "a", protocol="3.1.1"):
            kept = (broker.username, broker.password)
            broker.username, broker.password = settings.username, settings.password
            publish(broker, "a", b"x")
            sink.wait(b"x")
            for stranger in ((None, None), ("Küche", "guess")):
                broker.username, broker.password = stranger
                shut_out = Sink()
                link = make_link(broker, shut_out, protocol="3.1.1", client_id="stranger")
                link.start()
                shut_out.wait_said("hangs up at once")
                link.stop()
                assert shut_out.connections == []
            broker.username, broker.password = kept
            publish(broker, "a", b"end")
            sink.wait(b"end")
        assert sink.payloads == [b"x", b"end"]
        assert json.dumps(kept[1]) in (tmp_path / "broker" / "fallback.toml").read_text()
        assert (tmp_path / "broker" / "fallback.toml").stat().st_mode & 0o777 == 0o600
    finally:
        broker.stop()


def test_killed_it_is_started_again_and_has_forgotten(tmp_path: Path) -> None:
    said: list[str] = []
    broker = start_fallback(MqttSettings(port=0), tmp_path, said.append)
    sink = Sink()
    try:
        with linked(broker, sink, "a", protocol="3.1.1", acknowledge=True) as link:
            first = broker.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            until(lambda: len(sink.connections) == 2 and link.connected)
            publish(broker, "a", b"x")
            sink.wait(b"x")
        assert sink.connections == [(1, False), (2, False)]
        assert said[1:] == ["the stand-in broker ended (signal 9): starting it again"]
    finally:
        broker.stop()


def test_without_its_library_it_says_what_to_do(
    tmp_path: Path, no_mosquitto: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BrokerError, match="sudo apt install mosquitto"):
        start_broker(MqttSettings(port=0), tmp_path, print)
