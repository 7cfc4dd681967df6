"""Rides and tables on their pages: what is offered, from where to where, who drives."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.money import money
from hub.domain.offers import Agent, DeliverySlot, Place, RideWish, TableWish, Window
from hub.domain.orders import Line, Order
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, FakeBackend

LEAVE = NOW.replace(second=0, microsecond=0) + timedelta(hours=2)
SLOT = DeliverySlot("pickup-1", Window(LEAVE, LEAVE + timedelta(minutes=25)))
RIDE = RideWish(
    Place("52.53,13.41", "Linden 5"),
    Place("52.47,13.44", "Mill Lake"),
    2,
    arrive_by=LEAVE + timedelta(minutes=30),
)
TABLE = TableWish(5, LEAVE)


def _known(backend: FakeBackend, wish: RideWish | TableWish, state: str) -> Order:
    ride = wish if isinstance(wish, RideWish) else None
    table = wish if isinstance(wish, TableWish) else None
    line = Line("car", "Electric car" if ride else "Long table", 1, money("12.50", "EUR"))
    order = replace(
        backend.all_orders["ord-3"],
        id="ord-r",
        state=state,
        lines=(line,),
        slot=SLOT,
        ride=ride,
        table=table,
        domain="ride" if ride else "restaurant",
        agent=Agent("Mara", "+49 30 5550142", "Electric car", "B-CH 101E") if ride else None,
        order_id="R-1",
        pending=None,
    )
    backend.all_orders["ord-r"] = order
    return order


async def test_a_ride_is_shown_by_where_it_goes_and_who_drives(
    member: Client, backend: FakeBackend
) -> None:
    _known(backend, RIDE, "confirmed")
    page = await (await member.get("/orders/ord-r")).text()
    for said in (
        "<h2>The ride</h2>",
        "<dt>From</dt><dd>Linden 5</dd>",
        "<dt>To</dt><dd>Mill Lake</dd>",
        "2 people",
        f"there {SLOT.window.end.astimezone(backend.settings.home.zone):%H:%M}",
        "Mara",
        "B-CH 101E",
        'href="tel:+49305550142"',
        "Cancel the ride",
        "Where is it?",
    ):
        assert said in page
    for other in ("It came", "× 1", "Delivery today"):
        assert other not in page
    listed = await (await member.get("/orders")).text()
    assert "Linden 5 to Mill Lake" in listed
    assert "leaves " in listed


async def test_a_table_is_shown_by_its_people(member: Client, backend: FakeBackend) -> None:
    _known(backend, TABLE, "completed")
    page = await (await member.get("/orders/ord-r")).text()
    assert "<h2>The table</h2>" in page
    assert "5 people" in page
    assert "delivered" not in page.lower().split("its whole life")[0]
    assert "a table for 5" in await (await member.get("/orders")).text()


@pytest.mark.parametrize(("wish", "sum_of"), [(RIDE, "Fare"), (TABLE, "Deposit")])
async def test_an_offer_of_one_reads_as_what_it_is(
    member: Client, backend: FakeBackend, wish: RideWish | TableWish, sum_of: str
) -> None:
    order = _known(backend, wish, "quoted")
    known = backend.all_suggestions["sug-1"]
    option = replace(
        known.options[0],
        order_id=order.id,
        lines=order.lines,
        window=SLOT.window,
        ride=order.ride,
        table=order.table,
    )
    kind = "ride" if order.ride else "table"
    backend.all_suggestions["sug-1"] = replace(known, kind=kind, options=(option,))
    page = await (await member.get("/suggestions/sug-1")).text()
    assert sum_of in page
    assert "Total, delivered" not in page
    assert 'name="count:car"' not in page
    assert ("Leave " in page) == (order.ride is not None)
    backend.all_suggestions["sug-1"] = replace(known, kind=kind, options=())
    collecting = await (await member.get("/suggestions/sug-1")).text()
    assert "Collecting offers" in collecting


async def test_in_chinese(member: Client, backend: FakeBackend) -> None:
    _known(backend, RIDE, "in_progress")
    page = await (await member.get("/orders/ord-r", Accept_Language="zh")).text()
    assert "行程" in page
    listed = await (await member.get("/orders", Accept_Language="zh")).text()
    assert "Linden 5 至 Mill Lake" in listed
