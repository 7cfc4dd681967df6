"""The pages of rule sets: looked at, agreed to, dropped; by adults."""

from __future__ import annotations

from aiohttp import FormData

from hub.web.rulesets import Wanted
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend
from tests.web.fake_rulesets import DIGEST, KEY

OFFER = f"/rules/sets/offers/{DIGEST}"


async def test_a_set_is_looked_at_and_agreed_to(member: Client, backend: FakeBackend) -> None:
    page = await (await member.get("/rules/sets")).text()
    assert KEY in page
    assert "Version 1.1.0 is there" in page
    for sent in (
        await member.form("/rules/sets", url="https://elm.example/x"),
        await member.form("/rules/sets/elm-street/update"),
    ):
        assert (sent.status, sent.headers["Location"]) == (303, OFFER)
    page = await (await member.get(OFFER)).text()
    for words in (
        "What Elm Street looks after",
        "the key you trusted",
        "When sensor.freezer is above -12.",
        "speaks at night as well",
        "orders without asking, up to 20 EUR",
        "- b",
        "+ c",
        "Both you and the publisher changed cold.yaml",
    ):
        assert words in page
    assert "Agree to this difference" not in page
    page = await (await member.get(f"{OFFER}?choice:cold.yaml:0=theirs")).text()
    assert "Agree to this difference" in page
    said = {"value:freezer": "sensor.freezer", "choice:cold.yaml:0": "theirs"}
    assert (await member.form(OFFER, stamp="other", **said)).status == 409
    assert (await member.form(OFFER, stamp="stamp", **said)).status == 303
    wanted = Wanted({"freezer": "sensor.freezer"}, {"cold.yaml:0": "theirs"})
    await member.form("/rules/sets/elm-street/drop")
    assert backend.rule_sets.done == [
        ("agreed", DIGEST, wanted, "ada"),
        ("dropped", "elm-street", "ada"),
    ]


async def test_a_file_is_taken_and_what_is_wrong_is_told(member: Client) -> None:
    for body, status in ((b"signed", 303), (b"other", 400)):
        form = FormData({"csrf": member.csrf})
        form.add_field("file", body, filename="elm.rules")
        assert (await member.post("/rules/sets", form)).status == status
    refused = await member.form("/rules/sets", url="ftp://x")
    assert refused.status == 400
    assert "expected https" in await refused.text()
    assert (await member.get("/rules/sets/offers/unknown")).status == 404


async def test_children_change_nothing(client: Client, backend: FakeBackend) -> None:
    child = next(one.id for one in backend.settings.members if one.role != "adult")
    client.enter(child)
    for path in ("/rules/sets", "/rules/sets/elm-street/drop", OFFER):
        assert (await client.form(path, url="https://x", stamp="stamp")).status == 403
    assert "Fetch and look" not in await (await client.get("/rules/sets")).text()
    assert backend.rule_sets.done == []
