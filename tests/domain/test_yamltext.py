"""A household's YAML: what it means, what is refused, and where the mistake is."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from hub.domain import yamltext
from hub.domain.yamltext import Problem, YamlError, load, read_model, read_part


class Propose(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["grocery_order", "notify"]
    amount: int | Literal["all"] = "all"
    window: str = Field(default="7", pattern=r"^\d$", examples=["7"])


class Page(BaseModel):
    model_config = ConfigDict(extra="forbid")
    propose: Propose
    others: list[Propose] = []


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: on", {"a": "on"}),
        ("a: yes\nb: true\nc: ~", {"a": "yes", "b": True, "c": None}),
        ("a: 18:00", {"a": "18:00"}),
        ("a: 2026-11-24", {"a": "2026-11-24"}),
        ("a: 0400123", {"a": "0400123"}),
        ("a: [1, -2, 2.5, 1e3, '3']", {"a": [1, -2, 2.5, 1000.0, "3"]}),
        ("1: x", {"1": "x"}),
        ("", None),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("\ufeffa: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
    ],
)
def test_it_means_what_a_person_reads(text: str, data: object) -> None:
    assert load(text, "x").data == data


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: &x 1\nb: *x", 2, 4, "alias"),
        ("a: !!python/object x", 1, 4, "tag"),
        ("a: .nan", 1, 4, "finite"),
        ("a: 1e999", 1, 4, "too large"),
        ("[" * 100, 1, 33, "levels"),
        ("a: 1\na: 2", 2, 1, "twice"),
        ("a: 1\n---\nb: 2", 2, 1, "one YAML document"),
        ("a: b: c", 1, 5, "not YAML"),
        ("a:\n  - [1, 2", 2, 10, "not YAML"),
        ("? [a]\n: b", 1, 3, "key"),
        ("a: 1\n<<: {b: 2}", 2, 1, "merge"),
        ('a: "\\ud800"', 1, 4, "surrogate"),
        ("a: \x00", 1, 4, "not allow"),
    ],
)
def test_what_is_refused_is_placed(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(YamlError) as caught:
        load(text, "x.yaml")
    problem = caught.value.problem
    assert (problem.line, problem.column) == (line, column)
    assert said in problem.message


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(YamlError, match="at most"):
        load("a" * (yamltext.MAX_SIZE + 1), "x")


def test_places_of_keys_values_and_signs_inside() -> None:
    located = load('a:\n  b: [1, two]\nc: |\n  foo bar\n  baz\nd: "x \\"y\\" z"\n', "x")
    assert located.at(("a", "b"), key=True) == (2, 3)
    assert located.at(("a", "b", 1)) == (2, 10)
    assert located.at(("a", "missing")) == (2, 3)
    assert located.inside(("c",), located.data["c"].index("baz")) == (5, 3)
    assert located.inside(("d",), located.data["d"].index("z")) == (6, 13)
    assert located.source(("a",)) == "b: [1, two]"
    assert str(Problem("f", 1, 2, "m")) == "f:1:2: m"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "propose:\n  kind: grocery",
            ['x:2:9: propose.kind: expected one of grocery_order, notify, got "grocery"'],
        ),
        (
            "propose:\n  kind: notify\n  amount: few",
            ['x:3:11: propose.amount: expected a whole number or all, got "few"'],
        ),
        (
            "propose: {kind: notify, amuont: 3}",
            ["x:1:25: propose.amuont: unknown key, did you mean amount?"],
        ),
        (
            "propose: {kind: notify, window: abc}",
            ['x:1:33: propose.window: expected something like 7, got "abc"'],
        ),
        ("", ["x:1:1: the key propose is missing"]),
        ("propose: 3", ["x:1:10: propose: expected keys with values, got 3"]),
        ("- a", ["x:1:1: expected keys with values, got a list"]),
        (
            "propose: {kind: notify}\nothers: [{kind: 3}]",
            ["x:2:17: others[0].kind: expected one of grocery_order, notify, got 3"],
        ),
        ("propose: [", ["x:1:11: not YAML: while parsing a flow node"]),
    ],
)
def test_a_mistake_is_told_in_words(text: str, lines: list[str]) -> None:
    model, problems = read_model(Page, text, "x")
    assert model is None
    assert len(problems) == len(lines)
    for problem, line in zip(problems, lines, strict=True):
        assert str(problem).startswith(line)


def test_a_part_is_read_by_itself() -> None:
    located = load("many:\n  - {kind: notify}\n  - {kind: x}", "f")
    good, none = read_part(Propose, located, ("many", 0))
    assert good is not None
    assert (good.kind, none) == ("notify", [])
    _, problems = read_part(Propose, located, ("many", 1))
    assert str(problems[0]).startswith("f:3:12: kind: expected one of")


@settings(max_examples=150)
@given(st.text(max_size=80) | st.text(alphabet="ab:-[]{}#&*!|>'\"%@`,? \n\t\\", max_size=60))
def test_no_text_gets_past_as_anything_but_data_or_a_problem(text: str) -> None:
    model, problems = read_model(Page, text, "x")
    assert (model is None) is bool(problems)
    assert all(one.line >= 1 and one.column >= 1 and one.message for one in problems)
