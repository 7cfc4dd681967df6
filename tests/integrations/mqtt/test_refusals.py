"""Why there is no connection, in words a person can act on; and the household's own TLS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from integrations.mqtt import MqttSetupError
from tests.support.certificates import Authority
from tests.support.mosquitto import free_port, start_mosquitto
from tests.support.mqtt import Sink, linked, make_link, publish, until


@contextmanager
def trying(address: object, *, tls: bool = False, **settings: object) -> Iterator[Sink]:
    """Give the sink of a link that does not get in."""
    sink = Sink()
    link = make_link(address, sink, tls=tls, **settings)  # type: ignore[arg-type]
    link.start()
    try:
        yield sink
        assert not link.connected
    finally:
        link.stop()


def at(port: int, host: str = "127.0.0.1", username=None, password=None):  # type: ignore[no-untyped-def]
    return SimpleNamespace(host=host, port=port, username=username, password=password)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_and_a_missing_one(tmp_path: Path, protocol: str) -> None:
    with start_mosquitto(tmp_path, username="house", password="p@ss:wörd") as broker:
        where = f"the MQTT broker at 127.0.0.1:{broker.port}"
        with trying(at(broker.port, username="house", password="no"), protocol=protocol) as sink:
            assert sink.wait_said("refused") == (
                f"{where} refused user 'house': wrong user name or password "
                "(mqtt.username, mqtt.password)"
            )
        with trying(at(broker.port), protocol=protocol) as sink:
            assert sink.wait_said("wants") == (
                f"{where} wants a user: set mqtt.username and mqtt.password"
            )
        with linked(broker, Sink(), protocol=protocol):
            publish(broker, "a", b"x")


def test_a_name_that_nobody_knows() -> None:
    with trying(at(1883, host="no-such-host.invalid")) as sink:
        sink.wait_said("the name of the MQTT broker at no-such-host.invalid:1883 cannot be found")


def test_a_broker_that_hangs_up_without_a_word() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        versions: list[int] = []

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    packet = connection.recv(1024)
                    # The version is the byte after the name MQTT (MQTT 5.0, 3.1.2.2).
                    versions.append(packet[packet.index(b"MQTT") + 4])

        threading.Thread(target=hang_up, daemon=True).start()
        with trying(at(port)) as sink:
            said = sink.wait_said("hangs up at once")
        server.shutdown(socket.SHUT_RDWR)
    assert "it wants a user, or it wants mqtts://" in said
    assert versions[:3] == [5, 5, 4]


def test_a_broker_that_says_in_words_that_it_is_older(tmp_path: Path) -> None:
    asked: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def old_broker() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    packet = connection.recv(1024)
                    asked.append(packet[packet.index(b"MQTT") + 4])
                    # CONNACK of MQTT 3.1.1 (3.2.2.3): 1 is an unacceptable version, 5 a bad user.
                    connection.sendall(bytes([0x20, 2, 0, 1 if asked[-1] == 5 else 5]))
                    connection.recv(1024)

        threading.Thread(target=old_broker, daemon=True).start()
        with trying(at(server.getsockname()[1])) as sink:
            sink.wait_said("does not speak MQTT 5: using 3.1.1")
            sink.wait_said("wants a user")
    assert asked == [5, 4]


def test_another_client_of_the_same_name_is_told_apart(tmp_path: Path) -> None:
    sink = Sink()
    with start_mosquitto(tmp_path) as broker, linked(broker, sink, client_id="hub"):
        with linked(broker, Sink(), client_id="hub"):
            said = sink.wait_said("another client")
    assert "calls itself 'hub' there, too (mqtt.client_id)" in said


def test_a_topic_the_broker_refuses_is_said_and_the_others_are_heard(tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite open/#\n")
    acl.chmod(0o600)
    sink = Sink()
    with (
        start_mosquitto(tmp_path, extra=f"acl_file {acl}") as broker,
        linked(broker, sink, "open/#") as link,
    ):
        link.publish("closed", b"x")
        publish(broker, "open/a", b"x")
        sink.wait(b"x")
        assert link.connected


class TestTls:
    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path)

    @pytest.fixture
    def extra(self, authority: Authority) -> str:
        certificate, key = authority.issue("broker")
        self.port = free_port()
        return (
            f"listener {self.port} 127.0.0.1\ncafile {authority.file}\n"
            f"certfile {certificate}\nkeyfile {key}\n"
        )

    def test_messages_of_all_sizes_pass_and_are_acknowledged(
        self, tmp_path: Path, authority: Authority, extra: str
    ) -> None:
        sizes = [0, 1, 1000, 16_384, 70_000, 1_000_000, 5]
        sink = Sink()
        with start_mosquitto(tmp_path, extra=extra) as broker:
            with linked(
                at(self.port),
                sink,
                "a",
                tls=True,
                acknowledge=True,
                ca_file=authority.file,
                max_payload=2_000_000,
            ) as link:
                publish(broker, "a", *(b"x" * size for size in sizes))
                until(lambda: len(sink.messages) == len(sizes))
                link.publish("a", b"y" * 300_000)
                sink.wait(b"y" * 300_000)
        assert [len(payload) for payload in sink.payloads] == [*sizes, 300_000]

    def test_a_client_certificate_is_shown(
        self, tmp_path: Path, authority: Authority, extra: str
    ) -> None:
        certificate, key = authority.issue("hub")
        extra += "require_certificate true\nuse_identity_as_username true\n"
        settings = {"ca_file": authority.file}
        with start_mosquitto(tmp_path, extra=extra):
            with linked(
                at(self.port), Sink(), tls=True, cert_file=certificate, key_file=key, **settings
            ) as link:
                assert link.connected
            with trying(at(self.port), tls=True, **settings) as sink:
                assert "set mqtt.cert_file and mqtt.key_file" in sink.wait_said("wants")
            stranger, stranger_key = Authority(tmp_path, "other").issue("stranger")
            with trying(
                at(self.port), tls=True, cert_file=stranger, key_file=stranger_key, **settings
            ) as sink:
                assert "set mqtt.cert_file and mqtt.key_file" in sink.wait_said("it trusts")

    def test_an_unknown_authority_is_refused(self, tmp_path: Path, extra: str) -> None:
        other = Authority(tmp_path, "other")
        with start_mosquitto(tmp_path, extra=extra):
            with trying(at(self.port), tls=True, ca_file=other.file) as sink:
                assert sink.wait_said("not trusted").endswith("set mqtt.ca_file")

    def test_a_certificate_of_another_name_is_refused(
        self, tmp_path: Path, authority: Authority, extra: str
    ) -> None:
        with start_mosquitto(tmp_path, extra=extra):
            with trying(at(self.port, host="localhost"), tls=True, ca_file=authority.file) as sink:
                sink.wait_said("Hostname mismatch")

    def test_mqtts_where_mqtt_is_spoken_and_the_reverse(
        self, tmp_path: Path, authority: Authority, extra: str
    ) -> None:
        with start_mosquitto(tmp_path, extra=extra) as broker:
            with trying(broker, tls=True, ca_file=authority.file) as sink:
                until(lambda: sink.said)
            assert f"127.0.0.1:{broker.port}" in sink.said[0]
            with trying(at(self.port)) as sink:
                sink.wait_said("it wants mqtts://")

    def test_files_that_cannot_be_used_are_named(
        self, tmp_path: Path, authority: Authority
    ) -> None:
        rubbish = tmp_path / "rubbish.pem"
        rubbish.write_text("no certificate")
        for settings, named in (
            ({"ca_file": tmp_path / "missing.pem"}, "mqtt.ca_file"),
            ({"ca_file": rubbish}, "mqtt.ca_file"),
            ({"ca_file": authority.file, "cert_file": rubbish}, "mqtt.cert_file"),
        ):
            with pytest.raises(MqttSetupError, match=rf"^{named} .*: expected .* in PEM \(.*\)$"):
                make_link(at(1883), Sink(), tls=True, **settings)  # type: ignore[arg-type]
