"""The lock files hold what pyproject.toml asks for, and the smaller one is part of the larger."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
_PIN = re.compile(r"^([\w.-]+(?:\[[\w,]+\])?)==([^\s;\\]+)", re.MULTILINE)


def _pins(lock: str) -> dict[str, str]:
    found = _PIN.findall((ROOT / lock).read_text())
    return {canonicalize_name(name.partition("[")[0]): version for name, version in found}


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-dev.lock", PROJECT["project"]["dependencies"]),
        ("requirements-dev.lock", PROJECT["dependency-groups"]["dev"]),
    ],
    ids=["run", "run in dev", "dev"],
)
def test_the_lock_fits_the_project(lock: str, wanted: list[str]) -> None:
    pins = _pins(lock)
    wrong = [
        line
        for line in wanted
        if (name := canonicalize_name(Requirement(line).name)) not in pins
        or not Requirement(line).specifier.contains(pins[name])
    ]
    assert wrong == [], "run script/lock"


def test_tests_run_on_the_versions_households_get() -> None:
    assert _pins("requirements.lock").items() <= _pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_no_lock_names_a_host(lock: str) -> None:
    assert re.findall(r"https?://|--index", (ROOT / lock).read_text()) == []
