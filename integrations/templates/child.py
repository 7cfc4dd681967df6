"""The rendering process: ``python -m integrations.templates.child MEMORY_MIB CPU_SECONDS ZONE``.

It reads batches on standard input, writes one result for each job, and ends when its input ends.
Whatever a template does, it can only cost this process: its memory (RLIMIT_AS), its processor
time a job (a timer, and RLIMIT_CPU for what no timer interrupts), its output's size.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections import OrderedDict
from contextlib import suppress
from types import FrameType
from typing import Any, BinaryIO

import orjson
from jinja2 import Template
from jinja2.exceptions import SecurityError, TemplateError

from hub.clock import clock_from_environment
from integrations.templates.frames import HEADER, framed
from integrations.templates.functions import Sandbox

MAX_OUTPUT = 64 * 1024
MAX_TEMPLATE = 16 * 1024
MAX_CACHED = 512


class OutOfTime(BaseException):
    """The job has used up its processor time; a BaseException, so that no filter swallows it."""


class Renderer:
    """Renders one job after another, with the templates compiled so far."""

    def __init__(self, zone: str, seconds: float) -> None:
        """Use times of ``zone``; a job may use ``seconds`` of processor time."""
        self._sandbox = Sandbox(zone, clock_from_environment().now)
        self._seconds = seconds
        self._compiled: OrderedDict[str, Template] = OrderedDict()

    def render(self, template: str, payload: str, variables: dict[str, Any]) -> tuple[bool, str]:
        """Return whether it could be rendered, and the text or the reason why not."""
        try:
            # Processor time, not wall time: a busy machine must not make templates fail.
            signal.setitimer(signal.ITIMER_PROF, self._seconds)
            try:
                return True, self._rendered(template, payload, variables)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        except OutOfTime:
            return False, f"limit: more than {self._seconds:g} s of processor time"
        except MemoryError:
            return False, "limit: more memory than a template may use"
        except RecursionError:
            return False, "limit: nested too deep"
        except SecurityError as error:
            return False, f"not allowed: {_line(error)}"
        except TemplateError as error:
            return False, _line(error)
        except Exception as error:
            return False, f"{type(error).__name__}: {_line(error)}"

    def _rendered(self, template: str, payload: str, variables: dict[str, Any]) -> str:
        context: dict[str, Any] = {**variables, "value": payload}
        # Left undefined where it is no JSON, as in Home Assistant: a template may not need it.
        with suppress(orjson.JSONDecodeError):
            context["value_json"] = orjson.loads(payload)
        size, parts = 0, []
        for part in self._template(template).generate(context):
            size += len(part)
            if size > MAX_OUTPUT:
                raise TemplateError(f"limit: more than {MAX_OUTPUT} characters of output")
            parts.append(part)
        return "".join(parts).strip()

    def _template(self, source: str) -> Template:
        compiled = self._compiled.get(source)
        if compiled is None:
            if len(source) > MAX_TEMPLATE:
                raise TemplateError(f"limit: more than {MAX_TEMPLATE} characters of template")
            compiled = self._compiled[source] = self._sandbox.from_string(source)
            if len(self._compiled) > MAX_CACHED:
                self._compiled.popitem(last=False)
        else:
            self._compiled.move_to_end(source)
        return compiled


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def serve(renderer: Renderer, source: BinaryIO, sink: int, seconds: float) -> None:
    """Answer batches until the input ends."""
    hard = max(2, int(seconds * 4) + 1)
    while header := source.read(HEADER.size):
        jobs = orjson.loads(source.read(HEADER.unpack(header)[0]))
        for template, payload, variables in jobs:
            # The kernel ends what neither Python nor the timer can: one long step in C.
            used = resource.getrusage(resource.RUSAGE_SELF)
            limit = int(used.ru_utime + used.ru_stime) + hard
            resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
            answer = framed(orjson.dumps(renderer.render(template, payload, variables or {})))
            while answer:
                answer = answer[os.write(sink, answer) :]


def main() -> None:
    """Set the limits and serve standard input."""
    memory, seconds, zone = int(sys.argv[1]) << 20, float(sys.argv[2]), sys.argv[3]

    def out_of_time(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    signal.signal(signal.SIGPROF, out_of_time)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    renderer = Renderer(zone, seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    sys.setrecursionlimit(500)
    serve(renderer, sys.stdin.buffer, sys.stdout.fileno(), seconds)


if __name__ == "__main__":
    main()
