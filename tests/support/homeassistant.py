"""A real Home Assistant in a process of its own, with an environment of its own.

Its packages cannot live beside the hub's (it pins older ones), so they are installed once into
``.venv-ha``: the newest release that this Python runs, held to the constraints it ships.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from tests.support.hubprocess import ROOT, until
from tests.support.mosquitto import free_port

VENV = ROOT / ".venv-ha"
RELEASE = "2024.3.3"
"""The last release for Python 3.11."""

BESIDE = (
    "PyNaCl",
    "PyTurboJPEG",
    "fnv-hash-fast",
    "ha-ffmpeg==3.1.0",
    "hassil",
    "home-assistant-frontend",
    "home-assistant-intents",
    "ical==7.0.3",
    "janus",
    "josepy<2",
    "mutagen",
    "paho-mqtt",
    "pillow",
    "psutil-home-assistant",
    "securetar",
    "sqlalchemy",
    "webrtc-noise-gain",
)
"""What its own parts would install while it runs; its constraints say which release of each."""

LIFE = 10 * 365 * 24 * 3600


def environment() -> Path:
    """Return the Python of the environment, made or made anew where it is not what is wanted."""
    python, mark = VENV / "bin" / "python", VENV / "made-for"
    wanted = " ".join((RELEASE, sys.version, *BESIDE))
    with (ROOT / "tests" / "support" / "homeassistant.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text() == wanted:
            return python
        _run(sys.executable, "-m", "venv", "--clear", VENV)
        _run(python, "-m", "pip", "install", "--quiet", "uv")
        install = (VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", python)
        _run(*install, f"homeassistant=={RELEASE}")
        (shipped,) = VENV.glob("lib/*/site-packages/homeassistant/package_constraints.txt")
        _run(*install, "--constraint", shipped, *BESIDE)
        mark.write_text(wanted)
    return python


def _run(*words: object) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


class HomeAssistant:
    """``with`` starts it on a broker and stops it; ``token`` is a long-lived access token."""

    def __init__(self, folder: Path, *, broker_port: int, more: Mapping[str, Any] = {}) -> None:
        """``more`` is written to configuration.yaml beside what is always there."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / ".storage").mkdir(parents=True)
        configuration = {
            "homeassistant": {"name": "Home", "unit_system": "metric", "time_zone": "UTC"},
            "http": {"server_host": "127.0.0.1", "server_port": self.port},
            "api": None,
            "websocket_api": None,
            **more,
        }
        # JSON is YAML.
        (folder / "configuration.yaml").write_text(json.dumps(configuration, indent=1))
        self.token = self._write_owner()
        self._write_broker(broker_port)

    def _store(self, name: str, version: int, data: object, minor: int = 1) -> None:
        kept = {"version": version, "minor_version": minor, "key": name, "data": data}
        (self._folder / ".storage" / name).write_text(json.dumps(kept))

    def _write_owner(self) -> str:
        """Write the owner and a token, as its pages would have made them."""
        user, token_id, key = uuid4().hex, uuid4().hex, secrets.token_hex(64)
        groups = ("system-admin", "system-users", "system-read-only")
        owner = {
            "id": user,
            "group_ids": ["system-admin"],
            "is_owner": True,
            "is_active": True,
            "name": "Ada",
            "system_generated": False,
            "local_only": False,
        }
        token = {
            "id": token_id,
            "user_id": user,
            "client_id": None,
            "client_name": "Commonhearth",
            "client_icon": None,
            "token_type": "long_lived_access_token",
            "created_at": "2026-01-01T00:00:00+00:00",
            "access_token_expiration": float(LIFE),
            "token": secrets.token_hex(64),
            "jwt_key": key,
            "last_used_at": None,
            "last_used_ip": None,
            "credential_id": None,
            "version": RELEASE,
        }
        kept = {
            "users": [owner],
            "groups": [{"id": one, "name": one} for one in groups],
            "credentials": [],
            "refresh_tokens": [token],
        }
        self._store("auth", 1, kept)
        steps = ["user", "core_config", "integration", "analytics"]
        self._store("onboarding", 4, {"done": steps})
        now = int(time.time())
        return _jwt({"iss": token_id, "iat": now, "exp": now + LIFE}, key)

    def _write_broker(self, port: int) -> None:
        entry = {
            "entry_id": uuid4().hex,
            "version": 1,
            "minor_version": 1,
            "domain": "mqtt",
            "title": "broker",
            "data": {"broker": "127.0.0.1", "port": port, "discovery": True},
            "options": {},
            "pref_disable_new_entities": False,
            "pref_disable_polling": False,
            "source": "user",
            "unique_id": None,
            "disabled_by": None,
        }
        # A calendar and a shopping list it keeps itself, with nothing in them.
        calendar = {
            **entry,
            "entry_id": uuid4().hex,
            "domain": "local_calendar",
            "title": "Family",
            "data": {"calendar_name": "Family", "storage_key": "family"},
        }
        shopping = {
            **entry,
            "entry_id": uuid4().hex,
            "domain": "shopping_list",
            "title": "Shopping List",
            "unique_id": "shopping_list",
            "data": {},
        }
        self._store("core.config_entries", 1, {"entries": [entry, calendar, shopping]})

    def __enter__(self) -> HomeAssistant:
        self.start()
        return self

    def start(self) -> None:
        """Start it and wait until it runs."""
        python = environment()
        with (self._folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen(
                [python, "-m", "homeassistant", "--config", self._folder, "--skip-pip"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        until(self._running, self.words, 120)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it; ``start`` may be called again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def words(self) -> str:
        """Return the end of what it said, for messages."""
        return (self._folder / "out.log").read_text(errors="replace")[-3000:]

    def _running(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.words()
        try:
            return bool(self.call("GET", "/api/config")["state"] == "RUNNING")
        except (OSError, KeyError):
            return False

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call its REST API. Raises OSError when it does not answer or refuses."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def state(self, entity: str) -> dict[str, Any] | None:
        """Return an entity's state, None while there is none."""
        try:
            found: dict[str, Any] = self.call("GET", f"/api/states/{entity}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return found

    def wait(self, entity: str, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Return an entity's state once it is as wanted."""
        until(
            lambda: (now := self.state(entity)) is not None and true(now),
            lambda: f"{entity}: {self.state(entity)}\n{self.words()}",
        )
        found = self.state(entity)
        assert found is not None
        return found

    def do(self, domain: str, service: str, **data: Any) -> None:
        """Call a service."""
        self.call("POST", f"/api/services/{domain}/{service}", data)


def _jwt(claims: dict[str, object], key: str) -> str:
    """Sign with HS256 (RFC 7515, 3.1)."""

    def b64(raw: bytes) -> str:
        return urlsafe_b64encode(raw).rstrip(b"=").decode()

    head = b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = f"{head}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(hmac(key.encode(), signed.encode(), sha256).digest())}"
