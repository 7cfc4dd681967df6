"""From settings to an address and a login, and what is said of those that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.settings import MqttSettings
from integrations.broker import BrokerError, start_broker
from integrations.broker.address import free, is_loopback, reachable
from integrations.broker.secrets import credentials


def external(tmp_path: Path, **settings: Any) -> tuple[Any, ...]:
    broker = start_broker(MqttSettings(**settings), tmp_path, print)
    broker.stop()
    assert broker.alive()
    return broker.host, broker.port, broker.username, broker.password, broker.tls


def test_the_household_s_own_broker(tmp_path: Path) -> None:
    assert external(tmp_path, url="mqtt://nas") == ("nas", 1883, None, None, False)
    assert external(tmp_path, url="mqtts://nas/") == ("nas", 8883, None, None, True)
    assert external(tmp_path, url="mqtt://[::1]:5") == ("::1", 5, None, None, False)
    url = "mqtt://me:p%40ss@10.0.0.2:1884"
    assert external(tmp_path, url=url) == ("10.0.0.2", 1884, "me", "p@ss", False)
    assert external(tmp_path, url=url, username="x", password="y")[2:4] == ("x", "y")
    broker = start_broker(MqttSettings(url="mqtts://me:secret@nas"), tmp_path, print)
    assert broker.describe() == "the MQTT broker at nas:8883 (TLS)"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "Managed",
        "nas:1883",
        "http://nas",
        "mqtt://",
        "mqtt://nas:0",
        "mqtt://nas:99999",
        "mqtt://nas:port",
        "mqtt://[::1",
        "mqtt://nas/topic",
        "mqtt://nas?x=secret",
        "mqtt://me:sec/ret@nas",
        "http://me:secret@nas",
        "mqtt://me:secret@nas/topic",
    ],
)
def test_a_bad_url_is_said_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(BrokerError, match=r"^mqtt.url.*expected.*mqtt://") as caught:
        start_broker(MqttSettings(url=url), tmp_path, print)
    assert "\n" not in str(caught.value)
    if "@" in url:
        assert "sec" not in str(caught.value)


def test_certificates_without_encryption_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"expected mqtt\.url to begin with mqtts://"):
        external(tmp_path, url="mqtt://nas", ca_file=tmp_path / "ca.pem")


def test_addresses() -> None:
    assert [is_loopback(a) for a in ("127.0.0.1", "127.1.2.3", "::1", "localhost")] == [True] * 4
    assert not any(is_loopback(a) for a in ("0.0.0.0", "::", "192.168.1.2", "nas", ""))
    assert (reachable("0.0.0.0"), reachable("::"), reachable("10.0.0.2")) == (
        "127.0.0.1",
        "::1",
        "10.0.0.2",
    )
    assert free("127.0.0.1", 0) > 1023


@pytest.mark.parametrize(
    ("bind", "said"),
    [
        ("192.0.2.1", "mqtt.bind: 192.0.2.1 is no address of this machine"),
        ("no-such-host.invalid", "mqtt.bind: the name 'no-such-host.invalid' is not known"),
        ("", "mqtt.bind is '': expected an address"),
        ("127.0.0.1\nallow_anonymous true", "mqtt.bind is '127.0.0.1\\\\nallow_anonymous true'"),
    ],
)
def test_an_address_that_cannot_be_listened_on(bind: str, said: str) -> None:
    with pytest.raises(BrokerError) as caught:
        free(bind, 0)
    assert said.replace("\\\\", "\\") in str(caught.value)


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("commonhearth", "x"),
        ("a:b", "x"),
        ("a", "x:y"),
        ("a\nb", "x"),
        ("a", "x\ny"),
        ("#a", "x"),
        ("a ", "x"),
        ("a", None),
        (None, "x"),
        ("", "x"),
    ],
)
def test_logins_that_a_password_file_cannot_hold(
    tmp_path: Path, username: str | None, password: str | None
) -> None:
    with pytest.raises(BrokerError, match=r"^mqtt\.username"):
        credentials(tmp_path, MqttSettings(username=username, password=password))


def test_credentials_are_made_once_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    first = credentials(tmp_path, MqttSettings())
    assert credentials(tmp_path, MqttSettings()) == first
    assert first.hub_password != first.device_password
    chosen = credentials(tmp_path, MqttSettings(username="me", password="mine"))
    assert chosen.users() == {"commonhearth": first.hub_password, "me": "mine"}
    for damage in ("", "{", "[]", json.dumps({"home": "x"})):
        first.file.write_text(damage)
        with pytest.raises(BrokerError, match=r"credentials.json is damaged: delete it"):
            credentials(tmp_path, MqttSettings())
    first.file.unlink()
    first.file.mkdir()
    with pytest.raises(BrokerError, match=r"credentials.json: Is a directory"):
        credentials(tmp_path, MqttSettings())


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(BrokerError, match=r"the broker's folder .* cannot be used"):
        start_broker(MqttSettings(port=0), tmp_path / "data", print)
