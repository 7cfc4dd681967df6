"""The threat model names what holds each thing to it; what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+)`", TEXT)))
ATTACKERS = (
    "device on the LAN",
    "provider",
    "relay",
    "friend's hub",
    "guest",
    "SD card",
    "rule set",
)


def test_it_speaks_of_each_attacker_and_of_what_does_not_hold() -> None:
    assert [one for one in ATTACKERS if one not in TEXT] == []
    assert TEXT.count("*Does not hold:*") >= 4
    assert "docs/security.md" in (ROOT / "SECURITY.md").read_text()


@pytest.mark.parametrize("named", NAMED)
def test_the_tests_it_names_are_there(named: str) -> None:
    found = ROOT / named
    assert found.is_file() or list(found.rglob("test_*.py")), f"security.md names {named}"
