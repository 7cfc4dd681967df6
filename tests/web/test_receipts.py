"""A receipt is a file to take along: from the page of an order or an activity, for adults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.app.activityreceipts import check
from hub.app.receiptdesk import HubReceipts
from hub.keyfiles.ledgerkey import LedgerKey
from hub.store.talk import Signed, keep_signed
from integrations.peers.envelope import signed_as
from integrations.peers.keys import PeerKeys
from tests.app.test_activityreceipts import UID, message
from tests.support.household import Household, make_home
from tests.web.conftest import Client

CHOIR = "/activities/choir%2F7%23x%40birch"


@pytest.mark.parametrize(
    ("page", "name"),
    [
        (CHOIR, "activity-choir-7-x-birch.receipt.json"),
        ("/orders/ord-3", "order-ord-3.receipt.json"),
    ],
)
async def test_the_page_gives_the_file(member: Client, page: str, name: str) -> None:
    assert f'href="{page}/receipt" download' in await (await member.get(page)).text()
    response = await member.get(f"{page}/receipt")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response.headers["Cache-Control"] == "no-store"
    assert json.loads(await response.read())["format"] == "commonhearth-receipt/1"


async def test_where_nothing_was_signed_there_is_none(member: Client) -> None:
    assert "/receipt" not in await (await member.get("/orders/ord-1")).text()
    assert (await member.get("/orders/ord-1/receipt")).status == 404
    assert (await member.get("/activities/nothing/receipt")).status == 404


async def test_a_child_gets_none(client: Client) -> None:
    client.enter("kim")
    assert "/receipt" not in await (await client.get(CHOIR)).text()
    assert (await client.get(f"{CHOIR}/receipt")).status == 403
    assert (await client.get(f"/api/v1{CHOIR}/receipt")).status == 403


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    house = Household(tmp_path / "hub.db", make_home())
    yield house
    house.close()


async def test_what_is_given_is_what_the_command_checks(house: Household, tmp_path: Path) -> None:
    keys, key = PeerKeys(tmp_path / "ada"), LedgerKey("ada.example/ledger", b"a" * 32)
    house.house.sign = key.sign
    desk = HubReceipts(house.engine, key)
    assert await desk.made("activity", UID) is None
    invited = message(keys, "1", "REQUEST", "NEEDS-ACTION")
    signed = Signed(signed_as(keys, "ben", invited), keys.current.public.sign)
    house.do(lambda tx: keep_signed(tx.connection, "1", UID, tx.now, signed))
    assert desk.there("activity", UID)
    made = await desk.made("activity", UID)
    assert made is not None
    assert check(made).faults == ()
    assert await desk.made("order", UID) is None
