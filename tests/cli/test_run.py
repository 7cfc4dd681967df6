"""``run`` and ``provider`` that cannot: one line that says why, and an exit code."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.keyfiles.files import write
from tests.cli.support import Run
from tests.support.hubprocess import ROOT, HubProcess, Process, run_cli, write_config
from tests.support.mosquitto import Mosquitto

CATALOG = ROOT / "config" / "demo" / "catalogues" / "corner-shop.yaml"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def refused(run: Run, tmp_path: Path, code: int = 1, **settings: Any) -> str:
    config = write_config(tmp_path / "config", settings=settings)
    return run("run", "--config", config, "--data", tmp_path / "data").refused(code)


def test_the_http_port_is_taken(run: Run, tmp_path: Path, taken: int) -> None:
    told = refused(run, tmp_path, http={"port": taken})
    assert told.startswith(f"http.port: {taken} on 127.0.0.1 is taken")


def test_the_brokers_port_is_taken(run: Run, tmp_path: Path, taken: int) -> None:
    told = refused(run, tmp_path, mqtt={"port": taken})
    assert f"port {taken} on 127.0.0.1 is taken" in told
    assert "mqtt.url" in told


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_this_machines(run: Run, tmp_path: Path, host: str) -> None:
    told = refused(run, tmp_path, http={"host": host, "port": 0})
    assert told.startswith(f"http.host: {host} is no address of this machine")


@pytest.mark.parametrize("url", ["nonsense", "mqtt://", "mqtt://host:99999", "http://host"])
def test_a_broker_url_that_is_none(run: Run, tmp_path: Path, url: str) -> None:
    assert refused(run, tmp_path, mqtt={"url": url}).startswith("mqtt.url")


def test_a_password_in_a_broker_url_is_not_told(run: Run, tmp_path: Path) -> None:
    told = refused(run, tmp_path, mqtt={"url": "mqtt://me:hunter2@[x"})
    assert "hunter2" not in told


def test_certificates_that_are_not_there(run: Run, tmp_path: Path) -> None:
    told = refused(run, tmp_path, mqtt={"url": "mqtts://127.0.0.1", "ca_file": "none.pem"})
    assert told.startswith("mqtt.ca_file")


def test_a_faulty_hub_yaml_is_named_with_its_place(run: Run, tmp_path: Path) -> None:
    config = write_config(tmp_path / "config")
    (config / "hub.yaml").write_text("home:\n  currency: euro\n")
    told = run("run", "--config", config, "--data", tmp_path / "data")
    assert f"{config / 'hub.yaml'}:2:13: home.currency: " in told.refused(2)
    assert not (tmp_path / "data").exists()


def test_no_folder_of_that_name_beside_data_of_a_home(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/hub.sqlite").touch()
    told = run("run", "--config", tmp_path / "none", "--data", tmp_path / "data")
    assert "expected a folder" in told.refused(2)


def test_a_data_folder_that_cannot_be_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = write_config(tmp_path / "config")
    told = run("run", "--config", config, "--data", tmp_path / "file" / "data")
    assert "Not a directory" in told.refused(1)


def test_a_damaged_key_or_database(run: Run, tmp_path: Path) -> None:
    secrets = tmp_path / "data" / "secrets"
    write(secrets / "household.key", "short")
    assert "household.key: expected 32 bytes in hex" in refused(run, tmp_path)
    (secrets / "household.key").unlink()
    (tmp_path / "data" / "hub.sqlite").write_text("no database " * 500)
    assert "hub.sqlite: file is not a database" in refused(run, tmp_path)


def test_a_data_folder_in_use(run: Run, hub: HubProcess, tmp_path: Path) -> None:
    told = run("run", "--config", hub.config, "--data", hub.data).refused(1)
    assert told == f"{hub.data} is used by another hub (process {hub.pid})"
    assert hub.health()["ok"], "the other one is not disturbed"


def test_only_debug_shows_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    short = run_cli("run", "--config", tmp_path / "file")
    assert (short.returncode, short.stdout, short.stderr.count("\n")) == (2, "", 1)
    long = run_cli("--debug", "device", "parked", "--data", tmp_path / "none")
    assert long.returncode != 0
    assert "Traceback (most recent call last)" in long.stderr
    assert "no hub has run here yet" in long.stderr


def test_told_to_stop_it_ends_with_0(tmp_path: Path, broker: Mosquitto) -> None:
    hub = HubProcess(tmp_path, settings={"mqtt": {"url": broker.url, "client_id": "another"}})
    with hub:
        hub.wait_connected()
        assert hub.code()
        assert hub.stop() == 0
    assert "Traceback" not in hub.words()


# -- provider ------------------------------------------------------------------------------------


def test_a_provider_without_a_catalogue(run: Run) -> None:
    assert "expected --catalog FILE" in run("provider").refused(2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("provider: {id: x\n", ":2:1: "),
        ("provider: {id: x, name: X}\nitems: []\nsurprise: 1\n", ":3:1: "),
        ("provider: {id: 5, name: X}\nitems: []\n", ":1:16: "),
    ],
)
def test_a_provider_with_a_broken_catalogue(
    run: Run, tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "catalogue.yaml"
    if text is not None:
        file.write_text(text)
    told = run("provider", "--catalog", file, "--data", tmp_path / "data").refused(2)
    assert told.startswith(str(file))
    assert said in told


def test_a_provider_with_a_broken_registry(run: Run, tmp_path: Path) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text("subscribers: 5\n")
    told = run(
        *("provider", "--catalog", CATALOG, "--data", tmp_path / "data", "--registry", registry)
    )
    assert "registry.yaml:1" in told.refused(2)


def test_a_provider_whose_port_is_taken(run: Run, tmp_path: Path, taken: int) -> None:
    told = run("provider", "--catalog", CATALOG, "--data", tmp_path, "--port", taken).refused(1)
    assert told.startswith(f"127.0.0.1:{taken}: ")
    assert "in use" in told


def test_a_provider_sells_until_it_is_told_to_stop(tmp_path: Path) -> None:
    shop = Process(
        "shop",
        [ROOT / "run_hub.py", "provider", "--catalog", CATALOG, "--data", tmp_path / "data"],
        tmp_path,
    )
    shop.launch()
    try:
        shop.wait_said(r"Corner Shop \(\S+\) sells at http://127\.0\.0\.1:\d+")
    finally:
        assert shop.stop() == 0
    assert sys.executable == shop.arguments[0]
