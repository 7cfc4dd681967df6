"""The privacy page: consents, what left, taking back, asking to erase."""

from dataclasses import replace

from hub.web.pages import read_answer
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend

TOKEN = {"Authorization": "Bearer full-token"}


async def test_it_says_who_may_be_told_and_who_was(client: Client, backend: FakeBackend) -> None:
    client.enter("ada")
    page = await (await client.get("/privacy")).text()
    assert "Green Corner may be told:" in page
    assert "Market Hall Express is never told:" in page
    assert "what is wanted, when, name, address" in page
    assert "5f" * 32 in page
    assert "agreed to by Ada" in page
    assert "own settings (hub.yaml)" in page
    only = await (await client.get("/privacy?recipient=market.example")).text()
    assert "Only about: <strong>Market Hall Express</strong>" in only
    assert "Green Corner" not in only


async def test_a_consent_is_taken_back_by_an_adult(client: Client, backend: FakeBackend) -> None:
    client.enter("kim")
    assert "Take back" not in await (await client.get("/privacy")).text()
    await client.form("/privacy/grants/g-1/revoke")
    assert len(backend.privacy.kept) == 2
    client.enter("ada")
    response = await client.form("/privacy/grants/g-1/revoke")
    assert response.headers["Location"] == "/privacy"
    assert [one.id for one in backend.privacy.kept] == ["g-2"]
    assert (await client.form("/privacy/grants/g-1/revoke")).status == 404


async def test_a_provider_is_asked_to_erase(client: Client, backend: FakeBackend) -> None:
    client.enter("ada")
    page = await (await client.get("/privacy")).text()
    # A provider that made an offer only was told nothing that it would have to forget.
    assert page.count('action="/privacy/erase"') == 1
    await client.form("/privacy/erase", recipient="green-corner.example")
    page = await (await client.get("/privacy")).text()
    assert "no answer yet" in page
    assert page.count('action="/privacy/erase"') == 0


async def test_names_are_shown_as_text(client: Client, backend: FakeBackend) -> None:
    client.enter("ada")
    nasty = "<script>alert(1)</script>"
    backend.privacy.left = [replace(one, called=nasty) for one in backend.privacy.left]
    backend.privacy.kept = [replace(one, called=nasty) for one in backend.privacy.kept]
    page = await (await client.get("/privacy")).text()
    assert nasty not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_the_offer_asks_how_far_a_yes_reaches(client: Client, backend: FakeBackend) -> None:
    client.enter("ada")
    page = await (await client.get("/")).text()
    assert '<option value="always">for every order there</option>' in page
    assert "Never tell Green Corner that" in page
    about = backend.all_suggestions["sug-1"]
    form = {"verb": "approve", "version": "2", "option": "opt-1", "scope": "always"}
    assert read_answer(form, about, "ada").scope == "always"
    await client.form(
        "/suggestions/sug-1/decision", verb="approve", version="2", option="opt-1", scope="all"
    )
    assert backend.decisions == []


async def test_programs_read_and_take_back(client: Client, backend: FakeBackend) -> None:
    grants = await (await client.get("/api/v1/grants", **TOKEN)).json()
    assert [one["id"] for one in grants["items"]] == ["g-1", "g-2"]
    told = await client.get("/api/v1/disclosures?recipient=green-corner.example", **TOKEN)
    assert [one["digest"] for one in (await told.json())["items"]] == ["5f" * 32]
    path = "/api/v1/grants/g-1/revoke"
    refused = await client.post(path, data=b'{"member": "kim"}', **TOKEN)
    assert refused.status == 400
    done = await client.post(path, data=b'{"member": "ada"}', **TOKEN)
    assert (await done.json())["result"] == "done"
    assert (await client.post(path, data=b'{"member": "ada"}', **TOKEN)).status == 404
