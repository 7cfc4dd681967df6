"""What every measurement needs: a broker, processes, a phone to reach, and a look at /proc."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks"

_BROKER = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 2048
set_tcp_nodelay true
log_type error
"""


class BenchError(Exception):
    """A measurement could not be taken."""


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(
    true: Callable[[], bool], what: str, seconds: float, *, every: float = 0.005
) -> None:
    """Return once ``true()``; BenchError naming ``what`` after ``seconds``."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise BenchError(f"waited {seconds:g} s for {what}")
        time.sleep(every)


def get_json(port: int, path: str) -> dict[str, object] | None:
    """Return what a local server answers to GET, None while it does not (or not with 200)."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            told: dict[str, object] = json.load(answer)
            return told
    except (OSError, ValueError):
        return None


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of ``values`` lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Bench:
    """A folder and processes that are gone when the ``with`` ends."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, which must be empty and is the caller's to remove."""
        self.folder = folder
        self.broker = 0
        self.phone = 0
        self._stack = ExitStack()

    def __enter__(self) -> Bench:
        """Start a broker and a phone."""
        try:
            self._start_broker()
            phone = self.start("receiver", [sys.executable, str(HERE / "receiver.py"), "0"])
            self.phone = int(said(phone))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self._stack.close()

    def _start_broker(self) -> None:
        found = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if found is None:
            raise BenchError("mosquitto is missing: sudo apt install mosquitto mosquitto-clients")
        self.broker = free_port()
        config = self.folder / "mosquitto.conf"
        config.write_text(_BROKER.format(port=self.broker))
        self.start("mosquitto", [found, "-c", str(config)])

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.broker)) == 0

        wait_until(listens, "mosquitto", 10)

    def start(
        self, name: str, command: Sequence[str], *, speaks: bool = True
    ) -> subprocess.Popen[str]:
        """Start a process; its errors go to ``<folder>/<name>.log``.

        What it prints can be read with ``said`` if it ``speaks``, else it goes to the log too.
        """
        log = (self.folder / f"{name}.log").open("ab")
        self._stack.callback(log.close)
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE if speaks else log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self._stack.callback(stop, process)
        return process

    def subscriber(self, program: str, topic: str, *rest: object) -> subprocess.Popen[str]:
        """Start one of the small programs here and return once it is subscribed."""
        arguments = [str(self.broker), topic, *map(str, rest)]
        process = self.start(program, [sys.executable, str(HERE / f"{program}.py"), *arguments])
        if said(process) != "ready":
            raise BenchError(f"{program} did not start; see {self.folder}/{program}.log")
        return process

    def came(self, name: str) -> int:
        """Return how many notifications came under ``name``."""
        told = get_json(self.phone, f"/{name}?count")
        return int(str(told["count"])) if told else 0

    def times(self, name: str) -> list[int]:
        """Return when each notification under ``name`` came, in monotonic nanoseconds."""
        told = get_json(self.phone, f"/{name}") or {}
        times = told.get("times")
        return list(times) if isinstance(times, list) else []

    def settled(self, name: str, wanted: int, *, quiet: float = 10) -> int:
        """Return how many came once ``wanted`` did, or once none did for ``quiet`` seconds."""
        count, since = self.came(name), time.monotonic()
        while count < wanted and time.monotonic() - since < quiet:
            time.sleep(0.05)
            now = self.came(name)
            if now != count:
                count, since = now, time.monotonic()
        return count

    def distinct(self, name: str) -> int:
        """Return how many different notifications came under ``name``."""
        told = get_json(self.phone, f"/{name}?count")
        return int(str(told["distinct"])) if told else 0

    def last_words(self) -> str:
        """Return the end of every log, to be read when something went wrong."""
        told = []
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-5:]
            told += [f"  {log.stem}: {line}" for line in lines]
        return "\n".join(told)

    def retain(self, topic: str, payload: str) -> None:
        """Publish a retained message at QoS 1 with mosquitto_pub."""
        command = ["mosquitto_pub", "-p", str(self.broker), "-q", "1", "-r", "-t", topic]
        done = subprocess.run(
            [*command, "-m", payload], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise BenchError(f"mosquitto_pub: {done.stderr.strip()}")

    def publish(self, topic: str, lines: Iterable[str]) -> int:
        """Publish each line at QoS 1 with mosquitto_pub; return the monotonic ns it began."""
        file = self.folder / "lines"
        file.write_text("".join(f"{line}\n" for line in lines))
        with file.open("rb") as stdin:
            began = time.monotonic_ns()
            done = subprocess.run(
                ["mosquitto_pub", "-p", str(self.broker), "-q", "1", "-t", topic, "-l"],
                stdin=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise BenchError(f"mosquitto_pub: {done.stderr.strip()}")
        return began


class Hub:
    """The hub as households run it: ``python run_hub.py run``, in its own process."""

    def __init__(self, bench: Bench, config: Path, http_port: int, *, patience: float) -> None:
        """Start it on ``config`` and return once /healthz says it is ready."""
        self.bench = bench
        self.port = http_port
        data = config.with_name(f"{config.name}-data")
        began = time.monotonic()
        self.process = bench.start(
            f"hub-{config.name}",
            [
                sys.executable,
                str(ROOT / "run_hub.py"),
                "run",
                *("--config", str(config), "--data", str(data)),
            ],
            speaks=False,
        )

        def ready() -> bool:
            if self.process.poll() is not None:
                raise BenchError(f"the hub ended; see {bench.folder}/hub-{config.name}.log")
            return get_json(http_port, "/healthz") is not None

        wait_until(ready, "the hub to be ready", patience)
        self.ready_seconds = time.monotonic() - began

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self.process.pid

    def stop(self) -> None:
        """End it before the bench does."""
        stop(self.process)


def said(process: subprocess.Popen[str]) -> str:
    """Return the next line a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def stop(process: subprocess.Popen[str]) -> None:
    """End a process, by force when it does not go."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None and process.returncode is not None:
        process.stdout.close()


def memory_mib(pid: int, field: str = "VmRSS") -> float:
    """Return a process's resident memory in MiB: ``VmRSS`` now, ``VmHWM`` at its highest."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise BenchError(f"/proc/{pid}/status has no {field}")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Return the process ids below ``pid``."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            direct = [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
        for child in direct:
            found += [child, *children(child)]
    return found
