"""The household's files as programs read and change them."""

from typing import Any

import pytest

from tests.web.conftest import Client
from tests.web.test_activities import call

FILE = "/rule-files/groceries.yaml"


@pytest.fixture
def token(client: Client) -> str:
    client.backend.tokens["config-token"] = frozenset({"read", "configure"})
    return "config-token"


def _kept(client: Client, name: str = "rules/groceries.yaml") -> str:
    return (client.backend.folder / name).read_text()


async def test_a_file_of_rules_is_read_and_written(client: Client, token: str) -> None:
    files = (await call(client, "GET", "/rule-files", None, token))[1]["items"]
    assert {"name": "groceries.yaml"} in files
    status, read = await call(client, "GET", FILE, None, token)
    assert (status, read["text"]) == (200, _kept(client))
    text = read["text"].replace("cooldown: 4h", "cooldown: 9h")
    body = {"text": text, "version": read["version"]}
    status, written = await call(client, "PUT", FILE, body, token)
    assert (status, written["text"]) == (200, text)
    assert written["version"] != read["version"]
    assert _kept(client) == text
    status, stale = await call(client, "PUT", FILE, {**body, "text": "rules: []"}, token)
    assert (status, stale["detail"]) == (
        409,
        "version: groceries.yaml has changed since; read it again",
    )
    assert _kept(client) == text


async def test_a_new_file_of_rules_is_made(client: Client, token: str) -> None:
    path = "/rule-files/more.yaml"
    empty = (await call(client, "GET", path, None, token))[1]
    assert empty["text"] == ""
    body = {"text": "rules: []", "version": empty["version"]}
    assert (await call(client, "PUT", path, body, token))[0] == 200
    assert _kept(client, "rules/more.yaml") == "rules: []\n"


async def test_a_mistake_is_named_by_its_place(client: Client, token: str) -> None:
    before = _kept(client)
    text = before.replace("cooldown: 4h", "cooldown: soon")
    line = text[: text.index("cooldown: soon")].count("\n") + 1
    status, checked = await call(client, "POST", f"{FILE}/check", {"text": text}, token)
    version = (await call(client, "GET", FILE, None, token))[1]["version"]
    body = {"text": text, "version": version}
    refused, said = await call(client, "PUT", FILE, body, token)
    assert (status, refused) == (200, 400)
    assert said["mistakes"] == checked["items"]
    (mistake,) = said["mistakes"]
    assert (mistake["file"], mistake["line"]) == ("rules/groceries.yaml", line)
    assert mistake["column"] > 1
    assert said["detail"].startswith(f"rules/groceries.yaml, line {line}, column ")
    assert mistake["expected"] in said["detail"]
    assert _kept(client) == before
    assert (await call(client, "POST", f"{FILE}/check", {"text": before}, token))[1]["items"] == []


@pytest.mark.parametrize("name", ["..%2Fhub.yaml", "x.txt", "%2Fetc%2Fpasswd", "UP.yaml"])
async def test_a_name_that_cannot_be_one_is_not_there(
    client: Client, token: str, name: str
) -> None:
    path, body = f"/rule-files/{name}", {"text": "rules: []", "version": "x"}
    assert (await call(client, "GET", path, None, token))[0] == 404
    assert (await call(client, "PUT", path, body, token))[0] == 404
    assert (await call(client, "POST", f"{path}/check", {"text": ""}, token))[0] == 404


async def test_a_rule_is_switched_and_changed(client: Client, token: str) -> None:
    path = "/rules/groceries"
    for enabled in (False, True):
        body = {"enabled": enabled}
        status, rule = await call(client, "PUT", f"{path}/enabled", body, token)
        assert (status, rule["id"], rule["enabled"]) == (200, "groceries", enabled)
    assert "# After one basket, no other for a while." in _kept(client)
    status, _ = await call(client, "PUT", f"{path}/values", {"values": {"cooldown": "5h"}}, token)
    assert status == 200
    values = (await call(client, "GET", f"{path}/values", None, token))[1]["items"]
    assert {"path": "cooldown", "value": "5h"} in values
    before = _kept(client)
    for change, says in (({"cooldown": "soon"}, "line "), ({"id": "other"}, "no value 'id'")):
        status, said = await call(client, "PUT", f"{path}/values", {"values": change}, token)
        assert status == 400
        assert says in said["detail"]
    assert _kept(client) == before
    assert (await call(client, "PUT", "/rules/none/enabled", {"enabled": True}, token))[0] == 404


async def test_rules_are_rehearsed(client: Client, token: str) -> None:
    body = {"subject": "milk", "value": "0", "only": "groceries"}
    status, said = await call(client, "POST", "/rehearsals", body, token)
    assert (status, [one["rule_id"] for one in said["items"]]) == (200, ["groceries"])
    assert said["items"][0]["fired"] is True
    for change, expected in (({"value": "much"}, 400), ({"subject": "gold"}, 404)):
        assert (await call(client, "POST", "/rehearsals", {**body, **change}, token))[0] == expected


async def test_a_meaning_is_corrected_and_taken_back(client: Client, token: str) -> None:
    path = "/entities/sensor.temp/meaning"
    said = {"kind": "scale", "item": "milk", "tare": "350 g"}
    status, meaning = await call(client, "PUT", path, said, token)
    assert (status, meaning["item"], meaning["tare"]) == (200, "milk", "350 g")
    assert "350 g" in _kept(client, "devices.yaml")
    assert (await call(client, "GET", path, None, token))[1] == meaning
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"kind": "level", "item": "gold"}, "there is no gold in the pantry"),
        ({"kind": "level"}, "item: expected a pantry item"),
        ({"kind": "scale", "item": "milk", "tare": "a\u0000"}, "tare: expected printable"),
        ({"kind": "scale", "item": "milk", "tare": "heavy"}, "devices.yaml, line "),
        ({"kind": "toaster"}, "kind: "),
    ]
    for body, says in wrong:
        status, problem = await call(client, "PUT", path, body, token)
        assert status == 400
        assert says in problem["detail"]
    assert (await call(client, "GET", path, None, token))[1] == meaning
    status, gone = await call(client, "PUT", path, {"kind": "guess"}, token)
    assert (status, gone["item"], gone["tare"]) == (200, "", "")
    assert (await call(client, "PUT", "/entities/sensor.none/meaning", said, token))[0] == 404


async def test_a_file_that_cannot_be_read_is_a_conflict(client: Client, token: str) -> None:
    odd = client.backend.folder / "rules" / "odd.yaml"
    odd.write_bytes(b"\xff\xfe")
    status, said = await call(client, "GET", "/rule-files/odd.yaml", None, token)
    assert (status, said["title"]) == (409, "Conflict")


async def test_files_are_changed_by_whoever_may_configure_only(client: Client) -> None:
    before = _kept(client), _kept(client, "devices.yaml")
    version = (await call(client, "GET", FILE, None, "read-token"))[1]["version"]
    for path, body in (
        (FILE, {"text": "rules: []", "version": version}),
        ("/rules/groceries/enabled", {"enabled": False}),
        ("/rules/groceries/values", {"values": {"cooldown": "5h"}}),
        ("/entities/sensor.temp/meaning", {"kind": "ignore"}),
    ):
        for token in ("read-token", "full-token"):
            status, said = await call(client, "PUT", path, body, token)
            assert (status, said["detail"]) == (403, "This token lacks the scope configure.")
    assert (_kept(client), _kept(client, "devices.yaml")) == before


@pytest.mark.parametrize(
    ("read", "write", "body", "file", "before", "after"),
    [
        (
            "/rules/groceries/values", "/rules/groceries/values", {"values": {"cooldown": "5h"}},
            "rules/groceries.yaml", "cooldown: 4h", "cooldown: 9h",
        ),
        (
            "/rules/groceries/values", "/rules/groceries/enabled", {"enabled": False},
            "rules/groceries.yaml", "cooldown: 4h", "cooldown: 9h",
        ),
        (
            "/entities/sensor.temp/meaning", "/entities/sensor.temp/meaning", {"kind": "ignore"},
            "devices.yaml", "item: milk", "item: eggs",
        ),
    ],
    ids=["values", "enabled", "meaning"],
)  # fmt: skip
async def test_what_changed_since_it_was_read_is_not_changed_back(
    client: Client, token: str, read: str, write: str, body: Any, file: str, before: str, after: str
) -> None:
    if file == "devices.yaml":
        said = {"kind": "level", "item": "milk"}
        assert (await call(client, "PUT", read, said, token))[0] == 200
    bearer = {"Authorization": f"Bearer {token}"}
    base = client.base + "/api/v1"
    tag = (await client.session.get(base + read, headers=bearer)).headers["ETag"]
    text = _kept(client, file)
    (client.backend.folder / file).write_text(text.replace(before, after))
    changed = _kept(client, file)
    assert changed != text
    for stale in (tag, f"W/{tag}", '"other"', "none", f'{tag}, "other"'):
        headers = {**bearer, "If-Match": stale}
        response = await client.session.put(base + write, json=body, headers=headers)
        problem = await response.json()
        assert (response.status, problem["title"], problem["detail"]) == (
            412,
            "Precondition Failed",
            "If-Match: this has changed since it was read; read it again",
        )
    assert _kept(client, file) == changed
    now = (await client.session.get(base + read, headers=bearer)).headers["ETag"]
    headers = {**bearer, "If-Match": f'"other", {now}'}
    response = await client.session.put(base + write, json=body, headers=headers)
    assert response.status == 200
    new = response.headers["ETag"]
    assert new == (await client.session.get(base + read, headers=bearer)).headers["ETag"] != now
    headers = {**bearer, "If-Match": "*"}
    assert (await client.session.put(base + write, json=body, headers=headers)).status == 200
