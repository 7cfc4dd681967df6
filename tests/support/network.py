"""What a network has besides hubs and providers: a registry and a relay, in processes."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.hubprocess import RUN, Process, until
from tests.support.mosquitto import Mosquitto, free_port


class RegistryProcess(Process):
    """``run_hub.py registry`` on a port of its own."""

    def __init__(self, folder: Path) -> None:
        """Keep its files below ``folder``."""
        port = free_port()
        arguments = [RUN, "registry", "--port", port, "--data", folder / "registry-data"]
        super().__init__("registry", arguments, folder)
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait_said(r"answers at (\S+)")

    def listed(self, role: str) -> list[dict[str, Any]]:
        """Return whom it shows in a role (``BAP`` or ``BPP``), as anybody is shown them."""
        body = json.dumps({"type": role}).encode()
        request = urllib.request.Request(
            f"{self.url}/lookup", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return list(json.load(answer))

    def wait_listed(self, role: str) -> dict[str, Any]:
        """Return the first of a role, once there is one."""
        until(lambda: self.listed(role), lambda: f"a {role} in the registry; {self.words()}")
        return self.listed(role)[0]

    def __enter__(self) -> RegistryProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class RelayProcess(Process):
    """``run_hub.py relay`` on a port of its own, which stays over a restart."""

    def __init__(self, folder: Path, broker: Mosquitto, *options: object) -> None:
        """``options`` say at least which registry it asks."""
        port = free_port()
        super().__init__(
            "relay",
            [
                *(RUN, "relay", "--mqtt", broker.url, "--port", port),
                *("--data", folder / "relay-data", *options),
            ],
            folder,
        )
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Start it and wait until it takes messages and can hand them over."""
        self.launch()
        until(self._well, lambda: f"the relay to be well; {self.words()}")

    def _well(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.words()
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=20) as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    def __enter__(self) -> RelayProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
