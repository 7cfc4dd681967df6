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


async def test_a_friends_invitation_is_answered_anew_and_another_time_proposed(
    client: Client,
) -> None:
    token, path = token_of(client, "decide"), "/activities/act-1"
    body = {"member": "ada", "answer": "TENTATIVE", "comment": "if it is dry"}
    choir = "/activities/choir%2F7%23x%40birch"
    status, said = await call(client, "POST", f"{choir}/answer", body, token)
    guest = said["attendees"][0]
    assert (status, guest["partstat"], guest["comment"]) == (200, "TENTATIVE", "if it is dry")
    status, said = await call(client, "POST", f"{choir}/answer", {**body, "answer": "YES"}, token)
    assert (status, said["detail"][:6]) == (400, "answer")
    status, said = await call(client, "POST", f"{choir}/answer", {**body, "member": "ben"}, token)
    assert (status, said["detail"]) == (400, "answers were awaited until yesterday")
    times = {name: FISHING[name] for name in ("start", "end", "member")}
    status, _ = await call(client, "POST", f"{choir}/propose", times, token)
    assert status == 200
    status, _ = await call(
        client, "POST", f"{choir}/propose", {**times, "end": times["start"]}, token
    )
    assert status == 400
    noted = {"member": "ada", "guest": "mailto:ben@x.example", "answer": "ACCEPTED"}
    status, said = await call(client, "POST", f"{path}/note", noted, token)
    assert (status, said["attendees"][0]["partstat"]) == (200, "ACCEPTED")
    more = {"member": "ada", "guests": ["cleo"]}
    status, said = await call(client, "POST", f"{path}/invite", more, token)
    assert (status, len(said["attendees"])) == (200, 3)


async def test_one_occurrence_has_a_path_of_its_own(client: Client) -> None:
    token, part = token_of(client, "decide"), "act-1%2320261128T090000Z"
    body = {**FISHING, "recurrence": "FREQ=WEEKLY"}
    status, _ = await call(client, "PUT", "/activities/act-1", body, token)
    assert status == 200
    for path, expected in ((part, 200), ("none%2320261128T090000Z", 404)):
        status, _ = await call(
            client, "POST", f"/activities/{path}/cancel", {"member": "ada"}, token
        )
        assert status == expected
    status, said = await call(
        client, "PUT", "/activities/act-1", {**body, "recurrence": "now and then"}, token
    )
    assert (status, said["detail"][:10]) == (400, "recurrence")


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


async def test_calendars_kept_elsewhere_tell_how_they_are(client: Client) -> None:
    response = await client.session.get(
        f"{client.base}/api/v1/calendars", headers={"Authorization": "Bearer read-token"}
    )
    work, other = (await response.json())["items"]
    assert (work["name"], work["entries"], work["problem"]) == ("Work", 3, "")
    assert (other["read_at"], other["problem"]) == (None, "off")


def token_of(client: Client, scope: str) -> str:
    return next(name for name, scopes in client.backend.tokens.items() if scope in scopes)
