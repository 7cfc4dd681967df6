"""Conflicts: found once for a cause, resolved as somebody would who tries every window."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import conflicts
from hub.domain.agenda import Agenda, Block
from hub.domain.conflicts import (
    CONFLICT_KINDS,
    Resolution,
    Unresolvable,
    find,
    own_times,
    recheck,
    resolve,
)
from hub.domain.money import Money
from hub.domain.offers import DeliverySlot, Window

ZERO = datetime(2026, 11, 28, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
DOORS = ("ada", "ben")
ALL = Window(ZERO - 100 * HOUR, ZERO + 100 * HOUR)


def span(start: float, end: float) -> Window:
    return Window(ZERO + HOUR * start, ZERO + HOUR * end)


def delivery(start: float, end: float, **more) -> Block:
    fields = {"needs_home": True, "movable": True} | more
    return Block("delivery:o1", "delivery", span(start, end), "Green Corner", **fields)


def away(start: float, end: float, members=DOORS, name="trip") -> Block:
    return Block(f"absence:{name}", "absence", span(start, end), name, members, away=True)


def cooking(start: float, end: float, members=("ada",), name="dinner") -> Block:
    return Block(
        f"cooking:{name}", "cooking", span(start, end), name, members, uses=("gas",), movable=True
    )


def off(service: str, start: float, end: float, ref="n1") -> Block:
    return Block(f"notice:{ref}", "notice", span(start, end), f"{service} outage", stops=service)


def activity(start: float, end: float, members=("ada",), name="fishing", **more) -> Block:
    return Block(f"activity:{name}", "activity", span(start, end), name, members, **more)


def slots(*spans_: tuple[float, float]) -> list[DeliverySlot]:
    return [DeliverySlot(f"s{start}", span(start, end)) for start, end in spans_]


def kinds(agenda: Agenda) -> list[str]:
    return [one.kind for one in find(agenda, ALL, DOORS)]


# -- each kind ---------------------------------------------------------------------------------


def test_a_delivery_with_nobody_home_is_moved_to_when_somebody_is():
    agenda = Agenda([delivery(2, 4), away(1, 6)])
    (conflict,) = find(agenda, ALL, DOORS)
    assert (conflict.kind, conflict.overlap) == ("nobody_home", span(2, 4))
    result = resolve(conflict, agenda, slots((8, 10), (5, 7), (6, 8)), DOORS, ZERO)
    assert isinstance(result, Resolution)
    assert result.slot.window == span(6, 8)


def test_one_at_home_is_enough_and_they_may_take_turns():
    assert kinds(Agenda([delivery(2, 4), away(1, 6, ("ada",))])) == []
    turns = [delivery(2, 4), away(1, 3, ("ada",), "a"), away(3, 6, ("ben",), "b")]
    assert kinds(Agenda(turns)) == []


def test_cooking_while_the_gas_is_off():
    agenda = Agenda([cooking(10, 11), off("gas", 9, 12)])
    (conflict,) = find(agenda, ALL, DOORS)
    assert conflict.key == "service_off:cooking:dinner:gas"
    times = own_times(conflict.block, span(9, 15), ZERO)
    result = resolve(conflict, agenda, times, DOORS, ZERO)
    assert result.moved.window == span(12, 13)
    assert kinds(Agenda([cooking(10, 11), off("water", 9, 12)])) == []


def test_freezer_goods_in_a_power_cut():
    cut = off("electricity", 1, 5)
    agenda = Agenda([delivery(2, 4, frozen=True), cut])
    (conflict,) = find(agenda, ALL, DOORS)
    assert conflict.kind == "frozen_goods"
    result = resolve(conflict, agenda, slots((4, 6), (5, 7)), DOORS, ZERO)
    assert result.slot.window == span(5, 7)
    assert kinds(Agenda([delivery(2, 4), cut])) == []


def test_two_things_at_once_move_what_is_the_households_own():
    agenda = Agenda([activity(2, 4), cooking(3, 5)])
    (conflict,) = find(agenda, ALL, DOORS)
    assert (conflict.kind, conflict.block.kind) == ("double_booked", "cooking")
    assert kinds(Agenda([activity(2, 4), cooking(3, 5, ("ben",))])) == []
    assert kinds(Agenda([activity(2, 4), cooking(4, 5)])) == []
    # On the way home nobody cooks.
    far = activity(2, 4, away=True, travel=HOUR)
    assert kinds(Agenda([far, cooking(4, 5)])) == ["double_booked"]
    assert kinds(Agenda([replace(activity(2, 4), tentative=True), cooking(3, 5)])) == []


def test_who_is_away_does_not_cook():
    assert kinds(Agenda([cooking(2, 3), away(1, 6)])) == ["double_booked"]


# -- without a way out -------------------------------------------------------------------------


def why(agenda: Agenda, offered, now=ZERO) -> str:
    (conflict,) = find(agenda, ALL, DOORS)
    result = resolve(conflict, agenda, offered, DOORS, now)
    assert isinstance(result, Unresolvable)
    return result.why


def test_it_is_said_why_there_is_no_way_out():
    agenda = Agenda([delivery(2, 4, frozen=True), away(1, 6), off("electricity", 7, 12)])
    offered = slots((5, 7), (8, 10), (10, 12), (-3, -1), (2, 4))
    assert why(agenda, offered) == (
        "none of the 4 other times for Green Corner fits: 1 begun already,"
        " 2 while there is no electricity, 1 with nobody home"
    )
    assert why(agenda, slots((5, 7))) == (
        "the one other time for Green Corner does not fit: with nobody home"
    )
    assert why(agenda, slots((2, 4))) == "there is no other time for Green Corner"
    assert why(agenda, []) == "there is no other time for Green Corner"


def test_what_is_not_ours_is_not_moved():
    agenda = Agenda([activity(2, 4), activity(3, 5, name="football")])
    assert why(agenda, slots((8, 10))) == (
        "neither fishing nor football is this household's to move"
    )
    late = Agenda([delivery(2, 4, movable=False), away(1, 6)])
    assert why(late, slots((8, 10))) == "Green Corner cannot be moved any more"


def test_of_equally_early_windows_the_cheaper():
    agenda = Agenda([delivery(2, 4), away(1, 6)])
    (conflict,) = find(agenda, ALL, DOORS)
    dear = DeliverySlot("a", span(6, 8), Money(Decimal(3), "EUR"))
    free = DeliverySlot("b", span(6, 8))
    assert resolve(conflict, agenda, [dear, free], DOORS, ZERO).slot == free


# -- one cause, one key ------------------------------------------------------------------------


def test_an_update_of_the_notice_is_the_same_cause():
    first = find(Agenda([cooking(10, 11), off("gas", 9, 12)]), ALL, DOORS)
    again = find(Agenda([cooking(10, 11), off("gas", 8, 13, ref="n2")]), ALL, DOORS)
    assert [one.key for one in first] == [one.key for one in again]


def test_two_notices_about_one_service_are_one_conflict():
    agenda = Agenda([cooking(10, 11), off("gas", 9, 12), off("gas", 8, 13, ref="n2")])
    assert len(find(agenda, ALL, DOORS)) == 1


def test_two_colliding_things_are_one_conflict_however_looked_at():
    for blocks in ([activity(2, 4), cooking(3, 5)], [cooking(3, 5), activity(2, 4)]):
        found = find(Agenda(blocks), ALL, DOORS)
        assert [one.key for one in found] == ["double_booked:activity:fishing|cooking:dinner"]


# -- properties --------------------------------------------------------------------------------

hours = st.integers(0, 10)
lengths = st.integers(1, 4)


def at(maker, **kinds_):
    return st.builds(lambda start, length: maker(start, start + length, **kinds_), hours, lengths)


any_block = st.one_of(
    at(delivery),
    at(delivery, frozen=True),
    at(away, members=("ada",), name="a"),
    at(away, members=("ben",), name="b"),
    at(away, name="both"),
    at(cooking),
    at(cooking, members=("ben",), name="lunch"),
    at(activity),
    at(activity, movable=True, name="own"),
    at(activity, away=True, travel=HOUR, name="far"),
    st.builds(lambda s, n: off("gas", s, s + n), hours, lengths),
    st.builds(lambda s, n: off("electricity", s, s + n, "n2"), hours, lengths),
)
agendas = st.lists(any_block, max_size=8).map(Agenda)
offers = st.lists(
    st.builds(
        lambda s, n, fee: DeliverySlot(
            f"{s}-{n}-{fee}", span(s, s + n), Money(Decimal(fee), "EUR") if fee else None
        ),
        st.integers(-2, 14),
        st.integers(1, 3),
        st.integers(0, 2),
    ),
    max_size=6,
)


def blocks_in(agenda: Agenda) -> list[Block]:
    return list(agenda.during(ALL))


def trouble(block: Block, others: list[Block]) -> bool:
    """Judge by the quarter of an hour, as a person with a paper calendar would."""
    step = HOUR / 4
    moment = block.span.start
    while moment < block.span.end:
        on = [one for one in others if one.span.start <= moment < one.span.end]
        inside = block.window.start <= moment < block.window.end
        if block.needs_home and inside:
            gone = {m for one in on if one.away and not one.tentative for m in one.members}
            if gone >= set(DOORS):
                return True
        for one in on:
            running = one.window.start <= moment < one.window.end
            if (
                inside
                and running
                and one.stops
                and (one.stops in block.uses or (block.frozen and one.stops == "electricity"))
            ):
                return True
            shared = set(one.members) & set(block.members)
            takes = one.kind in ("activity", "cooking", "meal")
            if (
                block.binds
                and shared
                and (takes or (one.kind == "absence" and block.kind == "cooking"))
            ):
                return True
        moment += step
    return False


@settings(deadline=None)
@given(agendas, offers)
def test_the_way_out_is_the_one_brute_force_finds(agenda, offered):
    for conflict in find(agenda, ALL, DOORS):
        result = resolve(conflict, agenda, offered, DOORS, ZERO)
        block = conflict.block
        others = [one for one in blocks_in(agenda) if one.id != block.id]
        fitting = [
            slot
            for slot in offered
            if block.movable
            and slot.window != block.window
            and slot.window.start > ZERO
            and not trouble(block.at(slot.window), others)
        ]
        best = min(fitting, key=conflicts._rank, default=None)
        assert (result.slot if isinstance(result, Resolution) else None) == best


@settings(deadline=None)
@given(agendas, offers)
def test_a_resolved_agenda_does_not_have_the_conflict(agenda, offered):
    before = {one.key for one in find(agenda, ALL, DOORS)}
    for conflict in find(agenda, ALL, DOORS):
        result = resolve(conflict, agenda, offered, DOORS, ZERO)
        if isinstance(result, Unresolvable):
            assert result.why
            continue
        old = agenda.put(result.moved)
        after = find(agenda, ALL, DOORS)
        assert conflict.key not in {one.key for one in after}
        assert all(one.block.id != result.moved.id for one in after if one.kind != "double_booked")
        assert {one.key for one in after} < before
        agenda.put(old)


@settings(deadline=None)
@given(agendas)
def test_there_is_a_conflict_where_a_person_sees_one(agenda):
    found = find(agenda, ALL, DOORS)
    assert len({one.key for one in found}) == len(found)
    assert {one.kind for one in found} <= set(CONFLICT_KINDS)
    named = {one.block.id for one in found} | {one.against.id for one in found if one.against}
    for block in blocks_in(agenda):
        others = [one for one in blocks_in(agenda) if one.id != block.id]
        assert not trouble(block, others) or block.id in named


@settings(deadline=None)
@given(st.lists(any_block, max_size=8), any_block, st.booleans())
def test_looking_at_what_changed_is_as_good_as_looking_at_all(blocks, changed, dropped):
    agenda = Agenda(blocks)
    known = {one.key: one for one in find(agenda, ALL, DOORS)}
    before = agenda.drop(changed.id) if dropped else agenda.put(changed)
    touched = [one.span for one in ([before] if dropped else [before, changed]) if one]
    result = recheck(agenda, touched, known, DOORS)
    now = known | {one.key: one for one in result.found}
    for one in result.gone:
        del now[one.key]
    assert set(now) == {one.key for one in find(agenda, ALL, DOORS)}


def test_own_times_are_bounded():
    block = cooking(0, 1)
    assert len(own_times(block, span(0, 10_000), ZERO - HOUR)) == 200
    assert [one.window for one in own_times(block, span(0, 2), ZERO, HOUR)] == [span(1, 2)]


@pytest.mark.parametrize("years", [0, 10])
def test_a_recheck_costs_the_days_blocks(years, monkeypatch):
    history = [away(-24 * n - 3, -24 * n - 1, name=f"old{n}") for n in range(5, 365 * years)]
    agenda = Agenda([*history, delivery(2, 4), away(1, 6), cooking(10, 11)])
    count = 0
    real = conflicts.spans.overlaps

    def overlaps(one, other):
        nonlocal count
        count += 1
        return real(one, other)

    monkeypatch.setattr(conflicts.spans, "overlaps", overlaps)
    assert len(recheck(agenda, [span(1, 6)], {}, DOORS).found) == 1
    assert count <= 3 * 3
