"""The hub's side of the rendering process: starts it, feeds it, and ends it when it must."""

from __future__ import annotations

import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from hub.clock import VARIABLE
from hub.ports import RenderFailure, RenderJob
from integrations.templates.frames import HEADER, framed

log = logging.getLogger(__name__)

MAX_BATCH_JOBS = 256
MAX_BATCH_BYTES = 1 << 20
MAX_PAYLOAD = 256 * 1024
STRIKES = 3
_MAX_SUSPECTS = 256
_ROOT = Path(__file__).resolve().parents[2]

Result = str | RenderFailure


class JinjaRenderer:
    """Renders templates as Home Assistant does, in a process of their own (``TemplateRenderer``).

    The process is started at the first render and again after it had to be ended. Safe to call
    from several threads; one batch is rendered at a time.
    """

    def __init__(
        self,
        *,
        timezone: str = "UTC",
        memory_mib: int = 192,
        job_seconds: float = 0.25,
        patience: float = 5.0,
        pause: float = 60.0,
    ) -> None:
        """``timezone`` is the household's (IANA), for ``now()`` and times without a zone.

        ``memory_mib`` is the address space of the process, ``job_seconds`` the processor time a
        job may use, ``patience`` the seconds waited for one job before the process is ended. A
        template that met a limit ``STRIKES`` times in a row is not tried again for ``pause``
        seconds, so that a device cannot hold up the others for long.
        """
        self._arguments = (str(memory_mib), str(job_seconds), timezone)
        self._patience = patience
        self._pause = pause
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._suspects: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def render(self, jobs: Sequence[RenderJob]) -> list[Result]:
        """Return one result for each job, in order; a job's own fault is a RenderFailure."""
        results: list[Result] = []
        with self._lock:
            for chunk in _chunks(jobs):
                results += self._chunk(chunk)
        return results

    def close(self) -> None:
        """End the process; a later render would start it again."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """Return the process's id while it runs."""
        return None if self._process is None else self._process.pid

    # -- one frame's worth of jobs ----------------------------------------------------------------

    def _chunk(self, jobs: Sequence[RenderJob]) -> list[Result]:
        results: dict[int, Result] = {}
        left: list[int] = []
        for number, job in enumerate(jobs):
            refused = self._refused(job)
            if refused is None:
                left.append(number)
            else:
                results[number] = refused
        while left:
            done, lost = self._run([jobs[number] for number in left])
            for number, result in zip(left, done, strict=False):
                self._judge(jobs[number].template, result)
                results[number] = result
            left = left[len(done) :]
            if left and lost is not None:
                # The job whose answer never came is the one at fault; the rest is tried again.
                number = left.pop(0)
                results[number] = RenderFailure(lost)
                self._judge(jobs[number].template, results[number])
        return [results[number] for number in range(len(jobs))]

    def _run(self, jobs: Sequence[RenderJob]) -> tuple[list[Result], str | None]:
        """Render until done or lost; return the answers, and how the process was lost."""
        try:
            process = self._running()
            body = orjson.dumps([(job.template, job.payload, job.variables) for job in jobs])
        except OSError as error:
            return [RenderFailure(f"cannot start the rendering process: {error}")] * len(jobs), None
        except (TypeError, orjson.JSONEncodeError) as error:
            if len(jobs) == 1:
                return [RenderFailure(f"cannot hand the job over: {error}")], None
            return [result for job in jobs for result in self._run_one(job)], None
        answers: list[Result] = []
        lost: str | None = None
        try:
            assert process.stdin is not None
            process.stdin.write(framed(body))
            process.stdin.flush()
            for _ in jobs:
                ok, text = orjson.loads(self._frame(process))
                answers.append(text if ok else RenderFailure(text))
        except TimeoutError:
            lost = f"limit: no answer within {self._patience:g} s"
        except (OSError, EOFError):
            lost = "limit: the rendering process died of it"
        if lost is not None:
            log.warning("the rendering process was ended: %s", lost)
            self._end()
        return answers, lost

    def _run_one(self, job: RenderJob) -> list[Result]:
        answers, lost = self._run([job])
        return answers or [RenderFailure(lost or "no answer")]

    def _frame(self, process: subprocess.Popen[bytes]) -> bytes:
        deadline = time.monotonic() + self._patience
        needed = HEADER.size
        body = False
        while True:
            while len(self._buffer) < needed:
                self._read_more(process, deadline)
            if body:
                frame = bytes(self._buffer[HEADER.size : needed])
                del self._buffer[:needed]
                return frame
            needed += HEADER.unpack_from(self._buffer)[0]
            body = True

    def _read_more(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        assert process.stdout is not None
        poller = select.poll()
        poller.register(process.stdout, select.POLLIN)
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
        data = os.read(process.stdout.fileno(), 1 << 16)
        if not data:
            raise EOFError
        self._buffer += data

    # -- the process ------------------------------------------------------------------------------

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(  # noqa: S603 (our own module, by our own interpreter)
                [sys.executable, "-m", "integrations.templates.child", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                # Nothing of the hub's surroundings is a template's business.
                env={
                    "PATH": os.defpath,
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "MALLOC_ARENA_MAX": "1",
                    **{name: os.environ[name] for name in (VARIABLE,) if name in os.environ},
                },
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        self._buffer.clear()
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    log.debug("a pipe of the rendering process was gone already")

    # -- templates that keep meeting a limit ------------------------------------------------------

    def _refused(self, job: RenderJob) -> RenderFailure | None:
        if len(job.payload) > MAX_PAYLOAD:
            return RenderFailure(f"limit: more than {MAX_PAYLOAD} characters of payload")
        strikes, until = self._suspects.get(job.template, (0, 0.0))
        if strikes >= STRIKES and time.monotonic() < until:
            return RenderFailure(f"limit: met {strikes} times, not tried for {self._pause:g} s")
        return None

    def _judge(self, template: str, result: Result) -> None:
        if not isinstance(result, RenderFailure) or not result.reason.startswith("limit:"):
            if self._suspects:
                self._suspects.pop(template, None)
            return
        strikes, _ = self._suspects.pop(template, (0, 0.0))
        self._suspects[template] = (strikes + 1, time.monotonic() + self._pause)
        if len(self._suspects) > _MAX_SUSPECTS:
            self._suspects.popitem(last=False)


def _chunks(jobs: Sequence[RenderJob]) -> Iterator[list[RenderJob]]:
    chunk: list[RenderJob] = []
    size = 0
    for job in jobs:
        cost = len(job.template) + len(job.payload)
        if chunk and (len(chunk) >= MAX_BATCH_JOBS or size + cost > MAX_BATCH_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(job)
        size += cost
    if chunk:
        yield chunk
