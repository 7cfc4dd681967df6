"""Activities as programs make them: read, refused in a line, and only with the right scope."""

from typing import Any

import pytest

from tests.web.conftest import Client

FISHING = {
    "summary": "Fishing",
    "start": "2026-11-28T10:00:00+01:00",
    "end": "2026-11-28T13:00:00+01:00",
    "member": "ada",
}


async def call(client: Client, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
    response = await client.session.request(
        method,
        f"{client.base}/api/v1{path}",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
    )
    return response.status, await response.json()


async def test_an_activity_is_made_moved_and_cancelled(client: Client) -> None:
    token = token_of(client, "decide")
    status, made = await call(client, "POST", "/activities", {**FISHING, "guests": ["ben"]}, token)
    assert (status, made["details"]["window"]["start"]) == (200, "2026-11-28T09:00:00Z")
    status, moved = await call(client, "PUT", "/activities/act-1", FISHING, token)
    assert (status, moved["sequence"]) == (200, 1)
    status, off = await call(client, "POST", "/activities/act-1/cancel", {"member": "ada"}, token)
    assert (status, off["state"]) == (200, "cancelled")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"guests": ["stranger"]}, "guests"),
        ({"end": FISHING["start"]}, "must end after it starts"),
        ({"start": "2026-11-28T10:00:00"}, "start"),
        ({"member": "kim"}, "member"),
        ({"gps": "nowhere"}, "gps"),
        ({"guests": ["ben"] * 201}, "guests"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_line(
    client: Client, spoil: dict[str, object], says: str
) -> None:
    body = {**FISHING, **spoil}
    status, said = await call(client, "POST", "/activities", body, token_of(client, "decide"))
    assert status == 400
    assert says in said["detail"]


async def test_who_may_only_read_invites_nobody(client: Client) -> None:
    status, _ = await call(client, "POST", "/activities", FISHING, "read-token")
    assert status == 403
    status, _ = await call(
        client, "POST", "/activities/none/cancel", {"member": "ada"}, token_of(client, "decide")
    )
    assert status == 404


def token_of(client: Client, scope: str) -> str:
    return next(name for name, scopes in client.backend.tokens.items() if scope in scopes)
