"""Processes of the demo: started, listened to, and gone when the demo ends."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from hub.domain.values import dataclass

ROOT = Path(__file__).resolve().parents[2]
RUN = str(ROOT / "run_hub.py")
_POLITE_SECONDS = 12.0
_LONGEST_LINE = 4096
_LONGEST_TASK = 120.0
_OWN_PORTS = (16_000, 32_000)


class DemoError(Exception):
    """The demo cannot go on; the text says what happened, in one line."""


def free_port() -> int:
    """Return a TCP port of the loopback that was free a moment ago.

    It is none of those that systems give to whoever asks for any: nobody gets it by chance before
    it is used, also not while the process that uses it is started again.
    """
    while True:
        port = random.randrange(*_OWN_PORTS)  # noqa: S311 (no secret)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@dataclass(slots=True)
class Part:
    """Somebody who plays: how to start it, and the process that it is at present."""

    name: str
    arguments: Sequence[str]
    hear: Callable[[str], None] | None
    lasting: bool
    process: asyncio.subprocess.Process
    doomed: bool = False


class Cast:
    """Everybody who plays: each process by name, its log in ``folder``."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Write logs to ``folder``, which exists; give all of them ``environment`` besides ours."""
        self._folder = folder
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self._parts: dict[str, Part] = {}
        self._readers: list[asyncio.Task[None]] = []

    async def start(
        self,
        name: str,
        arguments: Sequence[str],
        hear: Callable[[str], None] | None = None,
        *,
        lasting: bool = True,
    ) -> None:
        """Start ``python arguments``; ``hear`` gets each line of its standard output.

        A ``lasting`` one is not meant to end before the play does (``missing``).
        """
        process = await self._launch(name, arguments)
        self._parts[name] = Part(name, arguments, hear, lasting, process)
        self._readers.append(asyncio.create_task(self._read(name, process, hear)))

    async def do(self, name: str, arguments: Sequence[str]) -> str:
        """Return what ``python arguments`` prints once it has ended well. Raises DemoError."""
        lines: list[str] = []
        await self.start(name, arguments, lines.append, lasting=False)
        reader = self._readers[-1]
        await self.until(name, reader.done, seconds=_LONGEST_TASK)
        if await self._parts[name].process.wait():
            raise DemoError(f"{name} failed: {self.last_words(name)}")
        return "\n".join(lines)

    async def again(self, name: str) -> None:
        """Start somebody who ended once more, as before."""
        part = self._parts[name]
        await self.start(name, part.arguments, part.hear, lasting=part.lasting)

    async def _launch(self, name: str, arguments: Sequence[str]) -> asyncio.subprocess.Process:
        with (self._folder / f"{name}.log").open("ab") as log:
            # Sessions of their own: Ctrl-C is for the demo, which ends them in order.
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=self._environment,
                limit=_LONGEST_LINE * 16,
            )

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
        return self._parts[name].process.returncode

    def pid(self, name: str) -> int:
        """Return a process's id."""
        return self._parts[name].process.pid

    async def kill(self, name: str) -> None:
        """End a process as a power cut does (kill -9)."""
        part = self._parts[name]
        part.doomed = True
        _signal(part.process, signal.SIGKILL)
        await part.process.wait()

    async def missing(self) -> NoReturn:
        """Wait for somebody to end who should not have. Raises DemoError with their last words."""
        while True:
            for part in self._parts.values():
                if part.lasting and not part.doomed and part.process.returncode is not None:
                    raise DemoError(f"{part.name} ended: {self.last_words(part.name)}")
            await asyncio.sleep(0.1)

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
        for process in [part.process for part in reversed(self._parts.values())]:
            if process.returncode is None:
                _signal(process, signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), _POLITE_SECONDS)
                except TimeoutError:
                    _signal(process, signal.SIGKILL)
                    await process.wait()
        await asyncio.gather(*self._readers, return_exceptions=True)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # asyncio's own send_signal takes the exit code of a child that has just ended, and the loop,
    # which waits for the same, then says that it never knew it.
    with suppress(ProcessLookupError):
        os.kill(process.pid, number)
