"""A household's private files, each made by who makes it in a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.app.firstkeys import make_keys
from hub.app.secrets import NtfyTopics, ReplyTopics, household_key
from hub.app.tls import own_certificate
from hub.clock import SYSTEM
from hub.keyfiles import lock
from hub.settings import HttpSettings, MemberSettings, MqttSettings
from integrations.broker.secrets import credentials
from integrations.webpush.keys import VapidKey
from tests.cli.support import Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made, secrets = tmp_path / "data", tmp_path / "data" / "secrets"
    make_keys(secrets, None)
    household_key(secrets)
    NtfyTopics(secrets).of(MemberSettings(id="ada", name="Ada"))
    ReplyTopics(secrets).of("https://ntfy.sh")
    own_certificate(secrets, HttpSettings(tls="own"), SYSTEM.now())
    _ = VapidKey(secrets / "vapid.pem").public
    credentials(made / "broker", MqttSettings())
    return made


@pytest.fixture(autouse=True)
def nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins as a process does; passphrases cost little."""
    monkeypatch.setattr(lock, "_opened", {})
    monkeypatch.setattr(lock, "_offered", [])
    monkeypatch.setattr(lock, "COST", (2, 8, 1))
    for name in ("COMMONHEARTH_PASSPHRASE_FILE", "CREDENTIALS_DIRECTORY", "COMMONHEARTH_KEY_FD"):
        monkeypatch.delenv(name, raising=False)
