"""A template can cost its own result and nothing else."""

import os
import time

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ports import RenderFailure, RenderJob
from integrations.templates import JinjaRenderer

GOOD = RenderJob("{{ value_json.a + 1 }}", '{"a": 1}')

ATTACKS = {
    "memory by a product": "{{ 'x' * 10**9 }}",
    "memory by a list": "{{ [0] * 10**9 }}",
    "memory by a filter": "{{ 'a' | center(10**9) }}",
    "endless loops": "{% set r = range(9**5) %}{% for a in r %}{% set _ = r | list %}{% endfor %}",
    "too long a range": "{% for a in range(10**9) %}{% endfor %}",
    "a regex that backtracks": "{{ ('a' * 40) | regex_match('(a+)+b') }}",
    "deep recursion": "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
    "deep nesting": "{{ " + "(" * 400 + "1" + ")" * 400 + " }}",
    "a way out": "{{ ''.__class__.__mro__ }}",
    "a shorter way out": "{{ ''.__class__ }}",
    "a way out by globals": "{{ cycler.__init__.__globals__ }}",
    "changing what is given": "{{ value_json.update({'a': 2}) }}",
    "a huge power": "{{ 10 ** 10000000 }}",
    "a power of a power": "{{ (9 ** 60) ** (9 ** 60) }}",
    "much output": "{{ 'x' * 100000 }}",
    "bad syntax": "{{ value_json.a",
    "an unknown filter": "{{ value | no_such_filter }}",
    "a long template": "x" * 20_000,
    "an include": "{% include '/etc/passwd' %}",
}


@pytest.mark.parametrize("template", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_one_readable_failure_and_the_next_job_works(renderer, template):
    failure, good = renderer.render([RenderJob(template, '{"a": 1}'), GOOD])
    assert isinstance(failure, RenderFailure)
    assert failure.reason
    assert "\n" not in failure.reason
    assert len(failure.reason) < 300
    assert good == "2"


def test_limits_are_named(renderer):
    memory, seconds, output = renderer.render(
        [
            RenderJob(ATTACKS["memory by a product"], ""),
            RenderJob(ATTACKS["endless loops"], ""),
            RenderJob(ATTACKS["much output"], ""),
        ]
    )
    assert memory.reason == "limit: more memory than a template may use"
    assert seconds.reason == "limit: more than 0.25 s of processor time"
    assert output.reason == "limit: more than 65536 characters of output"


def test_the_job_that_kills_the_process_is_named_and_the_others_are_rendered(renderer, monkeypatch):
    """What no limit inside catches: the process goes in the midst of a batch."""
    renderer.render([GOOD])
    jobs = [GOOD, RenderJob("{{ 'suicide' }}", ""), GOOD, GOOD]
    kill_at(renderer, monkeypatch, answers=1)
    results = renderer.render(jobs)
    assert [results[n] for n in (0, 2, 3)] == ["2", "2", "2"]
    assert results[1] == RenderFailure("limit: the rendering process died of it")
    assert renderer.render([GOOD]) == ["2"]


def kill_at(renderer, monkeypatch, answers):
    """Kill the process once, after so many answers of the next batch were read."""
    read = renderer._frame
    left = [answers]

    def frame(process):
        if left[0] == 0:
            left[0] = -1
            process.kill()
            process.wait()
            renderer._buffer.clear()
            raise EOFError
        left[0] -= 1
        return read(process)

    monkeypatch.setattr(renderer, "_frame", frame)


def test_a_process_that_does_not_answer_is_ended():
    renderer = JinjaRenderer(patience=0.5)
    try:
        assert renderer.render([GOOD]) == ["2"]
        stopped = psutil.Process(renderer.pid)
        stopped.suspend()
        first, second = renderer.render([GOOD, GOOD])
        assert first == RenderFailure("limit: no answer within 0.5 s")
        assert second == "2"
        assert not stopped.is_running()
    finally:
        renderer.close()


def test_a_template_that_keeps_meeting_a_limit_is_not_tried_again_for_a_while():
    renderer = JinjaRenderer(job_seconds=0.05, pause=3600)
    try:
        bad = RenderJob(ATTACKS["endless loops"], "")
        results = renderer.render([bad] * 3) + renderer.render([bad, GOOD])
        assert [result.reason for result in results[:3]] == [
            "limit: more than 0.05 s of processor time"
        ] * 3
        assert results[3] == RenderFailure("limit: met 3 times, not tried for 3600 s")
        assert results[4] == "2"
    finally:
        renderer.close()


def test_it_starts_when_first_needed_and_ends_on_close():
    renderer = JinjaRenderer()
    assert renderer.pid is None
    assert renderer.render([]) == []
    assert renderer.pid is None
    renderer.render([GOOD])
    process = psutil.Process(renderer.pid)
    assert "integrations.templates.child" in process.cmdline()
    renderer.close()
    assert not process.is_running()
    assert renderer.render([GOOD]) == ["2"], "it starts again"
    renderer.close()
    renderer.close()


def test_the_process_knows_nothing_of_the_hubs_surroundings(monkeypatch):
    monkeypatch.setenv("HUB_SECRET", "s3cret")
    renderer = JinjaRenderer()
    try:
        renderer.render([GOOD])
        assert "HUB_SECRET" not in psutil.Process(renderer.pid).environ()
    finally:
        renderer.close()


def test_the_process_ends_when_the_hub_is_killed(tmp_path):
    import signal
    import subprocess
    import sys

    script = (
        "import sys, time\n"
        "from hub.ports import RenderJob\n"
        "from integrations.templates import JinjaRenderer\n"
        "renderer = JinjaRenderer()\n"
        "renderer.render([RenderJob('x', '')])\n"
        "print(renderer.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    hub = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=os.getcwd())
    child = psutil.Process(int(hub.stdout.readline()))
    hub.send_signal(signal.SIGKILL)
    hub.wait()
    hub.stdout.close()
    deadline = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the rendering process outlived the hub"
        time.sleep(0.02)


def test_large_batches_come_back_in_order(renderer):
    jobs = [RenderJob("{{ value_json.n * 2 }}", f'{{"n": {n}}}') for n in range(600)]
    jobs += [RenderJob("{{ value | length }}", "x" * 200_000)] * 8
    results = renderer.render(jobs)
    assert results[:600] == [str(n * 2) for n in range(600)]
    assert results[600:] == ["200000"] * 8


def test_a_payload_that_is_too_large_is_refused(renderer):
    (result,) = renderer.render([RenderJob("{{ value }}", "x" * 300_000)])
    assert result == RenderFailure("limit: more than 262144 characters of payload")


def test_what_cannot_be_handed_over_fails_alone(renderer):
    odd = RenderJob("{{ x }}", "", {"x": object()})
    surrogate = RenderJob("{{ value }}", "\ud800")
    first, second, third = renderer.render([odd, GOOD, surrogate])
    assert isinstance(first, RenderFailure)
    assert second == "2"
    assert isinstance(third, RenderFailure)


def test_variables_are_given(renderer):
    job = RenderJob("{{ this.state }} {{ value }}", "new", {"this": {"state": "old"}})
    assert renderer.render([job]) == ["old new"]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(max_size=40))
def test_any_template_gets_an_answer(template, payload):
    (result, good) = shared().render([RenderJob("{{ " + template, payload), GOOD])
    assert isinstance(result, str | RenderFailure)
    assert good == "2"


_SHARED: list[JinjaRenderer] = []


def shared() -> JinjaRenderer:
    if not _SHARED:
        _SHARED.append(JinjaRenderer(pause=0.0))
    return _SHARED[0]


@pytest.fixture(scope="module", autouse=True)
def _end_shared():
    yield
    for one in _SHARED:
        one.close()
