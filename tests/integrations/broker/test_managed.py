"""The hub's own Mosquitto, for real: its configuration, its logins, and how it dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from hub.settings import MqttSettings
from integrations.broker import BrokerError, start_broker
from integrations.broker.managed import Managed, start_mosquitto
from tests.support.mosquitto import free_port
from tests.support.mqtt import ROOT, Address, Sink, linked, make_link, publish, until

_HUB = """\
import sys, threading
from pathlib import Path
from hub.settings import MqttSettings
from integrations.broker import start_broker
broker = start_broker(MqttSettings(port=int(sys.argv[2])), Path(sys.argv[1]), print)
print("broker", broker.pid, flush=True)
threading.Event().wait()
"""


@contextmanager
def managed(data: Path, said: list[str] | None = None, **settings: Any) -> Iterator[Managed]:
    say = (said if said is not None else []).append
    broker = start_broker(MqttSettings(**{"port": 0, **settings}), data, say)
    assert isinstance(broker, Managed)
    try:
        yield broker
    finally:
        broker.stop()
        broker.stop()


@contextmanager
def hub_process(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Give another hub's process and its broker's id."""
    hub = subprocess.Popen(
        [sys.executable, "-c", _HUB, str(data), str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert hub.stdout is not None
        yield hub, int(hub.stdout.readline().split()[1])
    finally:
        hub.kill()
        hub.communicate()


def login(broker: Managed, username: str | None, password: str | None) -> Address:
    class Login:
        host, port = broker.host, broker.port

    Login.username, Login.password = username, password  # type: ignore[attr-defined]
    return Login()  # type: ignore[return-value]


def refused(address: Address) -> str:
    sink = Sink()
    link = make_link(address, sink)
    link.start()
    try:
        until(lambda: sink.said)
        assert not link.connected
    finally:
        link.stop()
    return sink.said[0]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_it_listens_on_the_loopback_and_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    with managed(tmp_path) as broker:
        written = (tmp_path / "broker" / "mosquitto.conf").read_text().splitlines()
        for line in (
            f"listener {broker.port} 127.0.0.1",
            "allow_anonymous true",
            "persistence true",
            "autosave_on_changes true",
            "autosave_interval 1",
        ):
            assert line in written
        assert not [line for line in written if line.startswith("listener")][1:]
        heard = {c.laddr.ip for c in psutil.Process(broker.pid).net_connections("tcp")}
        assert heard == {"127.0.0.1"}
        assert broker.alive()
        assert broker.describe() == (
            f"Mosquitto on 127.0.0.1:{broker.port}, run by the hub; "
            "open to programs on this machine"
        )
        sink = Sink()
        with linked(broker, sink, "a", acknowledge=True):
            publish(login(broker, None, None), "a", b"from a program on this machine")
            sink.wait(b"from a program on this machine")
    assert not broker.alive()


def test_its_files_are_for_the_hub_alone(tmp_path: Path) -> None:
    with managed(tmp_path):
        folder = tmp_path / "broker"
        assert folder.stat().st_mode & 0o777 == 0o700
        for name in ("credentials.json", "passwords", "mosquitto.conf"):
            assert (folder / name).stat().st_mode & 0o777 == 0o600
        kept = json.loads((folder / "credentials.json").read_text())
        hashed = (folder / "passwords").read_text()
        assert [len(word) for word in kept.values()] == [24, 24]
        assert not any(word in hashed for word in kept.values())


def test_on_the_network_everybody_logs_in_from_the_first_moment(tmp_path: Path) -> None:
    with managed(tmp_path, bind="0.0.0.0") as broker:
        kept = json.loads((tmp_path / "broker" / "credentials.json").read_text())
        assert "devices log in as 'home'" in broker.describe()
        assert not any(word in broker.describe() for word in kept.values())
        assert "wants a user" in refused(login(broker, None, None))
        assert "wrong user name or password" in refused(login(broker, "home", "guess"))
        sink = Sink()
        with linked(broker, sink, "a"):
            publish(login(broker, "home", kept["home"]), "a", b"x")
            sink.wait(b"x")
    with managed(tmp_path, bind="0.0.0.0", port=broker.port) as again:
        assert again.password == broker.password
        publish(login(again, "home", kept["home"]), "a", b"the login holds")


def test_the_household_may_choose_the_devices_login(tmp_path: Path) -> None:
    settings = {"bind": "0.0.0.0", "username": "Küche 1", "password": 'p #"\\=ü$'}
    with managed(tmp_path / "Müller's data", **settings) as broker:
        publish(login(broker, settings["username"], settings["password"]), "a", b"x")
        with linked(broker, Sink()):
            pass


def test_killed_it_is_started_again_and_the_link_comes_back(tmp_path: Path) -> None:
    said: list[str] = []
    sink = Sink()
    with managed(tmp_path, said) as broker, linked(broker, sink, "a", acknowledge=True) as link:
        # It saves before it reads on: an answer to this one shows that the session is on disk.
        publish(broker, "a", b"1")
        sink.wait(b"1")
        publish(broker, "elsewhere", b"x", b"y")
        for times in (2, 3):
            first = broker.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            until(lambda: len(sink.connections) == times and link.connected)
            assert broker.pid not in (None, first)
            assert sink.connections[-1] == (times, True)
            publish(broker, "a", b"%d" % times)
            sink.wait(b"%d" % times)
            publish(broker, "elsewhere", b"x", b"y")
    assert said == ["Mosquitto ended (signal 9): starting it again"] * 2


def test_what_it_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    sink = Sink()
    with managed(tmp_path) as broker:
        with linked(broker, Sink(), "a"):
            pass
        publish(broker, "a", *(f"{n}" for n in range(50)))
        publish(broker, "state", b"retained", retain=True)
        # It saves before it reads on: an answer to this one shows that the others are on disk.
        publish(broker, "elsewhere", b"x", b"y")
        first = broker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: broker.pid not in (None, first))
        with linked(broker, sink, "a", "state", acknowledge=True):
            sink.wait(b"retained")
            sink.wait(b"49")
    assert [p for p in sink.payloads if p != b"retained"] == [b"%d" % n for n in range(50)]


def test_a_killed_hub_leaves_no_broker_that_blocks_the_port(tmp_path: Path) -> None:
    port = free_port()
    with hub_process(tmp_path, port) as (hub, orphan):
        with linked(login_at(port), Sink(), "a"):
            pass
        publish(login_at(port), "a", b"kept")
        hub.kill()
        # At once, without waiting for the orphan.
        with managed(tmp_path, port=port) as broker:
            assert broker.port == port
            assert gone(orphan)
            sink = Sink()
            with linked(broker, sink, "a"):
                sink.wait(b"kept")


def test_a_killed_hub_ends_its_broker_even_if_no_other_hub_comes(tmp_path: Path) -> None:
    with hub_process(tmp_path, free_port()) as (hub, orphan):
        hub.kill()
        until(lambda: gone(orphan))


def test_an_orphan_that_does_not_listen_to_reason_is_ended_before_the_next_start(
    tmp_path: Path,
) -> None:
    port = free_port()
    config = tmp_path / "broker" / "mosquitto.conf"
    with managed(tmp_path, port=port):
        pass
    program = ["/usr/bin/env", "setsid", "mosquitto", "-c", str(config)]
    path = f"{os.environ['PATH']}:/usr/sbin"
    orphan = subprocess.Popen(program, env={**os.environ, "PATH": path}, stdout=subprocess.DEVNULL)
    try:
        until(lambda: reached(port))
        (tmp_path / "broker" / "broker.pid").write_text(f"{orphan.pid} 999999999\n")
        with managed(tmp_path, port=port):
            assert orphan.wait(20) is not None
    finally:
        orphan.kill()
        orphan.wait()


def test_a_second_hub_in_the_same_data_folder_is_refused(tmp_path: Path) -> None:
    with hub_process(tmp_path, free_port()) as (hub, broker):
        with pytest.raises(BrokerError, match=rf"^another hub \(process {hub.pid}\) uses the data"):
            start_broker(MqttSettings(port=0), tmp_path, print)
        assert not gone(broker)


def test_a_stale_pid_file_ends_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        for text in (f"{bystander.pid} 1\n", "rubbish", "", "-1 -1", "99999999999 1"):
            (folder / "broker.pid").write_text(text)
            with managed(tmp_path):
                assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_taken_port_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError) as caught:
            start_broker(MqttSettings(port=port), tmp_path, print)
    assert str(caught.value) == (
        f"port {port} on 127.0.0.1 is taken, perhaps by another MQTT broker: to use that one set "
        f"mqtt.url to mqtt://127.0.0.1:{port}, else set mqtt.port to a free one (0: any)"
    )


def test_a_broker_that_does_not_start_tells_its_last_words(tmp_path: Path) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho Error: no space left\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(BrokerError, match=r"^Mosquitto did not start: Error: no space left$"):
        start_mosquitto(MqttSettings(port=0), tmp_path, str(program), print)
    assert not (tmp_path / "broker" / "broker.pid").exists()


def reached(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def login_at(port: int) -> Address:
    class Login:
        host = "127.0.0.1"
        username = password = None

    Login.port = port  # type: ignore[attr-defined]
    return Login()  # type: ignore[return-value]
