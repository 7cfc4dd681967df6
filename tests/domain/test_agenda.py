"""The agenda: what a day holds, what a question costs, who is at home, and the day's picture."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import agenda as agenda_module
from hub.domain import spans
from hub.domain.activities import Activity, Attendee, Details, Person
from hub.domain.agenda import LONG, Agenda, Block, absent, busy, nobody_home
from hub.domain.blocks import (
    absence_block,
    activity_blocks,
    cooking_block,
    elsewhere,
    notice_block,
    order_block,
    presence_block,
)
from hub.domain.dayview import day, day_window
from hub.domain.notices import Notice
from hub.domain.offers import ChangeTerms, DeliverySlot, Place, RideWish, Window
from hub.domain.orders import Order, Subscriber

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
HOME = Place("52.520000,13.400000", "Elm Street 1")
DOORS = ("ada", "ben")


def span(start: float, end: float) -> Window:
    return Window(NOON + HOUR * start, NOON + HOUR * end)


def away(name: str, start: float, end: float, members=("ada",), **more) -> Block:
    return Block(f"absence:{name}", "absence", span(start, end), name, members, away=True, **more)


block = st.builds(
    lambda number, start, length: Block(
        f"x:{number}", "activity", span(start, start + length), "x", ("ada",)
    ),
    st.integers(0, 8),
    st.integers(-60, 60),
    st.sampled_from([1, 5, 30, 24 * 50]),
)


@settings(deadline=None)
@given(st.lists(block, max_size=15), st.lists(st.integers(0, 8)), st.integers(-60, 60))
def test_an_agenda_is_a_dictionary_that_knows_time(blocks, dropped, start):
    agenda, plain = Agenda(), {}
    for one in blocks:
        assert agenda.put(one) == plain.get(one.id)
        plain[one.id] = one
    for number in dropped:
        assert agenda.drop(f"x:{number}") == plain.pop(f"x:{number}", None)
    asked = span(start, start + 7)
    wanted = {one.id for one in plain.values() if spans.overlaps(one.span, asked)}
    found = agenda.during(asked)
    assert [one.id for one in found] == sorted(
        wanted, key=lambda i: (plain[i].window.start, plain[i].window.end, i)
    )
    assert len(agenda) == len(plain)


@settings(deadline=None)
@given(st.lists(block, max_size=15), st.integers(-60, 60))
def test_what_is_over_is_forgotten(blocks, hour):
    agenda, before = Agenda(blocks), NOON + HOUR * hour
    kept = {one.id: one for one in blocks}
    gone = agenda.forget(before)
    assert set(gone) == {key for key, one in kept.items() if one.span.end <= before}
    assert all(key not in agenda for key in gone)


class Counting:
    """Counts how often two spans are compared."""

    def __init__(self, monkeypatch) -> None:
        self.count = 0
        real = spans.overlaps

        def overlaps(one, other):
            self.count += 1
            return real(one, other)

        monkeypatch.setattr(agenda_module.spans, "overlaps", overlaps)


def test_a_question_costs_the_days_blocks_not_the_history(monkeypatch):
    today = [away(f"today{hour}", hour, hour + 1) for hour in range(8)]
    costs = []
    for years in (0, 1, 20):
        history = [away(f"old{n}", -24 * n - 3, -24 * n - 1) for n in range(2, 365 * years)]
        agenda = Agenda([*history, *today])
        counting = Counting(monkeypatch)
        assert len(agenda.during(span(0, 8))) == 8
        costs.append(counting.count)
    assert costs == [8, 8, 8]


def test_adding_and_removing_touches_the_blocks_own_days_only(monkeypatch):
    agenda = Agenda(away(f"old{n}", -24 * n, -24 * n + 1) for n in range(2, 2000))
    counting = Counting(monkeypatch)
    days = dict(agenda._days)
    agenda.put(away("new", 0, 1))
    agenda.drop("absence:new")
    assert agenda._days == days
    assert counting.count == 0


def test_what_lasts_for_months_is_not_written_into_each_day():
    agenda = Agenda([away("sabbatical", 0, 24 * (LONG + 5))])
    assert agenda._days == {}
    assert [one.title for one in agenda.during(span(24 * 30, 24 * 30 + 1))] == ["sabbatical"]
    assert agenda.drop("absence:sabbatical") is not None
    assert agenda.during(span(0, 24 * 60)) == ()


# -- who is at home ----------------------------------------------------------------------------


def test_nobody_is_home_while_all_are_away():
    agenda = Agenda([away("a", 0, 3), away("b", 2, 5, ("ben",))])
    assert nobody_home(agenda, span(-1, 9), DOORS) == (span(2, 3),)
    assert nobody_home(agenda, span(-1, 9), ("ada",)) == (span(0, 3),)
    assert nobody_home(agenda, span(-1, 9), ()) == (span(-1, 9),)


def test_the_way_there_and_back_counts():
    far = away("a", 1, 2, travel=HOUR / 2)
    assert nobody_home(Agenda([far]), span(0, 5), ("ada",)) == (span(0.5, 2.5),)


def test_maybe_is_not_away():
    assert nobody_home(Agenda([away("a", 1, 2, tentative=True)]), span(0, 5), ("ada",)) == ()


def test_what_is_seen_counts_more_than_what_was_planned():
    seen_home = presence_block("ada", home=True, since=NOON, now=NOON, holds=HOUR)
    assert absent([away("a", 0, 3), seen_home], "ada") == (span(1, 3),)
    seen_away = presence_block("ada", home=False, since=NOON, now=NOON, holds=HOUR)
    assert absent([seen_away], "ada") == (span(0, 1),)
    assert absent([seen_away], "ben") == ()


def test_busy_times_say_when_and_not_what():
    blocks = [
        away("a", 0, 1),
        Block("activity:b", "activity", span(1, 2), "b", ("ben",)),
        Block("delivery:c", "delivery", span(5, 6), "c", needs_home=True),
        Block("notice:d", "notice", span(0, 9), "d", stops="gas"),
    ]
    assert busy(Agenda(blocks), span(-1, 9)) == (span(0, 2),)
    assert busy(Agenda(blocks), span(0.5, 9), ("ada",)) == (span(0.5, 1),)


# -- blocks ------------------------------------------------------------------------------------

MEMBERS = {"mailto:ada@one.example": "ada", "mailto:ben@one.example": "ben"}
FISHING = Activity(
    "u1", 0, NOON, "confirmed", Person("mailto:cleo@x.example"),
    Details(span(1, 3), "Europe/Berlin", "Fishing", gps="52.6,13.6"),
    (Attendee("mailto:ada@one.example", partstat="ACCEPTED"), Attendee("mailto:ben@one.example")),
)  # fmt: skip


def blocks_of(activity):
    return activity_blocks(activity, MEMBERS, [activity.details.window], HOME, HOUR)


def test_an_activity_takes_who_said_yes():
    (made,) = blocks_of(FISHING)
    assert (made.members, made.away, made.tentative, made.movable) == (("ada",), True, False, False)
    assert made.span == span(0, 4)


def test_an_invitation_nobody_has_answered_is_tentative():
    unanswered = replace(
        FISHING, attendees=tuple(replace(a, partstat="NEEDS-ACTION") for a in FISHING.attendees)
    )
    (made,) = blocks_of(unanswered)
    assert (made.members, made.tentative) == (("ada", "ben"), True)


def test_what_is_not_certain_yet_is_tentative():
    (made,) = blocks_of(FISHING.moved("tentative"))
    assert (made.members, made.tentative) == (("ada",), True)


def test_what_was_declined_or_cancelled_takes_no_time():
    no = replace(FISHING, attendees=(Attendee("mailto:ada@one.example", partstat="DECLINED"),))
    assert blocks_of(no) == ()
    assert blocks_of(FISHING.moved("cancelled")) == ()


def test_ones_own_activity_may_be_moved():
    own = replace(FISHING, organizer=Person("mailto:ben@one.example"), attendees=())
    (made,) = blocks_of(own)
    assert (made.members, made.movable) == (("ben",), True)


@pytest.mark.parametrize(
    ("place", "location", "there"),
    [
        (Place("52.6,13.6"), "", True),
        (Place("52.5201,13.4001"), "the garden", False),
        (None, "", False),
        (None, "https://call.example/1", False),
        (None, "elm  street 1", False),
        (None, "Mill Lake", True),
    ],
)
def test_elsewhere(place, location, there):
    assert elsewhere(place, location, HOME) is there


ORDER = Order(
    "o1", "t1", "s1", Subscriber("shop", "http://x"), "Green Corner", "confirmed",
    slot=DeliverySlot("s", span(5, 7)), rescheduling=ChangeTerms(),
)  # fmt: skip


def test_a_delivery_needs_somebody_home():
    made = order_block(ORDER, frozen=True)
    assert (made.needs_home, made.frozen, made.movable, made.members) == (True, True, True, ())
    assert order_block(replace(ORDER, state="quoted")) is None
    assert order_block(replace(ORDER, rescheduling=None)).movable is False
    assert order_block(replace(ORDER, domain="restaurant")) is None


def test_a_ride_takes_its_members_away():
    ride = RideWish(HOME, Place("52.6,13.6"))
    made = order_block(replace(ORDER, domain="ride", ride=ride), ("ada",))
    assert (made.kind, made.away, made.members) == ("ride", True, ("ada",))


GAS = Notice(
    sender="u", identifier="1", sent=NOON, status="Actual", msg_type="Alert", event="Gas outage",
    headline="", description="", urgency="Expected", severity="Moderate", certainty="Likely",
    response_types=(), effective_from=NOON, expires=NOON + HOUR, service="gas", areas=(),
    references=(),
)  # fmt: skip


def test_a_notice_is_a_time_without_the_service():
    made = notice_block(GAS)
    assert (made.stops, made.window) == ("gas", span(0, 1))
    endless = notice_block(replace(GAS, expires=None))
    assert Agenda([endless]).during(span(24 * 300, 24 * 301)) == (endless,)
    assert notice_block(replace(GAS, service=None)) is None
    assert notice_block(replace(GAS, msg_type="Cancel")) is None
    assert notice_block(replace(GAS, status="Test")) is None
    assert notice_block(replace(GAS, expires=NOON)) is None


# -- the picture of a day ----------------------------------------------------------------------


def test_days_when_the_clock_changes_have_other_lengths():
    assert day(Agenda(), date(2026, 3, 29), BERLIN).minutes == 23 * 60
    assert day(Agenda(), date(2026, 10, 25), BERLIN).minutes == 25 * 60
    assert day(Agenda(), date(2026, 11, 28), BERLIN).minutes == 24 * 60


def test_what_overlaps_stands_side_by_side():
    blocks = [away("a", 0, 3), away("b", 1, 2), away("c", 2, 4), away("d", 6, 7)]
    picture = day(Agenda(blocks), date(2026, 11, 28), BERLIN)
    placed = picture.blocks
    shown = {one.block.title: (one.lane, one.lanes, one.start, one.length) for one in placed}
    noon = 13 * 60
    assert shown == {
        "a": (0, 2, noon, 180),
        "b": (1, 2, noon + 60, 60),
        "c": (1, 2, noon + 120, 120),
        "d": (0, 1, noon + 360, 60),
    }


def test_a_block_over_midnight_is_cut():
    picture = day(Agenda([away("a", 0, 30)]), date(2026, 11, 28), BERLIN)
    (shown,) = picture.blocks
    assert shown.shown == Window(NOON, day_window(date(2026, 11, 28), BERLIN).end)
    assert shown.block.window == span(0, 30)


@settings(deadline=None)
@given(st.lists(block, max_size=12))
def test_in_a_lane_nothing_overlaps(blocks):
    picture = day(Agenda(blocks), date(2026, 11, 28), BERLIN)
    for one in picture.blocks:
        assert 0 <= one.lane < one.lanes
        assert 0 <= one.start < picture.minutes
        assert one.start + one.length <= picture.minutes
        for other in picture.blocks:
            if one is not other and spans.overlaps(one.shown, other.shown):
                assert one.lane != other.lane
                assert one.lanes == other.lanes


def test_plans_of_ones_own():
    made = cooking_block("p", "Dinner", span(6, 7), ("ada",), ("gas",))
    assert (made.uses, made.binds, made.movable) == (("gas",), True, True)
    trip = absence_block("x", "Trip", span(0, 9), DOORS)
    assert nobody_home(Agenda([trip]), span(0, 1), DOORS) == (span(0, 1),)
