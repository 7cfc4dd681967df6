"""Passing over rules whose condition is false changes nothing but what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain.events import DeviceEventOccurred
from hub.domain.proposals import Firing
from rules.compile import Equation, compile_condition
from rules.decide import Fault, decide
from rules.ruleset import RuleSet

Read = Callable[..., RuleSet]


@pytest.mark.parametrize(
    ("source", "first"),
    [
        ('event.data.code == "400"', ("event.data.code", "400")),
        ("event.data.code == '400' && now.hour > 8", ("event.data.code", "400")),
        ("int(event.data.n) % 1000 == 7", ("int(event.data.n) % 1000", 7)),
        ("(event.data.n + 1) * 2 == 8 // twice", ("(event.data.n + 1) * 2", 8)),
        ("event.data.a == 1 && (event.data.b == 2 || event.data.c == 3)", ("event.data.a", 1)),
        ("event.data.a == 1 || event.data.b == 2", None),
        ("event.data.a == 1 && event.data.b == 2 || event.data.c == 3", None),
        ("event.data.a == 1 ? true : event.data.b", None),
        ("true && event.data.a == 1", None),
        ("!event.data.a == 1", None),
        ("event.data.a == event.data.b == 1", None),
        ("event.data.a in [1] == 1", None),
        ("event.data.a < 2 == 1", None),
        ("event.data.a != 1", None),
        ("event.data.a <= 1", None),
        ("event.data.a == 1 + 1", None),
        ("event.data.a == -1", None),
        ("event.data.a == 1.0", None),
        ("event.data.a == 0x1", None),
        ("event.data.a == 1u", None),
        ("event.data.a == true", None),
        (r'event.data.a == "\n"', None),
        ('event.data.a == r"n"', None),
        ('event.data.a == """n"""', None),
        ("1 == event.data.a", None),
    ],
)
def test_what_a_condition_begins_with(source: str, first: tuple[str, int | str] | None) -> None:
    wanted = Equation(*first) if first else None
    assert compile_condition(source, "device_event").first == wanted


def _rule(identity: str, condition: str | None, kind: str | None) -> str:
    told: dict[str, Any] = {
        "id": identity,
        "name": identity,
        "when": {"device_event": {"entity": "event.scanner"}},
        "propose": {"kind": "notify"},
    }
    if condition is not None:
        told["if"] = condition
    if kind is not None:
        told["when"]["device_event"]["event_type"] = kind
    return f"- {json.dumps(told)}\n"


_CONSTANTS = st.sampled_from(["0", "1", "2", '"0"', '"1"', '"a"', "''"])
_LEFT = st.sampled_from(["event.data.a", "event.data.b", "event.data.a % 2", "event.type"])
_EQUATIONS = st.builds("{} == {}".format, _LEFT, _CONSTANTS)
_OTHERS = st.sampled_from(
    ["event.data.a > 0", "event.data.a", "true", "false && event.data.b == 1", "1 / 0 == 1"]
)
_JOINED = st.builds(
    "{} {} {}".format, _EQUATIONS, st.sampled_from(["&&", "||"]), st.one_of(_EQUATIONS, _OTHERS)
)
_CONDITIONS = st.one_of(st.none(), _EQUATIONS, _OTHERS, _JOINED)
_VALUES = st.sampled_from([0, 1, 2, True, False, 1.0, 0.5, "0", "1", "a", "", None, [1], {"x": 1}])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    asked=st.lists(
        st.tuples(_CONDITIONS, st.sampled_from([None, "scan", "other"])), min_size=5, max_size=30
    ),
    data=st.dictionaries(st.sampled_from(["a", "b"]), _VALUES),
    silenced=st.sets(st.integers(0, 29)),
)
def test_the_outcome_is_that_of_judging_every_rule(
    read: Read,
    house: Any,
    now: datetime,
    asked: list[tuple[str | None, str | None]],
    data: dict[str, Any],
    silenced: set[int],
) -> None:
    rules = read("rules:\n" + "".join(_rule(f"r{n}", *one) for n, one in enumerate(asked)))
    house.open_keys = {f"r{n}:event.scanner" for n in silenced}
    event = DeviceEventOccurred("event.scanner", "scan", data, now, "e1")
    bucket = rules.bucket(event)
    occasion = rules.occasion(event, house, now, bucket)
    judged = [decide(one, occasion) for one in bucket.rules]
    evaluation = rules.evaluate(event, house, now)
    assert evaluation.firings == tuple(one for one in judged if isinstance(one, Firing))
    assert evaluation.faults == tuple(str(one) for one in judged if isinstance(one, Fault))


def test_a_rule_for_each_of_many_codes(read: Read, house: Any, now: datetime) -> None:
    texts = [_rule(f"r{n}", f'event.data.code == "{n}"', None) for n in range(300)]
    rules = read("rules:\n" + "".join(texts))

    def fired(data: dict[str, Any]) -> list[str]:
        event = DeviceEventOccurred("event.scanner", "scan", data, now, "e1")
        return [one.rule_id for one in rules.evaluate(event, house, now).firings]

    assert fired({"code": "217"}) == ["r217"]
    assert fired({"code": "300"}) == []
    assert fired({"code": 217}) == []
    assert fired({}) == []
