"""What rules would do with what was seen so far, or would be; nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from hub.app import readyrules
from hub.domain.events import Event, NoticeIssued, StateChanged, StockChanged
from hub.domain.stock import StockLevel
from hub.flow.home import Home
from hub.flow.view import HouseView
from hub.store.house import House
from hub.web.beginning import Preview
from hub.web.files import CannotWrite
from rules.index import ANY, CompiledRule
from rules.rehearse import Verdict, rehearse
from rules.ruleset import RuleSet

_SOURCE = "rehearsal"
_MOST_TIMES = 5
_MOST_ITEMS = 200


def imagined(
    subject: str, value: str, home: Home, house: House, now: datetime
) -> tuple[House, Event]:
    """Return a house in which an item or entity has become something, and the event of that.

    KeyError for an unknown subject, ValueError for an impossible value.
    """
    number: float | None = None
    with suppress(ValueError):
        number = float(value)
    kept = home.pantry.get(subject)
    if kept is not None:
        if number is None or not 0 <= number < 1e12:
            raise ValueError(f"{subject}: expected a quantity in {kept.unit}, 0 or more")
        level = house.stock.get(subject)
        new = (
            replace(level, quantity=number)
            if level
            else StockLevel(subject, number, kept.unit, now, _SOURCE)
        )
        previous = level.quantity if level else None
        event = StockChanged(subject, previous, number, kept.unit, now, _SOURCE)
        return replace(house, stock={**house.stock, subject: new}), event
    if "." not in subject:
        raise KeyError(subject)
    known = house.entities.get(subject)
    state: str | float = value if number is None else number
    return house, StateChanged(subject, known.value if known else None, state, now)


def preview(
    ready: readyrules.Ready, values: Mapping[str, str], home: Home, house: House, now: datetime
) -> Preview:
    """Try one ready rule on levels, states and notices: the household's own where it has it, else
    with the values a person chose. Values that make no rule come back as a problem."""
    own = next((one for one in home.rules.compiled() if one.id == ready.id), None)
    if own is not None:
        # One that is put to rest is tried as if it were not.
        woken = own.rule.model_copy(update={"enabled": True})
        return _tried(RuleSet([replace(own, rule=woken)]), home, house, now)
    try:
        text = readyrules.added("", ready, values)
    except CannotWrite as error:
        return Preview(problem=str(error))
    rules, problems = RuleSet.build(
        [(ready.file, text)], members=home.settings.members, pantry=home.pantry.values()
    )
    if problems:
        return Preview(problem=problems[0].message)
    return _tried(rules, home, house, now)


def _tried(rules: RuleSet, home: Home, house: House, now: datetime) -> Preview:
    (one,) = rules.compiled()
    told = [
        verdict
        for event in _now(one, home, house, now)
        for verdict in _asked(rules, event, house, home, now)
    ]
    if not told:
        return Preview()
    # What it would say counts first; then why the first is silent.
    best = next((verdict for verdict in told if verdict.fired), told[0])
    title = best.firing.title if best.firing is not None else ""
    times = tuple(_times(rules, one, home, house, now))
    return Preview(True, best.fired, best.why, title, times[-_MOST_TIMES:], len(times))


def _asked(
    rules: RuleSet, event: Event, house: House, home: Home, now: datetime
) -> tuple[Verdict, ...]:
    (verdicts,) = rehearse(rules, [event], HouseView(house, home, now), now)
    return verdicts


def _now(one: CompiledRule, home: Home, house: House, now: datetime) -> Iterator[Event]:
    """Return the present as the events that would lead to it."""
    when = one.rule.when
    if when.stock_below_par is not None or when.runs_out_within is not None:
        for item in _items(one, home):
            level = house.stock.get(item)
            if level is not None:
                yield StockChanged(item, None, level.quantity, level.unit, now, _SOURCE)
    elif when.state is not None:
        known = house.entities.get(one.subject)
        if known is not None and known.available and known.value is not None:
            yield StateChanged(one.subject, None, known.value, now)
    elif when.notice is not None:
        for notice in list(house.notices.values()):
            if one.subject in (ANY, notice.service):
                yield NoticeIssued(notice, now)


def _items(one: CompiledRule, home: Home) -> list[str]:
    return list(home.pantry)[:_MOST_ITEMS] if one.subject == ANY else [one.subject]


def _times(
    rules: RuleSet, one: CompiledRule, home: Home, house: House, now: datetime
) -> Iterator[datetime]:
    """Return when it would have spoken in the days that levels are kept for, oldest first."""
    if one.rule.when.stock_below_par is None:
        return
    points = sorted(
        (point.at, item, point.quantity)
        for item in _items(one, home)
        for point in house.points(item)
        if point.at <= now
    )
    then = replace(house, stock={}, cooldowns={}, open_keys={})
    silent_until: datetime | None = None
    for at, item, quantity in points:
        unit = home.pantry[item].unit
        before = then.stock.get(item)
        then.stock[item] = StockLevel(item, quantity, unit, at, _SOURCE)
        if silent_until is not None and at < silent_until:
            continue
        previous = before.quantity if before is not None else None
        event = StockChanged(item, previous, quantity, unit, at, _SOURCE)
        if any(verdict.fired for verdict in _asked(rules, event, then, home, at)):
            yield at
            silent_until = at + timedelta(seconds=one.cooldown)
