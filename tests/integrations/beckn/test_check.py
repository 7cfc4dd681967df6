"""Trying a provider out: ours passes, and each lie or laziness is told by its step."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web

from integrations.beckn.check import check_provider
from integrations.beckn.keys import Identity
from integrations.beckn.registry import Entry, Registry, upsert
from integrations.beckn.wire import WIRES

CHECKER = Identity("checker.example.org", "k1", bytes(range(32)))
SHOP = Identity("shop.example.org", "k2", bytes(range(1, 33)))
wires = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.version)


async def check(registry, url, **options):
    return await check_provider(
        url, Registry(registry), CHECKER, register=lambda entry: upsert(registry, entry), **options
    )


def outcome(report):
    return {step.name: (step.ok, step.found) for step in report.steps}


async def test_our_own_provider_passes_and_sells_nothing(shop, registry):
    report = await check(registry, shop.url)
    assert report.ok, outcome(report)
    assert (report.subscriber_id, report.version) == ("shop.commonhearth.local", "2.0.0")
    assert [step.name for step in report.steps] == [
        "a wrong signature", "a request past its ttl", "discover", "select",
        "an item that is not sold", "init", "status", "support",
    ]  # fmt: skip
    select = next(step for step in report.steps if step.name == "select")
    assert "line: 1 × Whole milk at 1.29 EUR" in select.meaning
    assert "not confirmed" in outcome(report)["status"][1]
    assert not any(problem for step in report.steps for problem in step.problems)


async def test_a_provider_that_is_not_registered_is_said_so(registry):
    report = await check(registry, "http://127.0.0.1:9")
    assert not report.ok
    assert "no provider (BPP) at this address" in report.steps[0].found


@asynccontextmanager
async def standing_in(registry, wire, answer, status=200):
    """Stand in for a provider that answers each request with whatever ``answer`` gives."""

    async def handler(_):
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    entry = Entry(SHOP.subscriber_id, f"{url}/b", "BPP", SHOP.public_key, "k2", wire.version)
    upsert(registry, entry)
    try:
        yield url
    finally:
        await runner.cleanup()


@wires
async def test_who_takes_everything_and_answers_nothing_is_told_so(registry, wire):
    ack = wire.receipt(None, b"{}", "m", SHOP, datetime.now(UTC))
    async with standing_in(registry, wire, ack) as url:
        report = await check(registry, url, patience=0.2)
    found = outcome(report)
    assert found["a wrong signature"] == (False, "it took a message that a stranger signed")
    assert found["a request past its ttl"][0] is False
    word = wire.word("discover")
    assert found[word] == (False, f"no on_{word} with this message's id within 0.2 s")


@wires
async def test_who_refuses_everybody_is_told_with_its_own_words(registry, wire):
    nack = {"status": "NACK", "error": {"errorCode": "40000", "errorMessage": "closed today"}}
    async with standing_in(registry, wire, nack, 400) as url:
        report = await check(registry, url, patience=0.2)
    found = outcome(report)
    assert found[wire.word("discover")][0] is False
    assert "closed today" in found[wire.word("discover")][1]


async def test_an_address_where_nobody_is_is_told_so(registry):
    entry = Entry(SHOP.subscriber_id, "http://127.0.0.1:9/b", "BPP", SHOP.public_key, "k2")
    upsert(registry, entry)
    report = await check(registry, "http://127.0.0.1:9/b", patience=0.2)
    assert not report.ok
    assert all("cannot be reached" in step.found for step in report.steps)
