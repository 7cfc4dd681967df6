"""A ride or a table is looked for at real providers: compared, asked, ordered, changed, undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.domain.money import money
from hub.domain.offers import Place, RideWish, TableWish
from hub.domain.suggestions import Agreed, Because, Suggestion
from hub.domain.wording import question
from hub.flow import owners, wishes
from hub.flow.belonging import News
from hub.flow.wishes import Question
from tests.support.household import NOON, Household, make_home, same
from tests.support.shops import WELL_KNOWN, Street

LAKE = Place("52.4700,13.4400", "Mill Lake")
DOOR = Place(WELL_KNOWN["gps"], WELL_KNOWN["address"])
RIDE = RideWish(DOOR, LAKE, 2, arrive_by=NOON + timedelta(hours=6))
EVENING = NOON.replace(hour=18, minute=45)
TABLE = TableWish(3, EVENING)
Town = Callable[..., Street]


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, News]]:
    """Own what is about ``test:…``; return what the owner is told."""
    told: list[tuple[str, News]] = []

    def hear(tx: Any, home: Any, key: str, what: News, identity: str) -> None:
        told.append((key, what))

    monkeypatch.setattr(owners, "OWNERS", {"test": hear})
    return told


def asking(until: timedelta = timedelta(hours=4), **facts: Any) -> Question:
    known: dict[str, Any] = {
        "about": "test:1",
        "title": "To the lake?",
        "body": "Fishing at Mill Lake",
        "because": (Because("Fishing begins at 19:00"),),
        "until": NOON + until,
    }
    return Question(**{**known, **facts})


def seek(street: Street, wish: Any = RIDE, **facts: Any) -> Suggestion:
    house = street.household
    return house.do(lambda tx: wishes.seek(tx, house.home, asking(), wish, **facts))


def test_a_ride_is_found_compared_approved_and_ordered(town: Town, news: list[Any]) -> None:
    street = town("driver", "dear")
    house = street.household
    seek(street)
    assert {request.ride.start.gps for request in house.requests("discover")} == {"52.531,13.412"}
    street.serve()
    (asked,) = house.open()
    assert asked.asked
    best, other = asked.options
    assert [best.provider_name, other.provider_name] == ["Mara drives", "Otto drives"]
    assert "6.00 EUR cheaper than Otto drives" in best.because
    assert best.window is not None
    assert best.window.end <= RIDE.arrive_by
    said = question(asked, house.home.settings.home.zone, house.clock.now())
    assert "Mara drives: Electric car, 4 seats, 19.54 EUR, leaves today 18:30, there 18:52" in said
    assert {one.field for one in best.disclosures} == {"name", "address", "phone"}
    house.decide("approve")
    (init,) = house.requests("init")
    assert init.ride.start == Place("52.531,13.412")
    assert init.ride.end == replace(LAKE, gps="52.470000,13.440000")
    assert init.party.address == WELL_KNOWN["address"]
    assert init.party.area_code is None
    street.run()
    (order,) = house.house.orders.values()
    assert order.state == "confirmed"
    assert order.agent.plate == "B-CH 101E"
    done = house.suggestion(asked.id)
    assert done.state == "carried_out"
    ordered = "A ride with Mara drives to Mill Lake is ordered for 19.54 EUR, leaves today 18:30"
    assert ordered in done.outcome
    assert news == [("1", "booked"), ("1", "ended")]


def test_what_may_not_be_told_is_not(town: Town) -> None:
    street = town("driver", beckn={"disclose": ["name"]})
    seek(street)
    street.serve()
    street.household.decide("approve")
    (init,) = street.household.requests("init")
    assert (init.party.name, init.party.address, init.party.phone) == ("Linden 5", None, None)


def test_a_table_is_booked_where_members_agreed_before(town: Town, news: list[Any]) -> None:
    street = town("restaurant")
    house = street.household
    seek(street, TABLE, agreed=Agreed("ana"))
    street.run()
    (order,) = house.house.orders.values()
    assert (order.state, order.table, order.lines[0].name) == ("confirmed", TABLE, "Table for four")
    assert order.about == "test:1"
    assert "asked" not in house.ledger()
    assert news == [("1", "booked"), ("1", "ended")]


@pytest.mark.parametrize(("most", "asked"), [(None, True), ("5.00", True), ("6.00", False)])
def test_a_deposit_beyond_what_was_agreed_is_asked(
    town: Town, news: list[Any], most: str | None, asked: bool
) -> None:
    street = town("deposit")
    agreed = Agreed("ana", money(most, "EUR") if most else None)
    seek(street, TABLE, agreed=agreed)
    street.run()
    assert ("asked" in street.household.ledger()) == asked
    if asked:
        (waiting,) = street.household.open()
        zone = street.household.home.settings.home.zone
        said = question(waiting, zone, NOON)
        assert "a table for 3 (Table for four), 6.00 EUR deposit" in said
        street.household.decide("approve")
        street.run()
    (order,) = street.household.house.orders.values()
    assert order.state == "confirmed"


def test_a_table_grows_and_a_fee_is_asked(town: Town, news: list[Any]) -> None:
    street = town("deposit")
    house = street.household
    seek(street, TABLE, agreed=Agreed("ana", money("10", "EUR")))
    street.run()
    (order,) = house.house.orders.values()

    def grow(party: int, most: str | None = None) -> bool:
        now = house.house.orders[order.id]
        at_most = money(most, "EUR") if most else None
        return house.do(
            lambda tx: wishes.resize(tx, house.home, now, party, by="ana", at_most=at_most)
        )

    news.clear()
    assert grow(4, "2.00")
    assert not grow(5)
    street.run()
    assert house.order(order.id).table.party_size == 4
    assert house.order(order.id).quote.total == money("8.00", "EUR")
    assert news == [("1", "changed")]
    assert grow(6, "2.00")
    street.run()
    (waiting,) = house.open()
    assert "Change the table at Table by the River?" in waiting.title
    assert "for 6" in waiting.body
    assert "22.00 EUR" in waiting.body
    house.decide("decline")
    street.run()
    assert house.order(order.id).table.party_size == 4
    assert news[-1] == ("1", "unchanged")
    assert grow(11)
    street.run()
    assert news[-1] == ("1", "unchanged")
    assert "will not change it: Table for four seats 4" in house.order(order.id).reason


def test_giving_back_asks_about_a_fee(town: Town, news: list[Any]) -> None:
    street = town("driver")
    house = street.household
    seek(street)
    street.serve()
    house.decide("approve")

    def give_back() -> bool:
        (order,) = house.house.orders.values()
        return house.do(
            lambda tx: wishes.give_back(tx, house.home, order, by="ana", why="nobody goes")
        )

    street.serve("init")
    assert not give_back(), "a confirmation is on its way"
    street.run()
    (order,) = house.house.orders.values()
    house.clock.at = order.slot.window.start - timedelta(minutes=20)
    assert give_back()
    assert give_back()
    street.run()
    (waiting,) = house.open()
    assert waiting.title == "Cancel the ride with Mara drives?"
    assert waiting.body == "Nobody goes. Cancelling it costs 5.00 EUR."
    house.decide("approve")
    street.run()
    assert house.order(order.id).state == "cancelled"
    assert news[-1] == ("1", "cancelled")
    assert [sale.state for sale in street.shops["driver.example"].sales("cancelled")]


def test_before_anybody_is_bound_it_is_let_go(town: Town, news: list[Any]) -> None:
    street = town("driver")
    house = street.household
    seek(street)
    street.serve()
    house.decide("approve")
    (order,) = house.house.orders.values()
    assert house.do(lambda tx: wishes.give_back(tx, house.home, order, by="ana", why="nobody goes"))
    street.run()
    assert house.open() == []
    assert street.shops["driver.example"].sales("confirmed") == []
    assert news == [("1", "ended")]


def test_the_same_wish_is_asked_once_and_another_takes_its_place(town: Town) -> None:
    street = town("driver")
    house = street.household
    first = seek(street)
    assert seek(street).id == first.id
    other = seek(street, replace(RIDE, seats=3))
    assert other.id != first.id
    assert house.suggestion(first.id).state == "superseded"
    street.serve()
    assert len(house.open()) == 1


def test_when_one_says_no_the_other_is_asked_about(town: Town, news: list[Any]) -> None:
    street = town("driver", "dear")
    house = street.household
    seek(street)
    street.serve()
    house.decide("approve")
    street.serve("init")
    # Somebody else takes the car first: the confirmation is refused.
    shop = street.shops["driver.example"]
    (confirm,) = house.requests("confirm")
    other = Household(house.path.parent / "other.db", make_home(settings={"home": WELL_KNOWN}))
    stolen = Street(other, shop)
    wishes_of = asking()
    other.do(lambda tx: wishes.seek(tx, other.home, wishes_of, RIDE))
    stolen.serve()
    other.decide("approve")
    stolen.run()
    other.close()
    assert confirm.order_id
    street.run()
    (again,) = house.open()
    assert again.state == "proposed"
    assert [option.provider_name for option in again.options] == ["Otto drives"]
    house.decide("approve")
    street.run()
    assert [order.state for order in house.house.orders.values()] == ["confirmed"]


@pytest.mark.parametrize(
    ("names", "wish", "why"),
    [
        ((), RIDE, "No driver is known"),
        ((), TABLE, "No restaurant is known"),
        (("driver",), replace(RIDE, arrive_by=NOON + timedelta(minutes=5)), "could offer this"),
        (("driver",), replace(RIDE, seats=8), "could offer this"),
        (("restaurant",), replace(TABLE, party_size=40), "could offer this"),
        (("restaurant",), replace(TABLE, at=NOON.replace(hour=2)), "could offer this"),
    ],
)
def test_why_there_is_none(
    town: Town, news: list[Any], names: tuple[str, ...], wish: Any, why: str
) -> None:
    street = town(*names)
    made = seek(street, wish)
    street.run()
    ended = street.household.suggestion(made.id)
    assert ended.state == "failed"
    assert why in ended.outcome
    assert news == [("1", "ended")]


def test_who_is_silent_is_waited_for_and_then_let_be(town: Town, news: list[Any]) -> None:
    street = town("driver")
    house = street.household
    made = seek(street)
    house.send()
    house.tick(seconds=11)
    assert house.suggestion(made.id).open
    house.tick(minutes=6)
    assert house.suggestion(made.id).outcome == "No provider answered in time."
    house.tick()
    assert news == [("1", "ended")]


def test_nobody_decides(town: Town, news: list[Any]) -> None:
    street = town("driver")
    made = seek(street)
    street.serve()
    street.household.tick(hours=5)
    ended = street.household.suggestion(made.id)
    assert ended.outcome == "Nobody decided in time; no ride was ordered."
    assert street.household.house.orders == {}


def test_every_step_is_kept_over_a_restart(town: Town, news: list[Any]) -> None:
    street = town("driver")
    house = street.household

    def kept() -> None:
        house.restart()
        same(house.house, house.load())

    seek(street)
    for action in ("discover", "select"):
        kept()
        street.serve(action)  # type: ignore[arg-type]
    kept()
    house.decide("approve")
    for action in ("init", "confirm"):
        kept()
        street.serve(action)  # type: ignore[arg-type]
    kept()
    street.run()
    assert [order.state for order in house.house.orders.values()] == ["confirmed"]
    assert len(street.shops["driver.example"].sales("confirmed")) == 1
    assert news == [("1", "booked"), ("1", "ended")]


@pytest.mark.parametrize(
    ("wish", "until"),
    [
        (TableWish(2), NOON + timedelta(hours=1)),
        (replace(RIDE, end=Place("here")), NOON + timedelta(hours=1)),
        (RIDE, NOON),
    ],
)
def test_what_cannot_be_wished_for(town: Town, wish: Any, until: datetime) -> None:
    house = town("driver").household
    asked = replace(asking(), until=until)
    with pytest.raises(ValueError, match=r"expected|looked for|no time"):
        house.do(lambda tx: wishes.seek(tx, house.home, asked, wish))
    assert house.open() == []
