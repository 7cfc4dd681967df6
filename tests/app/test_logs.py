"""The log: a JSON object a line, or a line for people on a terminal."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from hub.app import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_elsewhere_each_line_is_json() -> None:
    out = io.StringIO()
    logs.set_up("info", out)
    log = logging.getLogger("hub.test")
    log.debug("not said")
    log.warning("milk\nis %d l", 3)
    try:
        raise ValueError("no")
    except ValueError:
        log.exception("failed")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert (first["level"], first["logger"], first["event"]) == (
        "warning",
        "hub.test",
        "milk\nis 3 l",
    )
    assert datetime.fromisoformat(first["timestamp"]).utcoffset() is not None
    assert "ValueError: no" in second["exception"]


def test_on_a_terminal_a_line_is_for_reading() -> None:
    out = Terminal()
    logs.set_up("warning", out)
    logging.getLogger("hub.test").info("not said")
    logging.getLogger("hub.test").warning("the broker is away")
    (line,) = out.getvalue().splitlines()
    assert "the broker is away" in line
    assert "{" not in line


def test_set_up_twice_says_a_thing_once() -> None:
    out = io.StringIO()
    logs.set_up("info", out)
    logs.set_up("info", out)
    logging.getLogger("x").info("once")
    assert len(out.getvalue().splitlines()) == 1


def test_what_strangers_say_stays_within_its_line() -> None:
    out = Terminal()
    logs.set_up("info", out)
    logging.getLogger("hub.test").warning("refused: %s", "x\n12:00:00 INFO all is well\x1b[2J\x9b")
    (line,) = out.getvalue().splitlines()
    assert line.endswith(r"refused: x\n12:00:00 INFO all is well\x1b[2J\x9b")
