"""Devices' logins from the command line, beside a running hub."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.support import Run
from tests.support.hubprocess import HubProcess


def test_a_login_is_made_listed_and_revoked(run: Run, hub: HubProcess) -> None:
    home = ("--config", str(hub.config), "--data", str(hub.data))
    made = run("device", "add", "shelf-9", "--write", "notices/x", *home, "--json").json
    assert made["user"] == "shelf-9"
    assert len(made["password"]) == 24
    assert "notices/x" in made["write"]
    listed = run("device", "logins", *home, "--json").json
    assert [one["name"] for one in listed] == ["shelf-9"]
    assert made["password"] not in json.dumps(listed)
    assert "shelf-9/#" in run("device", "logins", *home).out
    assert "has a login already" in run("device", "add", "shelf_9", *home).refused(2)
    printed = run("device", "add", "z2m", "--kind", "bridge", *home).out
    assert "base_topic: z2m" in printed
    assert "`device acl" in printed  # the broker is not the hub's own
    assert "mqtt.username" in run("device", "acl", "--mosquitto", "x", *home).refused(2)
    for name in ("shelf-9", "z2m"):
        assert run("device", "revoke", name, *home).code == 0
    assert "no device logs in" in run("device", "revoke", "z2m", *home).refused(1)
    pairing = run("device", "pair", *home, "--json").json
    assert len(pairing["code"]) == 8
    assert "no device may pair" in run("device", "pair", "--close", *home).out


@pytest.mark.parametrize("name", ["a+b", "#", "a/b", "a\nb", "x" * 10_240, "home"])
def test_a_bad_name_is_refused(run: Run, hub: HubProcess, name: str) -> None:
    home = ("--config", str(hub.config), "--data", str(hub.data))
    assert run("device", "add", name, *home).refused(2).startswith("name: ")


def test_the_files_for_the_households_own_mosquitto(
    run: Run, hub: HubProcess, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "hub.yaml").write_text(
        "mqtt: {url: 'mqtt://127.0.0.1', username: hub, password: secret}\n"
    )
    home = ("--config", str(config), "--data", str(hub.data))
    run("device", "add", "lamp", *home)
    files = tmp_path / "files"
    said = run("device", "acl", "--mosquitto", str(files), *home)
    assert "allow_anonymous false" in said.out
    assert sorted(os.listdir(files)) == ["commonhearth.conf", "passwords", "topics"]
    assert "user lamp\ntopic readwrite lamp/#" in (files / "topics").read_text()
    assert "secret" not in (files / "passwords").read_text()
    run("device", "revoke", "lamp", *home)
