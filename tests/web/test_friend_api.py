"""Contacts as programs see and change them."""

from typing import Any

import pytest

from tests.web.conftest import Client
from tests.web.test_activities import call, token_of

LINK = "web+commonhearth:contact/abc"


@pytest.mark.parametrize(
    ("what", "body", "field", "value"),
    [
        ("muted", {"muted": True}, "muted", True),
        ("sees", {"sees": "nothing"}, "sees", "nothing"),
        ("witness", {"on": True}, "witness", True),
        ("circles", {"circles": ["choir", " go "]}, "circles", ["choir", "go"]),
    ],
)
async def test_a_contact_is_changed(
    client: Client, what: str, body: dict[str, Any], field: str, value: object
) -> None:
    token, path = token_of(client, "decide"), "/contacts/ben"
    before = (await call(client, "GET", path, None, token))[1]
    assert before[field] != value
    body = {"member": "ada", **body}
    status, changed = await call(client, "PUT", f"{path}/{what}", body, token)
    assert (status, changed) == (200, {**before, field: value})
    assert (await call(client, "GET", path, None, token))[1] == changed
    assert (await call(client, "PUT", f"/contacts/none/{what}", body, token))[0] == 404
    for member in ("kim", "nobody"):
        child = {**body, "member": member}
        status, said = await call(client, "PUT", f"{path}/{what}", child, token)
        assert (status, "an adult" in said["detail"]) == (400, True)


async def test_contacts_are_invited_accepted_confirmed_and_removed(client: Client) -> None:
    token, ada = token_of(client, "decide"), {"member": "ada"}
    invited = (await call(client, "POST", "/invitations", ada, token))[1]
    assert invited["link"].startswith("web+commonhearth:contact/")
    status, asked = await call(client, "POST", "/invitations/accept", {**ada, "link": LINK}, token)
    assert (status, asked) == (200, {"name": "New House"})
    status, wrong = await call(client, "POST", "/invitations/accept", {**ada, "link": "x"}, token)
    assert (status, "expected a link" in wrong["detail"]) == (400, True)
    status, mill = await call(client, "POST", "/contacts/mill/confirm", ada, token)
    assert (status, mill["standing"]) == (200, "known")
    body = {**ada, "name": "Dee", "email": "dee@x.example"}
    status, dee = await call(client, "POST", "/contacts", body, token)
    assert (status, dee["name"], dee["email"]) == (200, "Dee", "dee@x.example")
    assert (await call(client, "POST", "/contacts", {**body, "email": "dee"}, token))[0] == 400
    status, gone = await call(client, "DELETE", "/contacts/mill?member=ada", None, token)
    assert (status, gone) == (200, {"id": "mill"})
    listed = (await call(client, "GET", "/contacts", None, token))[1]["items"]
    assert {one["id"] for one in listed} == {"ben", "cleo", "new", "dee@x.example"}


async def test_who_may_only_read_changes_no_contact(client: Client) -> None:
    before = dict(client.backend.friends.kept)
    for method, path, body in (
        ("POST", "/invitations", {"member": "ada"}),
        ("POST", "/invitations/accept", {"member": "ada", "link": LINK}),
        ("PUT", "/contacts/ben/muted", {"member": "ada", "muted": True}),
        ("DELETE", "/contacts/ben?member=ada", None),
    ):
        assert (await call(client, method, path, body, "read-token"))[0] == 403
    assert client.backend.friends.kept == before
