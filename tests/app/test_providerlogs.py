"""A hub looks at the log of a provider in another process, and countersigns what grew."""

from __future__ import annotations

import asyncio
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from hub.app.mirror import fetcher, mirror
from hub.app.providerlogs import ProviderLogs
from hub.app.witnesses import listed
from hub.domain.consent import Disclosed
from hub.domain.money import money
from hub.domain.orders import Line, Order
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.checkpoint import open_checkpoint
from hub.ledger.note import VerifierKey
from hub.ledger.tree import Frontier
from hub.store.consents import disclosures
from hub.store.tx import Entry
from hub.web.backend import WitnessView
from integrations.beckn.provider.households import Held
from integrations.beckn.provider.households import listed as households
from tests.app.conftest import Bench
from tests.integrations.beckn.conftest import House, Shop

MILK = (Line("milk", "", 1, money("1.29", "EUR")),)


def read(shop: Shop, path: str) -> bytes:
    with urllib.request.urlopen(f"{shop.url}/ledger/{path}", timeout=10) as answer:
        data: bytes = answer.read()
    return data


def key(shop: Shop) -> VerifierKey:
    return VerifierKey.parse(read(shop, "key").decode().strip())


def signed_by(shop: Shop, ours: LedgerKey) -> tuple[int, int]:
    """Return the size the shop shows, and how many signatures of ours it shows with it."""
    witness = VerifierKey.parse(ours.witness)
    opened = open_checkpoint(read(shop, "checkpoint"), key(shop), witnesses=(witness,))
    return opened.checkpoint.size, len(opened.cosignatures)


def theirs(shop: Shop) -> Held:
    """Return what the shop holds of the one household's log."""
    with closing(sqlite3.connect(shop.folder / "data" / "provider.sqlite")) as db:
        (found,) = households(db)
    return found


def disclosed(engine: Engine) -> list[Disclosed]:
    with engine.connect() as connection:
        return disclosures(connection)


async def ordered(house: House, shop: Shop) -> str:
    agreed = await house.agree(shop, MILK)
    await house.buyer.send(house.confirm(shop, agreed))
    return str((await house.answer()).order_id)


@pytest.fixture
async def house(tmp_path: Path) -> Any:
    house = await House(tmp_path, tmp_path / "registry.yaml").open()
    yield house
    await house.shut()
    await house.buyer.close()


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    shop = Shop(tmp_path / "shop", tmp_path / "registry.yaml").start()
    yield shop
    shop.stop()


async def test_what_a_provider_shows_is_countersigned_and_another_past_is_found(
    bench: Bench, house: House, shop: Shop, tmp_path: Path
) -> None:
    ours = LedgerKey("hub.example/ledger", b"h" * 32)
    bench.home.log_key = ours
    bench.house.sign = ours.sign
    bench.clock.at = house.clock.now()
    engine = bench.writer._engine
    logs = ProviderLogs(bench.home, bench.writer, engine, house.clock, house.buyer.vouch)

    def view() -> WitnessView:
        (found,) = listed(engine)
        return found

    await logs.look()
    assert listed(engine) == [], "nothing was ordered, so nobody is asked"
    number = await ordered(house, shop)
    order = Order(
        "o1", house.transaction, "s1", shop.subscriber, "The Shop", "confirmed", lines=MILK,
        order_id=number, created_at=house.clock.now(),
    )  # fmt: skip
    bench.do(lambda tx: (tx.save(order, Entry("approved", "o1", {})), tx.sign_log()))
    await logs.look()
    assert (view().name, view().provider, view().fault) == (
        "The Shop",
        "shop.commonhearth.local",
        "",
    )
    assert signed_by(shop, ours) == (view().seen_size, 1)
    first = view().seen_size
    held = theirs(shop)
    assert (view().size, held.fault) == (held.size, "")
    assert held.size > 0, "both hold the other's countersigned checkpoint"
    open_checkpoint(held.note, VerifierKey.parse(ours.verifier))
    (told,) = disclosed(engine)
    assert (told.fields, told.recipient, told.grants) == (
        ("log",),
        "shop.commonhearth.local",
        ("hub.yaml",),
    )

    await house.ask("cancel", shop, order_id=number, lines=MILK)
    assert signed_by(shop, ours)[1] == 0, "nobody signed what is new"
    await logs.look()
    assert view().seen_size > first
    assert signed_by(shop, ours) == (view().seen_size, 1)
    mirrored = await asyncio.to_thread(
        mirror, fetcher(f"{shop.url}/ledger"), key(shop), tmp_path / "copy"
    )
    assert mirrored.signed.checkpoint.size == view().seen_size

    shop.kill()
    _rewrite(shop)
    shop.start()
    await logs.look()
    assert "went back from" in view().fault
    assert len(view().evidence) == 2
    assert signed_by(shop, ours)[1] == 0, "what was rewritten is not countersigned"
    assert (await logs.begin_anew("shop.commonhearth.local", "ada")).result == "done"
    await logs.look()
    assert view().fault == ""
    assert signed_by(shop, ours) == (first, 1)

    shop.stop()
    await logs.look()
    assert view().fault == "", "one that is away is no liar"
    shop.start()


def _rewrite(shop: Shop) -> None:
    """Have a provider forget the end of its log, as one does who puts an old backup back."""
    with closing(sqlite3.connect(shop.folder / "data" / "provider.sqlite")) as db, db:
        (size,) = db.execute("SELECT min(size) FROM checkpoint").fetchone()
        db.execute('DELETE FROM ledger WHERE "index" >= ?', (size,))
        db.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
        leaves = [leaf for (leaf,) in db.execute('SELECT leaf FROM ledger ORDER BY "index"')]
        roots = b"".join(Frontier().extend(leaves).roots)
        db.execute("UPDATE checkpoint SET roots = ?", (roots,))


async def test_strangers_and_lies_are_not_kept_as_countersignatures(
    house: House, shop: Shop
) -> None:
    await ordered(house, shop)
    size = signed_by(shop, LedgerKey("x/ledger", b"x" * 32))[0]

    def post(body: bytes, header: str, to: str = "cosignature") -> int:
        request = urllib.request.Request(
            f"{shop.url}/ledger/{to}", body, {"Authorization": header}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def said(text: str) -> tuple[bytes, str]:
        body = text.encode()
        return body, house.buyer.vouch(body, house.clock.now())

    stranger = LedgerKey("x.example/ledger", b"x" * 32)
    line = f'"witness": "{stranger.witness}", "signature": "\\u2014 x.example/witness AAAA"'
    for text in ("{}", "[]", "nonsense", '{"size": 1}', f'{{"size": {size}, {line}}}'):
        assert await asyncio.to_thread(post, *said(text)) == 400, text
    for text in ("{}", f'{{"log": "{"x" * 70_000}", "growth": ""}}', '{"log": "x", "growth": "y"}'):
        assert await asyncio.to_thread(post, *said(text), "witness") == 400, text
    assert await asyncio.to_thread(post, b"{}", "") == 401
    assert signed_by(shop, stranger) == (size, 0)
