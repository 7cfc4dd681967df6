"""What makes no sense about Home Assistant is said by its key; without it nothing is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub.app.assistant import token_of
from hub.app.config import read_config
from hub.settings import HomeAssistantSettings, Settings
from tests.support.hubprocess import ROOT, write_config

THERE = {"url": "http://ha.local:8123", "token": "x"}
ADA = {"id": "ada", "name": "Ada"}


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({"url": "ha.local"}, "pattern"),
        ({"url": "http://ha.local"}, "expected a token or a token_file"),
        ({**THERE, "token_file": "token"}, "token or token_file, not both"),
        ({"entities": ["sensor.x"]}, "expected url, too"),
        ({"shopping_lists": ["todo.x"]}, "expected url, too"),
        ({**THERE, "shopping_lists": ["sensor.x"]}, "pattern"),
        ({**THERE, "entities": ["Sensor x"]}, "pattern"),
        ({**THERE, "services": ["turn everything on"]}, "pattern"),
        ({**THERE, "calendars": {"calendar.x": ["eve"]}}, "no member is called 'eve'"),
        ({"press": {"member": "eve"}}, "homeassistant.press.member: expected an adult"),
        ({"press": {"member": "kim"}}, "homeassistant.press.member: expected an adult"),
        ({"press": {"up_to": "much"}}, "expected a sum such as 80 EUR"),
        ({"press": {"up_to": "5 USD"}}, "expected EUR (home.currency)"),
    ],
)
def test_what_makes_no_sense_is_named(there: dict[str, Any], words: str) -> None:
    members = [ADA, {"id": "kim", "name": "Kim", "role": "child"}]
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"members": members, "homeassistant": there})
    assert words in str(caught.value)


def test_who_is_asked_there_needs_a_home_assistant() -> None:
    with pytest.raises(ValidationError, match=r"members\.ada\.homeassistant"):
        Settings.model_validate({"members": [{**ADA, "homeassistant": ["notify.phone"]}]})


def test_check_names_a_rule_that_wants_what_is_not_allowed(tmp_path: Path) -> None:
    rule = {
        "id": "away",
        "name": "Away",
        "when": {"cron": "0 8 * * *"},
        "propose": {
            "kind": "home_action",
            "then": [{"service": "lock.unlock", "entities": ["lock.front"]}],
        },
    }
    for services, problems in ((["lock.unlock lock.shed"], 1), (["lock.unlock lock.*"], 0)):
        write_config(
            tmp_path, settings={"homeassistant": {**THERE, "services": services}}, rules=[rule]
        )
        found = [str(one) for one in read_config(tmp_path).problems]
        assert len(found) == problems, found
        assert all("lock.unlock: lock.front" in one for one in found)


def test_a_token_may_lie_in_a_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(" abc\n")
    write_config(tmp_path, settings={"homeassistant": {"url": THERE["url"], "token_file": "token"}})
    assert token_of(read_config(tmp_path).checked().homeassistant) == "abc"
    assert token_of(HomeAssistantSettings()) == ""


def test_without_it_nothing_of_it_is_loaded() -> None:
    program = (
        "import sys, hub.app.hub\n"
        "print([name for name in ('homeassistant_api', 'niquests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr
