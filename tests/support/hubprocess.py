"""A hub as households run it: ``run_hub.py run`` in a process of its own, on files of a test."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.mosquitto import free_port

ROOT = Path(__file__).parents[2]
RUN = str(ROOT / "run_hub.py")
PATIENCE = 40.0

SETTINGS: dict[str, Any] = {
    "home": {
        "name": "Linden 5",
        "timezone": "Europe/Berlin",
        "address": "Lindenstr. 5, Berlin",
        "area_code": "10115",
        "phone": "+49 30 5550100",
    },
    "members": [{"id": "ada", "name": "Ada"}],
    "mqtt": {"url": "managed", "port": 0},
    "http": {"port": 0},
}
PANTRY: dict[str, Any] = {
    "items": {
        "milk": {"name": "Milk", "unit": "l", "par": 1, "target": 3, "pack": 1},
        "eggs": {"name": "Eggs", "unit": "pc", "par": 4, "target": 10, "pack": 10},
    }
}


def until(
    true: Callable[[], object], what: Callable[[], object] = lambda: "", seconds: float = PATIENCE
) -> None:
    """Return once ``true()`` is; fails with the words of ``what()`` when that takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited in vain: {what()}"
        time.sleep(0.02)


def run_cli(
    *arguments: object, seconds: float = 90, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, RUN, *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=seconds,
        env={**os.environ, **environment},
    )


def write_config(
    folder: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    pantry: Mapping[str, Any] | None = None,
    devices: Mapping[str, Any] | None = None,
    rules: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write a config folder; sections of ``settings`` take the place of those above."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    # JSON is YAML, and quotes what has to be.
    (folder / "hub.yaml").write_text(json.dumps({**SETTINGS, **(settings or {})}, indent=1))
    (folder / "pantry.yaml").write_text(json.dumps(PANTRY if pantry is None else pantry))
    (folder / "devices.yaml").write_text(json.dumps(devices or {}))
    write_rules(folder, rules)
    return folder


def write_rules(folder: Path, rules: Sequence[Mapping[str, Any]], name: str = "rules.yaml") -> Path:
    """Write one rule file, so that it is seen whole or not at all."""
    file = folder / "rules" / name
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps({"rules": list(rules)}, indent=1))
    draft.replace(file)
    return file


class Process:
    """A program that says lines; ``start`` may be called again once it ended."""

    def __init__(self, name: str, arguments: Sequence[object], folder: Path) -> None:
        self.name = name
        self.arguments = [sys.executable, *map(str, arguments)]
        self.out = folder / f"{name}.out"
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._said_before = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def launch(self) -> None:
        """Start it, without waiting for anything."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        self._said_before = self.out.stat().st_size if self.out.exists() else 0
        with self.out.open("ab") as out, self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.arguments, stdout=out, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT
            )

    def said(self) -> str:
        """Return what this run of it said on its standard output."""
        if not self.out.exists():
            return ""
        return self.out.read_bytes()[self._said_before :].decode(errors="replace")

    def wait_said(self, pattern: str, seconds: float = PATIENCE) -> re.Match[str]:
        """Return the match once this run said it."""
        found: list[re.Match[str]] = []

        def there() -> bool:
            match = re.search(pattern, self.said())
            if match is None:
                assert self.process is not None
                code = self.process.poll()
                assert code is None, f"{self.name} ended with {code}:\n{self.words()}"
                return False
            found.append(match)
            return True

        until(there, lambda: f"{self.name} to say {pattern!r}\n{self.words()}", seconds)
        return found[0]

    def words(self) -> str:
        """Return the end of its log, for messages."""
        return (self.log.read_text(errors="replace") if self.log.exists() else "")[-3000:]

    def kill(self) -> None:
        """End it as a power cut does (kill -9)."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> int:
        """End it politely; return its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        return int(self.process.returncode)


class HubProcess(Process):
    """A hub with a config folder of its own; ``with`` starts it and stops it."""

    def __init__(self, folder: Path, **config: Any) -> None:
        """``config`` is as ``write_config`` takes it."""
        self.config = write_config(folder / "config", **config)
        self.data = folder / "data"
        self._port = int((config.get("settings") or {}).get("http", {}).get("port", 0))
        super().__init__("hub", [RUN, "run", "--config", self.config, "--data", self.data], folder)
        self.url = ""
        self.scopes: Sequence[str] = ("read", "decide")
        self._token = ""

    def start(self) -> None:
        """Start it and wait until it says where it is."""
        self.launch()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Return once it said where it is. ``url`` is then its own address, whatever is public."""
        said = self.wait_said(r"Commonhearth is at (\S+)\n")[1]
        self.url = f"http://127.0.0.1:{self._port}" if self._port else said

    def code(self, name: str = "Ada") -> str:
        """Return the one-time code it printed for a member."""
        return self.wait_said(rf"{name} signs in with the code (\S+)")[1]

    def __enter__(self) -> HubProcess:
        if self.process is None:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- its API --------------------------------------------------------------------------------

    @property
    def token(self) -> str:
        """Return an API token that may do what ``scopes`` name."""
        if not self._token:
            made = run_cli(
                *("token", "create", f"tests-{time.monotonic_ns()}"),
                *(word for scope in self.scopes for word in ("--scope", scope)),
                *("--data", self.data),
            )
            assert made.returncode == 0, made.stderr
            self._token = made.stdout.strip()
        return self._token

    def forget_token(self) -> None:
        """Have another API token made: the one in use is not known (any more)."""
        self._token = ""

    def get(self, path: str) -> Any:
        """Return what the API answers; a list's items."""
        told = self.call("GET", f"/api/v1{path}")
        return told["items"] if isinstance(told, dict) and set(told) == {"items"} else told

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the API; fails when it refuses."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from None

    def health(self) -> dict[str, Any]:
        """Return what /healthz tells; it answers 503 while the broker is away."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=20) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))

    def wait_connected(self) -> None:
        """Return once it is connected to its broker."""
        until(lambda: self.health().get("mqtt_connected"), self.words)

    def level(self, item: str) -> float | None:
        """Return how much of an item there is, by its API."""
        for one in self.get("/pantry"):
            if one["item"]["id"] == item:
                return None if one["level"] is None else float(one["level"]["quantity"])
        raise AssertionError(f"{item} is not in the pantry")

    def wait_level(self, item: str, quantity: float) -> None:
        """Return once there is so much of an item."""
        until(
            lambda: self.level(item) == quantity,
            lambda: f"{item} at {quantity}; it is {self.level(item)}; {self.words()}",
        )

    def wait_parked(self, topic: str) -> dict[str, Any]:
        """Return what was parked of a topic, once something was."""

        def found() -> list[dict[str, Any]]:
            return [one for one in self.get("/parked?limit=200") if one["topic"] == topic]

        until(found, lambda: f"{topic} to be parked; are: {self.get('/parked')}")
        (one,) = found()
        return one

    def memory_mib(self) -> float:
        """Return its resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("no VmRSS")


class ProviderProcess(Process):
    """``run_hub.py provider`` on a port of its own, which stays over a restart."""

    def __init__(
        self, folder: Path, catalog: Path, registry: Path, *options: object, name: str = "shop"
    ) -> None:
        port = free_port()
        super().__init__(
            name,
            [
                *(RUN, "provider", "--catalog", catalog, "--port", port),
                *("--data", folder / f"{name}-data", "--registry", registry, *options),
            ],
            folder,
        )
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Start it and wait until it sells."""
        self.launch()
        self.wait_said(r"sells at (\S+)")

    def orders(self) -> list[dict[str, Any]]:
        """Return what its own API says it has sold or offered."""
        with urllib.request.urlopen(f"{self.url}/orders", timeout=20) as answer:
            return list(json.load(answer)["orders"])

    def __enter__(self) -> ProviderProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
