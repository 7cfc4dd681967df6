"""What a rule file may say, what is wrong with one, and that the household's own are right."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from hub.domain.stock import PantryItem
from hub.domain.yamltext import load
from hub.settings import MemberSettings
from rules.language import schema
from rules.ruleset import RuleSet

ROOT = Path(__file__).resolve().parents[2]
GOOD = "id: a\nname: A\nwhen: {stock_below_par: {item: milk}}\npropose: {kind: notify}\n"

FAULTS = [
    ("when: {stock_below_par: {item: mlik}}", "item: mlik is not in the pantry, did you mean milk"),
    ("when: {stock_below_par: {item: rice}}", "rice has no par in the pantry; give `below`"),
    ("when: {stock_below_par: {item: milk}, cron: 0 8 * * *}", "when: expected exactly one of"),
    ("when: {}", "when: expected exactly one of"),
    ("when: {cron: 0 8 * *}", "when.cron: expected five fields"),
    ("when: {state: {entity: sensor.a}}", "when.state: expected one of is, above, below"),
    ("when: {state: {entity: a, is: on}}", "when.state.entity: expected something like"),
    ("when: {notice: {service: gaz}}", "when.notice.service: expected one of gas, water"),
    ("propose: {kind: grocery}", "propose.kind: expected one of grocery_order, move_delivery"),
    ("propose: {title: x}", "propose: the key kind is missing"),
    ("propose: {kind: notify, mesage: x}", "propose.mesage: unknown key, did you mean message?"),
    ("propose: {kind: notify, message: '{quantitty}'}", "{quantitty}, did you mean quantity?"),
    ("propose: {kind: grocery_order, items: [rice]}", "propose.items[0]: rice has no target"),
    ("propose: {kind: grocery_order, up_to: 3}", "propose.up_to: a number fits one item only"),
    ("propose: {kind: grocery_order, after: 6pm}", "propose.after: expected a time of day"),
    ("cooldown: 4x", "cooldown: expected a duration like 4h"),
    ("cooldwn: 4h", "cooldwn: unknown key, did you mean cooldown?"),
    ("quiet_hours: 22-7", "quiet_hours: expected a time of day like 18:00"),
    ("ask: [bob]", "ask[0]: no such member, expected one of ana, ben, kim"),
    ("ask: nobody", "ask: expected one of adults, everyone or a list"),
    ("escalate: {to: [ben]}", "escalate: notify asks nothing, so nobody is asked next"),
    ("escalate: never", "escalate: expected"),
    ("escalate: {after: 30, to: [ben]}", "escalate.after: expected text, got 30"),
    ("escalate: {after: 10m}", "escalate: the key to is missing"),
    ("if: quantity >", "if: not a CEL condition"),
    ("if: quantitty > 1", "if: unknown word quantitty, did you mean quantity?"),
    ("if: notice.hours > 1", "notice is only known with notice, not with stock_below_par"),
    ("if: now.hours > 1", "if: now has no field hours, did you mean hour?"),
    ("if: stock.egs > 1", "if: egs is not in the pantry, did you mean eggs?"),
    ("if: sizze(item) > 1", "if: unknown function sizze, did you mean size?"),
    ("if: " + "1 + " * 300 + "1 > 0", "if: "),
]


@pytest.mark.parametrize(("line", "said"), FAULTS)
def test_a_mistake_is_told_with_its_line(
    faults_of: Callable[[str], list[str]], line: str, said: str
) -> None:
    key = line.partition(":")[0]
    kept = [one for one in GOOD.splitlines() if not one.startswith(f"{key}:")]
    found = faults_of("\n".join([*kept, line]))
    assert len(found) == 1
    assert found[0].startswith(f"x.yaml:{len(kept) + 1}:")
    assert said in found[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("escalate: {to: [kim]}", "escalate.to[0]: is no adult, so decides nothing, expected one"),
        ("escalate: {to: [ana, bne]}", "escalate.to[1]: no such member, did you mean ben?"),
        ("escalate: {to: [ben], after: 6h}", "escalate.after: expected less than expires_after"),
    ],
)
def test_who_is_asked_next_has_to_be_able_to_answer(
    faults_of: Callable[[str], list[str]], line: str, said: str
) -> None:
    (found,) = faults_of(GOOD.replace("notify", "grocery_order") + line)
    assert found.startswith("x.yaml:5:")
    assert said in found


def test_places_inside_a_condition_of_several_lines(
    faults_of: Callable[[str], list[str]],
) -> None:
    text = GOOD + "if: |\n  quantity < par\n    && stock.egs > 1.0\n"
    assert faults_of(text) == ["x.yaml:7:14: if: egs is not in the pantry, did you mean eggs?"]


@pytest.mark.parametrize("macro", ["all", "exists", "exists_one", "map", "filter"])
def test_macros_are_refused_however_they_are_written(
    faults_of: Callable[[str], list[str]], macro: str
) -> None:
    for call in (f"[1, 2].{macro}(x, x > 0)", f"[1, 2] . {macro} (x, x > 0)"):
        found = faults_of(f"{GOOD}if: '{call}'\n")
        assert found == [
            f"x.yaml:5:{6 + call.index(macro)}: if: {macro}() is not allowed: its cost has no "
            "limit; name the values instead"
        ]
    assert faults_of(f'{GOOD}if: item == "x.{macro}(y)"\n') == []


def test_the_other_rules_go_on_working() -> None:
    text = f"rules:\n  - {{{GOOD.strip().replace(chr(10), ', ')}}}\n  - {{id: b, name: B}}\n"
    files = [("bad.yaml", "rules: [\n"), ("mixed.yaml", text), ("same.yaml", GOOD)]
    members = [MemberSettings(id="ana", name="Ana")]
    rules, problems = RuleSet.build(files, members=members)
    assert [one.id for one in rules.rules()] == ["a"]
    assert [str(one).split(": ")[0] for one in problems] == [
        "bad.yaml:2:1",
        "mixed.yaml:3:5",
        "mixed.yaml:3:5",
        "same.yaml:1:5",
    ]
    assert "mixed.yaml:2" in problems[-1].message


def test_a_version_follows_what_is_said_not_how() -> None:
    members = [MemberSettings(id="ana", name="Ana")]
    versions = []
    for text in (GOOD, f"# note\n{GOOD}", GOOD.replace("A\n", "B\n")):
        rules, _ = RuleSet.build([("x", text)], members=members)
        versions.append(rules.rules()[0].version)
    assert versions[0] == versions[1] != versions[2]


def _household() -> tuple[list[MemberSettings], list[PantryItem]]:
    kept = [("milk", "l", "1"), ("eggs", "pc", "6"), ("coffee", "g", "200")]
    pantry = [PantryItem(item, item, unit, Decimal(par)) for item, unit, par in kept]
    return [MemberSettings(id="ana", name="Ana")], pantry


def test_the_rules_that_come_with_the_hub_are_right() -> None:
    members, pantry = _household()
    paths = sorted((ROOT / "config" / "rules").glob("*.yaml"))
    assert paths
    files = [(path.name, path.read_text()) for path in paths]
    rules, problems = RuleSet.build(files, members=members, pantry=pantry)
    assert [str(one) for one in problems] == []
    assert {one.id for one in rules.rules()} >= {"groceries", "fridge_door_open", "no_gas_tonight"}
    for name, text in files:
        assert text.startswith(
            "# yaml-language-server: $schema=../../docs/schemas/rules.schema.json\n"
        )
        jsonschema.validate(load(text, name).data, schema())


def test_the_schema_is_the_published_one_and_refuses_a_typo() -> None:
    published = json.loads((ROOT / "docs" / "schemas" / "rules.schema.json").read_text())
    assert published == schema()
    jsonschema.Draft202012Validator.check_schema(published)
    validator = jsonschema.Draft202012Validator(published)
    assert validator.is_valid(load(GOOD, "x").data)
    assert not validator.is_valid(load(GOOD + "cooldwn: 4h", "x").data)


def test_a_rule_of_a_set_bears_its_name_and_no_other_rule_does() -> None:
    """What ``limits.auto_approve`` allows one rule no set can take for its own."""
    text = json.dumps(
        {"id": "ID", "name": "X", "when": {"cron": "0 8 * * *"}, "propose": {"kind": "notify"}}
    )

    def tried(file: str, rule_id: str) -> str:
        member = MemberSettings(id="ada", name="Ada")
        rules, problems = RuleSet.build([(file, text.replace("ID", rule_id))], members=[member])
        assert len(rules.rules()) + len(problems) == 1
        return problems[0].message if problems else ""

    assert tried("config/rules/sets/elm/x.yaml", "elm.groceries") == ""
    assert tried("config/rules/mine.yaml", "groceries") == ""
    assert "expected elm.groceries" in tried("config/rules/sets/elm/x.yaml", "groceries")
    assert "expected elm.groceries" in tried("config/rules/sets/elm/x.yaml", "oak.groceries")
    assert "is for rules of the set elm" in tried("config/rules/mine.yaml", "elm.groceries")
