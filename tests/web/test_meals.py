"""Meals with friends as programs ask for them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.domain.mealplan import MealRequest
from hub.domain.money import Money, money
from hub.domain.offers import TableWish
from hub.domain.suggestions import Option, Suggestion
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend
from tests.web.fake_meals import EVENING
from tests.web.test_activities import call, token_of


async def test_a_meal_is_proposed_called_off_and_split(client: Client) -> None:
    token = token_of(client, "decide")
    wish = {"member": "ada", "guests": ["ben"], "at": "2026-11-24T20:00:00+01:00", "people": 2}
    status, made = await call(client, "POST", "/meals", wish, token)
    assert (status, made["state"]) == (200, "proposed")
    (asked,) = client.backend.meals.asked
    assert isinstance(asked, MealRequest)
    assert (asked.member, asked.guests, asked.people) == ("ada", ("ben",), 2)
    assert asked.at is not None
    assert asked.at.isoformat() == "2026-11-24T19:00:00+00:00"
    fee = {"member": "ada", "fee": "5.00"}
    status, off = await call(client, "POST", "/meals/dinner-1/off", fee, token)
    assert (status, off["state"]) == (200, "cancelled")
    assert client.backend.meals.asked[-1] == money("5.00", "EUR")
    status, bill = await call(
        client, "POST", "/meals/dinner-1/bill", {"member": "ada", "total": "61.50"}, token
    )
    assert (status, bill["bill"]) == (200, {"amount": "61.50", "currency": "EUR"})


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("", {"guests": ["nobody"]}, 400, "not a contact"),
        ("", {"at": "2026-11-24T20:00:00"}, 400, "at"),
        ("", {"where": "abroad"}, 400, "where"),
        ("", {"people": 13}, 400, "people"),
        ("", {"member": "kim"}, 400, "member"),
        ("/dinner-1/bill", {"total": "-1"}, 400, "total"),
        ("/none/off", {}, 404, "no such meal"),
        ("/none/let-in", {"guest": "mailto:ben@x.example"}, 404, "no such meal"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_line(
    client: Client, path: str, body: dict[str, object], status: int, says: str
) -> None:
    token = token_of(client, "decide")
    got, said = await call(client, "POST", f"/meals{path}", {"member": "ada", **body}, token)
    assert got == status
    assert says in said["detail"]


def proposed(backend: FakeBackend) -> Suggestion:
    """Propose a dinner: a table with a deposit, or a friend's home."""
    known = backend.all_suggestions["sug-1"]
    window = backend.meals.kept[0].window
    table = replace(
        known.options[0],
        id="table",
        provider_name="Table by the River",
        window=window,
        total=money("6.00", "EUR"),
        table=TableWish(3, EVENING),
        note="Ben is busy then",
    )
    nothing = Money(Decimal(0), "EUR")
    home = Option("at:ben", "", "", "At Ben's home", (), nothing, window, "Ben is asked")
    backend.all_suggestions["sug-1"] = replace(
        known, kind="social_meal", options=(table, home), about="meal:dinner-1", asked=True
    )
    return backend.all_suggestions["sug-1"]


async def test_a_proposal_reads_as_places_to_choose_from(
    member: Client, backend: FakeBackend
) -> None:
    asked = proposed(backend)
    page = await (await member.get("/suggestions/sug-1")).text()
    for said in (
        "Table by the River",
        "Ben is busy then",
        "Invite them · 6.00",
        "At Ben&#39;s home",
        ">Invite them</button>",
        "Deposit",
    ):
        assert said in page
    assert "Total, delivered" not in page
    assert "Delivery" not in page
    chinese = await (await member.get("/suggestions/sug-1", Accept_Language="zh")).text()
    assert "邀请他们" in chinese
    backend.all_suggestions["sug-1"] = replace(asked, asked=False, version=1)
    page = await (await member.get("/suggestions/sug-1")).text()
    assert "Asking who has time, and who has a table" in page
    assert "Invite them" not in page
    assert ">Approve" not in page


async def test_what_undoing_costs_is_on_the_button(member: Client, backend: FakeBackend) -> None:
    asked = proposed(backend)
    fee = Option("undo", "", "", "Table by the River", (), money("10.00", "EUR"))
    backend.all_suggestions["sug-1"] = replace(
        asked, options=(fee,), about="", rule_id="", title="Call Dinner off?"
    )
    page = await (await member.get("/suggestions/sug-1")).text()
    assert "What it costs" in page
    assert "Approve · 10.00" in page
    assert 'href="/rules/"' not in page
