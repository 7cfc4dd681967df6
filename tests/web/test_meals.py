"""Meals with friends as programs ask for them."""

import pytest

from hub.domain.mealplan import MealRequest
from hub.domain.money import money
from tests.web.conftest import Client
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
