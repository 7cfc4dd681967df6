"""Processes of the demo: started, listened to, and gone when the demo ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_POLITE_SECONDS = 12.0
_LONGEST_LINE = 4096


class DemoError(Exception):
    """The demo cannot go on; the text says what happened, in one line."""


def free_port() -> int:
    """Return a TCP port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cast:
    """Everybody who plays: each process by name, its log in ``folder``."""

    def __init__(self, folder: Path) -> None:
        """Write logs to ``folder``, which exists."""
        self._folder = folder
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._readers: list[asyncio.Task[None]] = []

    async def start(
        self, name: str, arguments: Sequence[str], hear: Callable[[str], None] | None = None
    ) -> None:
        """Start ``python arguments``; ``hear`` gets each line of its standard output."""
        with (self._folder / f"{name}.log").open("ab") as log:
            # Sessions of their own: Ctrl-C is for the demo, which ends them in order.
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                limit=_LONGEST_LINE * 16,
            )
        self._processes[name] = process
        self._readers.append(asyncio.create_task(self._read(name, process, hear)))

    async def _read(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        hear: Callable[[str], None] | None,
    ) -> None:
        assert process.stdout is not None
        with (self._folder / f"{name}.out").open("ab") as out:
            async for line in process.stdout:
                out.write(line)
                out.flush()
                if hear is not None:
                    hear(line.decode(errors="replace").rstrip())

    def ended(self, name: str) -> int | None:
        """Return the exit code of a process that ended, None while it runs."""
        return self._processes[name].returncode

    def pid(self, name: str) -> int:
        """Return a process's id."""
        return self._processes[name].pid

    async def kill(self, name: str) -> None:
        """End a process as a power cut does (kill -9)."""
        process = self._processes[name]
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    def last_words(self, name: str) -> str:
        """Return the end of a process's log, for messages."""
        for kind in ("log", "out"):
            file = self._folder / f"{name}.{kind}"
            lines = file.read_text(errors="replace").split("\n") if file.exists() else []
            said = [line for line in lines if line.strip()]
            if said:
                return said[-1][:300]
        return "it said nothing"

    async def until(
        self,
        what: str,
        holds: Callable[[], bool],
        *,
        seconds: float = 30.0,
        of: str | None = None,
    ) -> None:
        """Return once ``holds()``. Raises DemoError after ``seconds``, or when ``of`` ended."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not holds():
            if of is not None and self.ended(of) is not None:
                raise DemoError(f"{of} ended: {self.last_words(of)}")
            if loop.time() > end:
                raise DemoError(f"waited {seconds:g} s for {what}")
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End everybody, the last to come first."""
        for process in reversed(self._processes.values()):
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), _POLITE_SECONDS)
                except TimeoutError:
                    process.kill()
                    await process.wait()
        await asyncio.gather(*self._readers, return_exceptions=True)
