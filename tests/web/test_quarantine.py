"""Devices that wait, on their page and in the API."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import Client


async def test_an_adult_accepts_and_refuses_on_the_page(member: Client) -> None:
    page = await (await member.get("/devices")).text()
    assert "Door &lt;b&gt;sensor&lt;/b&gt;" in page
    assert "waits for an adult" in page
    answer = {"owner": "0x17@0x17", "do": "accept"}
    assert (await member.form("/devices/waiting", **answer)).status == 303
    assert "waits for an adult" not in await (await member.get("/devices")).text()
    assert (await member.form("/devices/waiting", owner="x" * 10_000, do="accept")).status == 404
    assert (await member.form("/devices/waiting", owner="native/old", do="sing")).status == 400
    assert (await member.form("/devices/waiting", owner="0x17@0x17", do="refuse")).status == 303
    assert member.backend.quarantine.kept["0x17@0x17"].state == "refused"


async def test_a_child_looks(client: Client) -> None:
    client.enter("kim")
    assert "/devices/waiting" not in await (await client.get("/devices")).text()
    answer = {"owner": "0x17@0x17", "do": "accept"}
    assert (await client.form("/devices/waiting", **answer)).status == 403


async def test_programs_answer_in_an_adults_name(client: Client) -> None:
    async def ask(**body: Any) -> int:
        answer = await client.session.post(
            f"{client.base}/api/v1/waiting-devices",
            json={"owner": "native/old", "accept": True, "member": "ada", **body},
            headers={"Authorization": "Bearer full-token"},
        )
        return answer.status

    assert await ask(member="kim") == 400
    assert await ask(owner="nobody") == 404
    assert await ask(accept="perhaps") == 400
    assert await ask() == 200
    assert client.backend.quarantine.kept["native/old"].state == "accepted"
