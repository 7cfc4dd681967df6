"""What rules make of events: which fire, which stay silent, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain.events import (
    DeviceEventOccurred,
    NoticeEnded,
    NoticeIssued,
    StateChanged,
    StockChanged,
    TimerFired,
)
from hub.domain.notices import Notice
from hub.domain.proposals import TimerWanted
from rules.rehearse import rehearse
from rules.ruleset import RuleSet

Read = Callable[..., RuleSet]
NOTIFY = "propose: {kind: notify}\n"


def rule(when: str, more: str = NOTIFY) -> str:
    return f"id: r\nname: The rule\nwhen: {{{when}}}\n{more}"


def level(item: str, quantity: float, now: datetime, unit: str = "l") -> StockChanged:
    return StockChanged(item, None, quantity, unit, now, "test")


def gas(now: datetime, **changes: Any) -> Notice:
    notice = Notice(
        *("utility", "n1", now, "Actual", "Alert", "Gas interruption", "No gas tonight", ""),
        *("Expected", "Moderate", "Likely", (), now + timedelta(hours=3)),
        *(now + timedelta(hours=6), "gas", (), ()),
    )
    return replace(notice, **changes)


def test_stock_below_par_in_words(read: Read, house: Any, now: datetime) -> None:
    rules = read(rule("stock_below_par: {item: milk}", "propose: {kind: grocery_order}\n"))
    house.put("milk", 0.4)
    house.put("eggs", 2)
    (firing,) = rules.evaluate(level("milk", 0.4, now), house, now).firings
    assert firing.title == "Milk and Eggs are running low"
    assert firing.because == ("Milk is down to 0.4 l (par 1 l)", "Eggs is down to 2 pc (par 6 pc)")
    assert firing.params == {
        "items": [
            {"item": "milk", "quantity": "2.600", "unit": "l"},
            {"item": "eggs", "quantity": "10.000", "unit": "pc"},
        ]
    }
    assert (firing.subject, firing.cause_key) == ("pantry", "r:pantry")
    assert firing.ask == ("ana", "ben")
    assert firing.rule_text.startswith("id: r")


@pytest.mark.parametrize(
    ("quantity", "expected", "trigger", "fires"),
    [
        (0.4, 0, "item: milk", True),
        (1.0, 0, "item: milk", False),
        (0.4, 2, "item: milk", False),
        (0.4, 0.5, "item: milk", True),
        (0.4, 0, "item: any", True),
        (0.4, 0, "item: eggs", False),
        (0.4, 0, "item: milk, below: 0.3", False),
        (2.0, 0, "item: milk, below: 2.5", True),
    ],
)
def test_thresholds(
    read: Read,
    house: Any,
    now: datetime,
    quantity: float,
    expected: float,
    trigger: str,
    fires: bool,
) -> None:
    rules = read(rule(f"stock_below_par: {{{trigger}}}"))
    house.put("milk", quantity, expected)
    found = rules.evaluate(level("milk", quantity, now), house, now)
    assert bool(found.firings) is fires
    assert found.faults == ()


def test_suppressed_rules_cost_no_condition(read: Read, house: Any, now: datetime) -> None:
    # The condition would be a fault if it were looked at.
    rules = read(rule("stock_below_par: {item: milk}", f"if: 1 / 0 > 1\ncooldown: 4h\n{NOTIFY}"))
    event = level("milk", 0.4, now)
    house.put("milk", 0.4)
    (fault,) = rules.evaluate(event, house, now).faults
    assert fault.startswith("r0.yaml:1: rule r: if: division by zero")
    house.silent[("r", "milk")] = now + timedelta(seconds=1)
    assert rules.evaluate(event, house, now).faults == ()
    assert rules.evaluate(event, house, now + timedelta(seconds=1)).faults == (fault,)
    house.silent.clear()
    house.open_keys.add("r:milk")
    assert rules.evaluate(event, house, now).faults == ()


@pytest.mark.parametrize(
    ("condition", "fires", "fault"),
    [
        ("quantity < 0.5 && item == 'milk' && unit == 'l'", True, ""),
        ("now.hour == 18 && now.weekday == 2 && now.time < '18:30'", True, ""),
        ("now.date == '2026-11-24'", True, ""),
        ("stock.eggs > 3.0", True, ""),
        ("stock['eggs'] > 30.0", False, ""),
        ("stock.rice < 1.0", False, ""),
        ("has(stock.rice)", False, ""),
        ("hours_left < 3.0", False, ""),
        ("hours_left == null", True, ""),
        ("quantity", False, "expected true or false"),
        ("item + 1 == 'x'", False, "Unsupported operation"),
    ],
)
def test_conditions(
    read: Read, house: Any, now: datetime, condition: str, fires: bool, fault: str
) -> None:
    rules = read(rule("stock_below_par: {item: milk}", f'if: "{condition}"\n{NOTIFY}'))
    house.put("milk", 0.4)
    house.put("eggs", 12)
    found = rules.evaluate(level("milk", 0.4, now), house, now)
    assert bool(found.firings) is fires
    assert fault in "".join(found.faults)
    assert bool(found.faults) is bool(fault)


def test_runs_out_within(read: Read, house: Any, now: datetime) -> None:
    rules = read(rule("runs_out_within: {item: milk, hours: 10}"))
    event = level("milk", 1.5, now)
    house.put("milk", 1.5)
    assert not rules.evaluate(event, house, now).firings
    house.hours["milk"] = 9.04
    (firing,) = rules.evaluate(event, house, now).firings
    assert firing.because[-1] == "Milk lasts about 9 h more"
    house.put("milk", 1.5, expected=1.5)
    assert not rules.evaluate(event, house, now).firings


def test_placeholders_are_looked_up_only(read: Read, house: Any, now: datetime) -> None:
    more = "propose: {kind: notify, title: '{name}!', message: '{quantity} {unit} { x'}\n"
    rules = read(rule("stock_below_par: {item: milk}", more))
    house.put("milk", 0.4)
    (firing,) = rules.evaluate(level("milk", 0.4, now), house, now).firings
    assert (firing.title, firing.body) == ("Milk!", "0.4 l { x")


@pytest.mark.parametrize(
    ("own", "household", "wait"),
    [
        ("", "17:00-19:30", "18:30"),
        ("quiet_hours: 'off'\n", "17:00-19:30", None),
        ("quiet_hours: 17:00-20:00\n", None, "19:00"),
        ("quiet_hours: 21:00-07:00\n", "17:00-19:30", None),
    ],
)
def test_quiet_hours_put_asking_off(
    read: Read, house: Any, now: datetime, own: str, household: str | None, wait: str | None
) -> None:
    rules = read(rule("stock_below_par: {item: milk}", own + NOTIFY))
    house.quiet_hours = household
    house.put("milk", 0.4)
    (firing,) = rules.evaluate(level("milk", 0.4, now), house, now).firings
    expected = datetime.fromisoformat(f"2026-11-24T{wait}").replace(tzinfo=UTC) if wait else None
    assert firing.ask_at == expected


@pytest.mark.parametrize(
    ("trigger", "changes", "fires"),
    [
        ("service: gas", {}, True),
        ("service: any", {}, True),
        ("service: any", {"service": None}, True),
        ("service: water", {}, False),
        ("service: gas, severity: Moderate", {}, True),
        ("service: gas, severity: Severe", {}, False),
        ("service: gas, urgency: Immediate", {}, False),
        ("service: gas, severity: Minor", {"severity": "Awful"}, False),
        ("service: gas", {"status": "Exercise"}, False),
        ("service: gas", {"status": "Test"}, False),
        ("service: gas", {"msg_type": "Cancel"}, False),
        ("service: gas", {"response_types": ("AllClear",)}, False),
        ("service: gas, ahead: 4h", {}, True),
        ("service: gas, ahead: 1h", {}, False),
    ],
)
def test_notices(
    read: Read, house: Any, now: datetime, trigger: str, changes: dict[str, Any], fires: bool
) -> None:
    rules = read(rule(f"notice: {{{trigger}}}"))
    found = rules.evaluate(NoticeIssued(gas(now, **changes), now), house, now)
    assert bool(found.firings) is fires


def test_a_notice_is_told_shortly_before_it_begins(read: Read, house: Any, now: datetime) -> None:
    rules = read(rule("notice: {service: gas, ahead: 1h}", f"if: notice.hours == 3.0\n{NOTIFY}"))
    notice, due = gas(now), now + timedelta(hours=2)
    subject = str(notice.ref)
    found = rules.evaluate(NoticeIssued(notice, now, ("old",)), house, now)
    assert found.timers == (TimerWanted("r", "old", None), TimerWanted("r", subject, due))
    strike = TimerFired("r", subject, due, due)
    assert not rules.evaluate(strike, house, due).firings
    house.board.append(notice)
    (firing,) = rules.evaluate(strike, house, due).firings
    assert (firing.subject, firing.title) == ("gas", "No gas tonight")
    assert firing.cause_key == "r:gas:utility,n1"
    assert firing.body == ("Gas interruption, from Tue 24 Nov 21:00 until Wed 25 Nov 00:00.")
    ended = rules.evaluate(NoticeEnded(notice, now), house, now)
    assert ended.timers == (TimerWanted("r", subject, None),)
    assert not ended.firings


def test_device_events(read: Read, house: Any, now: datetime) -> None:
    more = f"if: event.data.tag == 'x'\n{NOTIFY}"
    rules = read(rule("device_event: {entity: event.button, event_type: press}", more))

    def fires(entity: str, kind: str, data: dict[str, object]) -> bool:
        event = DeviceEventOccurred(entity, kind, data, now, "1")
        found = rules.evaluate(event, house, now)
        assert found.faults == ()
        return bool(found.firings)

    assert fires("event.button", "press", {"tag": "x"})
    assert not fires("event.button", "hold", {"tag": "x"})
    assert not fires("event.other", "press", {"tag": "x"})
    assert not fires("event.button", "press", {"tag": "y"})
    assert not fires("event.button", "press", {})


@pytest.mark.parametrize(
    ("trigger", "previous", "current", "fires"),
    [
        ("is: on", "off", "on", True),
        ("is: on", None, "on", True),
        ("is: on", "on", "on", False),
        ("is: on", "off", True, True),
        ("is: on", "off", None, False),
        ("is: 3", 2, "3.0", True),
        ("above: 8", 7.5, 8.5, True),
        ("above: 8", "7.5", "8.5", True),
        ("above: 8", 8.5, 9, False),
        ("above: 8", 7, "warm", False),
        ("above: 8, below: 10", 11, 9, True),
        ("above: 8, below: 10", 7, 11, False),
        ("below: 0", 3, -1, True),
    ],
)
def test_states_fire_when_they_become_so(
    read: Read, house: Any, now: datetime, trigger: str, previous: Any, current: Any, fires: bool
) -> None:
    rules = read(rule(f"state: {{entity: sensor.a, {trigger}}}"))
    event = StateChanged("sensor.a", previous, current, now)
    assert bool(rules.evaluate(event, house, now).firings) is fires


def test_a_state_has_to_hold_for_its_time(read: Read, house: Any, now: datetime) -> None:
    more = "propose: {kind: notify, message: 'open for {for}'}\n"
    rules = read(rule("state: {entity: binary_sensor.door, is: on, for: 5m}", more))
    due = now + timedelta(minutes=5)

    def change(previous: Any, current: Any) -> tuple[TimerWanted, ...]:
        event = StateChanged("binary_sensor.door", previous, current, now)
        found = rules.evaluate(event, house, now)
        assert found.firings == ()
        return found.timers

    assert change("off", "on") == (TimerWanted("r", "binary_sensor.door", due),)
    assert change("on", "on") == ()
    assert change("on", "off") == (TimerWanted("r", "binary_sensor.door", None),)
    strike = TimerFired("r", "binary_sensor.door", due, due)
    house.states["binary_sensor.door"] = "off"
    assert not rules.evaluate(strike, house, due).firings
    house.states["binary_sensor.door"] = "on"
    (firing,) = rules.evaluate(strike, house, due).firings
    assert firing.body == "open for 5 min"
    assert firing.because == ("binary_sensor.door has been on for 5 min",)


def test_cron(read: Read, house: Any) -> None:
    rules = read(rule("cron: 30 2 * * *"))
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    first = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert rules.initial_timers(before, house.zone) == (TimerWanted("r", "", first),)
    # The hub was off for two days: once, late, and then the next that is still to come.
    late = first + timedelta(days=2)
    found = rules.evaluate(TimerFired("r", "", first, late), house, late)
    assert len(found.firings) == 1
    assert found.timers == (TimerWanted("r", "", datetime(2026, 4, 1, 0, 30, tzinfo=UTC)),)
    assert rules.next_due("r", before, house.zone) == first
    assert rules.next_due("unknown", before, house.zone) is None


def test_a_basket_by_the_clock(read: Read, house: Any, now: datetime) -> None:
    rules = read(rule("cron: 0 18 * * *", "propose: {kind: grocery_order, after: 18:00}\n"))
    strike = TimerFired("r", "", now, now)
    house.put("milk", 2)
    assert not rules.evaluate(strike, house, now).firings
    house.put("milk", 0)
    (firing,) = rules.evaluate(strike, house, now).firings
    assert firing.because == ("Milk is used up (par 1 l)",)
    assert firing.params["after"] == "18:00"


def test_a_rule_at_rest_and_an_event_for_no_rule(read: Read, house: Any, now: datetime) -> None:
    rules = read(rule("stock_below_par: {item: milk}", f"enabled: false\n{NOTIFY}"))
    house.put("milk", 0)
    for event in (level("milk", 0, now), level("eggs", 0, now), TimerFired("x", "", now, now)):
        found = rules.evaluate(event, house, now)
        assert (found.firings, found.timers, found.faults) == ((), (), ())


def test_an_event_looks_at_the_rules_that_mention_it_only(read: Read, now: datetime) -> None:
    many = "".join(
        f"  - {{id: r{n}, name: R, when: {{state: {{entity: sensor.s{n}, above: 1}}}}, "
        "propose: {kind: notify}}\n"
        for n in range(50)
    )
    rules = read(f"rules:\n{many}")
    bucket = rules.bucket(StateChanged("sensor.s7", 0, 2, now))
    assert [one.id for one in bucket.rules] == ["r7"]


def test_rehearsal_says_why(read: Read, house: Any, now: datetime) -> None:
    text = (
        "rules:\n"
        "  - {id: low, name: L, when: {stock_below_par: {item: milk}}, propose: {kind: notify}}\n"
        "  - {id: cond, name: C, when: {stock_below_par: {item: milk}}, if: quantity > 5.0,"
        " propose: {kind: notify}}\n"
        "  - {id: par, name: P, when: {stock_below_par: {item: milk, below: 0.1}},"
        " propose: {kind: notify}}\n"
        "  - {id: door, name: D, when: {state: {entity: binary_sensor.d, is: on, for: 5m}},"
        " propose: {kind: notify}}\n"
        "  - {id: rest, name: R, enabled: false, when: {cron: 0 8 * * *}, propose: {kind: ride}}\n"
    )
    rules = read(text)
    house.put("milk", 0.4)
    events = [level("milk", 0.4, now), StateChanged("binary_sensor.d", "off", "on", now)]
    stock, door = rehearse(rules, events, house, now)
    why = {verdict.rule_id: verdict.why for verdict in stock}
    assert [verdict.rule_id for verdict in stock if verdict.fired] == ["low"]
    assert why == {
        "low": "Milk is down to 0.4 l (par 1 l)",
        "cond": "its condition (if) does not hold: quantity > 5.0",
        "par": "what it waits for is not so: milk falls below 0.1",
        "door": "it waits for something else: binary_sensor.d is on for 5 min",
        "rest": "it is put to rest (enabled: false)",
    }
    (opened,) = [verdict for verdict in door if verdict.rule_id == "door"]
    assert not opened.fired
    assert opened.due == now + timedelta(minutes=5)
    assert [len(one) for one in rehearse(rules, events, house, now, only="door")] == [1, 1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.dictionaries(st.text(max_size=5), JSON), state=st.text() | st.floats() | st.none())
def test_nothing_a_device_says_raises(
    read: Read, house: Any, now: datetime, data: dict[str, object], state: Any
) -> None:
    text = (
        "rules:\n"
        "  - {id: a, name: A, when: {device_event: {entity: event.b}},"
        " if: 'event.data.x > 1', propose: {kind: notify, title: '{event_type}'}}\n"
        "  - {id: b, name: B, when: {state: {entity: sensor.s, above: 1}},"
        " if: 'state > 2.0 && previous < 1.0', propose: {kind: notify, title: '{state}'}}\n"
    )
    rules = read(text)
    for event in (
        DeviceEventOccurred("event.b", str(state), data, now, "1"),
        DeviceEventOccurred("event.b", "t", {"x": state}, now, "1"),
        StateChanged("sensor.s", None, state, now),
    ):
        found = rules.evaluate(event, house, now)
        assert len(found.firings) + len(found.faults) <= 1
