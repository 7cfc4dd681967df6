"""Absences, meals cooked at home and conflicts as programs ask for them."""

import pytest

from tests.web.conftest import Client
from tests.web.test_activities import call, token_of

SPAN = {"start": "2026-11-24T18:30:00+01:00", "end": "2026-11-24T21:00:00+01:00"}


@pytest.mark.parametrize("path", ["/absences", "/plans"])
async def test_a_plan_is_made_listed_and_dropped(client: Client, path: str) -> None:
    token = token_of(client, "decide")
    reader = token_of(client, "read")
    body = {"member": "ada", "members": ["ben"], "title": "Theatre", **SPAN}
    status, made = await call(client, "POST", path, body, token)
    assert (status, made["members"], made["title"]) == (200, ["ben"], "Theatre")
    assert made["window"]["start"] == "2026-11-24T17:30:00Z"
    assert made["uses"] == (["gas"] if path == "/plans" else [])
    assert (await call(client, "GET", path, None, reader))[1]["items"][1:] == [made]
    other = "/plans" if path == "/absences" else "/absences"
    gone = f"{other}/{made['id']}?member=ada"
    assert (await call(client, "DELETE", gone, None, token))[0] == 404
    status, dropped = await call(client, "DELETE", f"{path}/{made['id']}?member=ada", None, token)
    assert (status, dropped) == (200, made)
    assert (await call(client, "GET", path, None, reader))[1]["items"][1:] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"member": "kim"}, "member: expected the id of an adult"),
        ({"members": ["eve"]}, "members: there is no eve in this household"),
        ({"end": "2026-11-24T18:00:00+01:00"}, "end after it starts"),
        ({"start": "2026-11-23T10:00:00Z", "end": "2026-11-23T11:00:00Z"}, "a time to come"),
        ({"end": "2029-11-24T18:00:00+01:00"}, "end: expected at most 400 days after start"),
        ({"start": "2046-11-23T10:00:00Z", "end": "2046-11-23T11:00:00Z"}, "days from now"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "of our age"),
        ({"start": "2026-11-24T18:30:00"}, "start"),
        ({"title": "a\u0007b"}, "title: expected printable text"),
        ({"title": "x" * 121}, "title"),
        ({"until": "later"}, "until"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_line(
    client: Client, change: dict[str, object], says: str
) -> None:
    token = token_of(client, "decide")
    status, said = await call(
        client, "POST", "/absences", {"member": "ada", **SPAN, **change}, token
    )
    assert status == 400
    assert says in said["detail"]
    assert len(client.backend.plans.kept) == 2


async def test_who_may_only_read_plans_nothing(client: Client) -> None:
    token = token_of(client, "read")
    assert (await call(client, "POST", "/plans", {"member": "ada", **SPAN}, token))[0] == 403
    assert (await call(client, "DELETE", "/plans/x?member=ada", None, token))[0] == 403
    assert (await call(client, "DELETE", "/plans/x", None, token_of(client, "decide")))[0] == 400


async def test_conflicts_are_listed_with_the_question_about_them(client: Client) -> None:
    status, said = await call(client, "GET", "/conflicts", None, token_of(client, "read"))
    assert status == 200
    (one,) = said["items"]
    assert (one["kind"], one["block"], one["against"]) == ("nobody_home", "delivery:o", None)
    assert (one["state"], one["suggestion_id"]) == ("asked", "sug-5")
    assert one["text"].startswith("Nobody is at home for Corner (today 19:00-21:00)")
