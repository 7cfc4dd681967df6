"""What a member may do about a placed order, by form and by API."""

from dataclasses import replace

import pytest

from hub.domain.decisions import (
    CancelOrder,
    Complain,
    OrderCame,
    OrderCommand,
    RateOrder,
    Reschedule,
    TrackOrder,
)
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend

COMMANDS: list[tuple[dict[str, object], OrderCommand]] = [
    ({"do": "move", "slot_id": "s-1"}, Reschedule("ord-3", "ada", "s-1")),
    ({"do": "cancel"}, CancelOrder("ord-3", "ada")),
    ({"do": "track"}, TrackOrder("ord-3", "ada")),
    ({"do": "complain", "text": "no eggs"}, Complain("ord-3", "ada", "no eggs")),
    ({"do": "rate", "stars": 4}, RateOrder("ord-3", "ada", 4)),
    ({"do": "came"}, OrderCame("ord-3", "ada")),
]


def _be(backend: FakeBackend, state: str) -> None:
    order = replace(backend.all_orders["ord-3"], state=state, order_id="K-7", pending=None)
    backend.all_orders["ord-3"] = order


@pytest.mark.parametrize(("fields", "command"), COMMANDS, ids=lambda one: str(one)[:20])
async def test_a_form_of_the_order_s_page_becomes_a_command(
    member: Client, backend: FakeBackend, fields: dict[str, object], command: OrderCommand
) -> None:
    response = await member.form("/orders/ord-3/commands", **fields)
    assert (response.status, response.headers["Location"]) == (303, "/orders/ord-3")
    assert backend.commands == [command]
    assert "The provider is asked." in await (await member.get("/orders/ord-3")).text()


async def test_the_page_offers_what_fits_the_order_s_state(
    member: Client, backend: FakeBackend
) -> None:
    _be(backend, "confirmed")
    page = await (await member.get("/orders/ord-3")).text()
    assert "Cancel the order" in page
    assert "It came" in page
    assert "How was it" not in page
    _be(backend, "completed")
    page = await (await member.get("/orders/ord-3")).text()
    assert "How was it" in page
    assert "Cancel the order" not in page


@pytest.mark.parametrize(
    "fields",
    [{"do": "steal"}, {}, {"do": "rate", "stars": "9"}, {"do": "move", "slot_id": "x" * 300}],
)
async def test_a_form_that_is_none_changes_nothing(
    member: Client, backend: FakeBackend, fields: dict[str, object]
) -> None:
    assert (await member.form("/orders/ord-3/commands", **fields)).status == 400
    assert (await member.post("/orders/ord-3/commands", {"do": "cancel"})).status == 403
    assert (await member.form("/orders/none/commands", do="cancel")).status == 404
    assert [one for one in backend.commands if one.order_id == "ord-3"] == []


async def test_a_child_is_told_no(client: Client, backend: FakeBackend) -> None:
    child = next(one.id for one in backend.settings.members if one.role == "child")
    client.enter(child)
    await client.form("/orders/ord-3/commands", do="cancel")
    page = await (await client.get("/orders/ord-3")).text()
    assert "Only an adult of this household may decide." in page
    assert "Cancel the order" not in page


async def test_programs_do_the_same(client: Client, backend: FakeBackend) -> None:
    base, session = client.base + "/api/v1", client.session
    may = {"Authorization": "Bearer tk-decide"}
    backend.tokens["tk-decide"] = frozenset({"read", "decide"})
    first = next(iter(backend.all_orders))
    async with session.get(f"{base}/orders/{first}/slots", headers=may) as answer:
        assert answer.status == 200
        assert {"id", "start", "end", "fee"} == set((await answer.json())["items"][0])
    body = {"do": "cancel", "member": "ada"}
    async with session.post(f"{base}/orders/ord-3/commands", headers=may, json=body) as answer:
        assert (answer.status, (await answer.json())["result"]) == (200, "changed")
    assert backend.commands == [CancelOrder("ord-3", "ada", "api")]
    async with session.post(f"{base}/orders/none/commands", headers=may, json=body) as answer:
        assert answer.status == 404
    bad = {"do": "cancel", "member": "nobody"}
    async with session.post(f"{base}/orders/ord-3/commands", headers=may, json=bad) as answer:
        assert answer.status == 409
