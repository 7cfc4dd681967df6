"""Ready rules are taken over as they stand, their words in the household's language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.app.readyrules import TEXTS, added, every, shown
from hub.app.rulefields import at
from hub.domain.tongue import speak
from hub.domain.yamltext import load
from hub.settings import MemberSettings
from hub.web.i18n import say_in
from rules.ruleset import RuleSet

ADA = MemberSettings(id="ada", name="Ada")


@pytest.fixture
def chinese() -> Iterator[None]:
    say_in("zh")
    yield
    speak("en")


def test_in_english_each_stands_as_in_its_file() -> None:
    for ready in every():
        assert added("", ready, {}) == ready.head + ready.lines
        assert shown(ready, there=False, on=False).name == at(ready.rule, "name")


def test_in_chinese_its_words_are_translated_and_all_else_stays(chinese: None) -> None:
    whole = ""
    for ready in every():
        text = added("", ready, {})
        rule = load(text, ready.file).data["rules"][0]
        for path in TEXTS:
            before, now = at(ready.rule, path), at(rule, path)
            assert (now is None) == (before is None)
            assert now is None or now == "{headline}" or not str(now).isascii()
        assert {key for key in rule if rule[key] != ready.rule[key]} <= {"name", "propose"}
        comments = [line for line in ready.lines.splitlines() if line.strip().startswith("#")]
        assert set(comments) <= set(text.splitlines())
        whole += text
        found, problems = RuleSet.build([(ready.file, text)], members=[ADA])
        assert [one for one in problems if "pantry" not in str(one)] == []
        assert [one.name for one in found.rules()] == [shown(ready, there=False, on=False).name]
    assert "name: 冰箱门开着" in whole


def test_what_a_person_chose_is_taken_over_with_them(chinese: None) -> None:
    ready = next(one for one in every() if one.id == "fridge_too_warm")
    rule = load(added("", ready, {"when.state.above": "3"}), ready.file).data["rules"][0]
    assert (rule["when"]["state"]["above"], rule["name"]) == (3, "冰箱太热")
