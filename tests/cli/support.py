"""Running commands in this process: the same code as ``run_hub.py``, without a start each time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from hub.cli.main import main


@dataclass(frozen=True, slots=True)
class Told:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def refused(self, code: int) -> str:
        """Return the one line it failed with."""
        assert self.code == code, self
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        assert "Traceback" not in self.out + self.err
        return line.removeprefix("error: ")


class Run:
    """Runs a command line."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Told:
        self._capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        said = self._capsys.readouterr()
        return Told(code, said.out, said.err)
