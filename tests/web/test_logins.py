"""Devices' logins on their page and in the API, and the door at which devices pair."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from hub.app.tls import AUTHORITY
from hub.domain.logins import own
from hub.settings import MqttSettings
from hub.store.logins import GUESSES
from hub.web.site import Attempts
from tests.web.conftest import Client

NAMES = ["", "a+b", "#", "a/b", "Ada", "a\nb", "a\x00", "x" * 10_240, "home", "tele"]


async def _text(client: Client, path: str) -> str:
    return await (await client.get(path)).text()


async def test_a_login_is_made_shown_once_and_taken_back(member: Client) -> None:
    answer = await member.form("/devices/logins", name="shelf-1", kind="device", write="notices/a")
    page = await answer.text()
    assert answer.status == 200
    password = re.search(r'class="copy">([\w-]{24})</code>', page)
    assert password is not None
    assert page.count(password[1]) >= 4  # shown, and in each snippet
    assert "username: shelf-1" in page
    assert answer.headers["Cache-Control"] == "no-store"
    (kept,) = member.backend.broker.logins
    assert kept.name == "shelf-1"
    assert "notices/a" in own(kept)
    again = await _text(member, "/devices/logins")
    assert password[1] not in again
    assert "shelf-1/#" in again
    assert (await member.form("/devices/logins", name="shelf_1")).status == 400
    assert (await member.form("/devices/logins/shelf-1/revoke")).status == 303
    assert member.backend.broker.logins == ()
    assert (await member.form("/devices/logins/shelf-1/revoke")).status == 404


@pytest.mark.parametrize("name", NAMES)
async def test_a_bad_name_is_refused_with_what_was_typed(member: Client, name: str) -> None:
    answer = await member.form("/devices/logins", name=name, write="#")
    assert answer.status in (400, 413)
    assert member.backend.logins.known() == ()


async def test_children_make_no_logins(client: Client) -> None:
    client.enter("kim")
    for path in ("/devices/logins", "/devices/logins/a/revoke", "/devices/pairing"):
        assert (await client.form(path, name="a")).status == 403
    assert "Make a login" not in await _text(client, "/devices/logins")


async def _pair(client: Client, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    answer = await client.session.post(f"{client.base}/pair", json=body, headers=headers)
    return answer.status, await answer.json()


async def _code(client: Client) -> str:
    page = await (await client.form("/devices/pairing")).text()
    found = re.search(r'class="code">(\d{4} \d{4})<', page)
    assert found is not None
    return found[1]


async def test_a_device_pairs_by_a_code_once(member: Client) -> None:
    assert (await _pair(member, {"code": "12345678", "name": "bin-1"}))[0] == 403
    code = await _code(member)
    status, said = await _pair(member, {"code": code, "name": "home"})
    assert (status, said["error"].partition(":")[0]) == (400, "name")
    status, made = await _pair(member, {"code": code, "name": "bin-1"})
    assert status == 200
    assert (made["host"], made["port"], made["user"]) == ("127.0.0.1", 1883, "bin-1")
    assert len(made["password"]) == 24
    assert "commonhearth/v1/bin-1/#" in made["write"]
    assert [one.name for one in member.backend.broker.logins] == ["bin-1"]
    assert (await _pair(member, {"code": code, "name": "bin-2"}))[0] == 403
    second = await _code(member)
    # A name that is taken costs nothing: the device may choose another.
    status, said = await _pair(member, {"code": second, "name": "bin_1"})
    assert status == 409
    assert "bin-1 has a login already" in said["error"]
    assert (await _pair(member, {"code": second, "name": "bin-2"}))[0] == 200


async def test_where_the_broker_encrypts_a_device_is_told_the_port_and_the_authority(
    member: Client,
) -> None:
    backend = member.backend
    secrets = backend.folder / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / AUTHORITY).write_text("-----BEGIN CERTIFICATE-----")
    backend.broker.tls_port = 8883
    made = (await _pair(member, {"code": await _code(member), "name": "bin-1"}))[1]
    assert (made["port"], made["tls"], made["tls_port"]) == (1883, False, 8883)
    assert made["ca"] == "-----BEGIN CERTIFICATE-----"
    only = {"bind": "0.0.0.0", "tls_port": 8883, "plain": "loopback"}
    mqtt = MqttSettings.model_validate(only)
    backend.settings = backend.settings.model_copy(update={"mqtt": mqtt})
    made = (await _pair(member, {"code": await _code(member), "name": "bin-2"}))[1]
    assert (made["port"], made["tls"]) == (8883, True)
    answer = await member.form("/devices/logins", name="shelf-1", kind="device", write="")
    page = await answer.text()
    assert "server: mqtts://127.0.0.1:8883" in page
    assert "--cafile authority.crt" in page
    assert "-----BEGIN CERTIFICATE-----" in page


async def test_a_code_ends_by_time_by_guesses_and_by_hand(member: Client) -> None:
    logins = member.backend.logins
    code = await _code(member)
    member.backend.instant += timedelta(minutes=5)
    assert (await _pair(member, {"code": code, "name": "late"}))[0] == 403
    code = await _code(member)
    for _ in range(GUESSES):
        assert logins.pairing() is not None
        assert await logins.pair(f"{(int(code.replace(' ', '')) + 1) % 10**8:08}", "x") != "paired"
    assert logins.pairing() is None
    assert (await _pair(member, {"code": code, "name": "late"}))[0] == 403
    code = await _code(member)
    await member.form("/devices/pairing", do="close")
    assert (await _pair(member, {"code": code, "name": "late"}))[0] == 403
    assert logins.known() == ()


async def test_a_flood_of_guesses_is_slowed_down_and_told(member: Client) -> None:
    said = [(await _pair(member, {"code": "00000000", "name": "a"}))[0] for _ in range(20)]
    assert said[:6] == [403] * 6
    assert set(said[6:]) == {429}
    assert Attempts.MOST_ADDRESSES == 256


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "x", 7, {"code": 12345678, "name": "a"}, {"code": "1234", "name": "a"},
        {"code": "12345678"}, {"code": "12345678", "name": ["a"]},
        {"code": "12345678", "name": "a", "more": 1}, {"code": "12345678", "name": "x" * 10_240},
        {"code": "12345678", "name": "a/+"}, {"code": "12345678", "name": "a\u0000"},
    ],
)  # fmt: skip
async def test_what_no_device_sends_is_refused_in_one_line(client: Client, body: Any) -> None:
    status, said = await _pair(client, body)
    assert status == 400
    assert 0 < len(said["error"]) < 300
    assert "\n" not in said["error"]


async def test_no_password_leaves_over_plain_http_or_to_another_site(member: Client) -> None:
    code = await _code(member)
    body = {"code": code, "name": "a"}
    status, said = await _pair(member, body, **{"X-Forwarded-For": "203.0.113.9"})
    assert status == 403
    assert "HTTPS" in said["error"]
    answer = await member.session.post(f"{member.base}/pair", data=str(body).replace("'", '"'))
    assert answer.status == 415
    assert member.backend.logins.pairing() is not None


async def test_a_device_that_could_not_reach_the_broker_is_told(member: Client) -> None:
    code = await _code(member)
    http = member.backend.settings.http.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
    member.backend.settings = member.backend.settings.model_copy(update={"http": http})
    body = {"code": code, "name": "a"}
    status, said = await _pair(member, body, **{"X-Forwarded-For": "192.168.1.9"})
    assert status == 409
    assert "mqtt.bind" in said["error"]
    status, said = await _pair(member, body, **{"X-Forwarded-For": "9.9.9.9"})
    assert status == 403
    assert "HTTPS" in said["error"]
    assert member.backend.logins.pairing() is not None


async def test_the_api_makes_lists_and_takes_back(client: Client) -> None:
    async def ask(method: str, path: str, token: str = "full-token", **body: Any) -> Any:
        answer = await client.session.request(
            method, f"{client.base}/api/v1{path}", json=body or None,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        return answer.status, await answer.json()

    wanted = {"member": "ada", "name": "z2m", "kind": "bridge"}
    assert (await ask("POST", "/device-logins", "read-token", **wanted))[0] == 403
    assert (await ask("POST", "/device-logins", **{**wanted, "member": "kim"}))[0] == 400
    status, made = await ask("POST", "/device-logins", **wanted)
    assert status == 200
    assert len(made["password"]) == 24
    assert (await ask("POST", "/device-logins", **wanted))[0] == 409
    for wrong in ({"name": "Z2 M"}, {"name": "home"}, {"name": "b", "write": ["a/#/b"]}):
        assert (await ask("POST", "/device-logins", **{**wanted, **wrong}))[0] == 400
    status, listed = await ask("GET", "/device-logins", "read-token")
    assert [one["name"] for one in listed["items"]] == ["z2m"]
    assert "password" not in str(listed)
    status, pairing = await ask("POST", "/pairings", member="ada")
    assert status == 200
    assert len(pairing["code"]) == 8
    assert (await ask("POST", "/device-logins/z2m/revoke", member="ada"))[0] == 200
    assert (await ask("POST", "/device-logins/z2m/revoke", member="ada"))[0] == 404
