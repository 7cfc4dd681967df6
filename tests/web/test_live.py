"""Live updates: told after a change, ended when the session is, never too many."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse, ClientTimeout

from hub.web import live
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend


async def _open(client: Client) -> ClientResponse:
    response = await client.session.get(client.base + "/events", timeout=ClientTimeout(None))
    assert response.status == 200
    assert await response.content.readuntil(b"\n\n") == b"retry: 3000\n\n"
    return response


async def test_every_page_is_told_of_a_change(member: Client, backend: FakeBackend) -> None:
    await backend.joined.wait()
    streams = [await _open(member) for _ in range(3)]
    assert streams[0].content_type == "text/event-stream"
    assert streams[0].headers["Cache-Control"] == "no-store"
    backend.changed()
    for stream in streams:
        assert await stream.content.readuntil(b"\n\n") == b"event: change\nid: 1\ndata: 1\n\n"
        stream.close()


async def test_a_silent_stream_is_kept_alive(
    member: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 1)
    stream = await _open(member)
    assert await stream.content.readuntil(b"\n\n") == b": alive\n\n"
    stream.close()


async def test_many_changes_are_told_as_one(member: Client, backend: FakeBackend) -> None:
    await backend.joined.wait()
    stream = await _open(member)
    backend.changed()
    assert b"id: 1\n" in await stream.content.readuntil(b"\n\n")
    for _ in range(50):
        backend.changed()
        await asyncio.sleep(0)
    told = await stream.content.readuntil(b"\n\n")
    assert b"id: 2\n" not in told
    stream.close()


async def test_there_is_room_for_so_many_and_it_is_given_back(
    member: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = [await _open(member) for _ in range(live.MOST_STREAMS)]
    refused = await member.get("/events")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "30")
    streams.pop().close()
    for _ in range(200):
        response = await member.session.get(member.base + "/events")
        if response.status == 200:
            break
        await asyncio.sleep(0.05)
    assert response.status == 200
    for stream in (*streams, response):
        stream.close()


async def test_signing_out_ends_the_stream(member: Client, backend: FakeBackend) -> None:
    await backend.joined.wait()
    stream = await _open(member)
    backend.kept.clear()
    backend.changed()
    rest = await stream.content.read()
    assert rest.count(b"event: change") <= 1
    assert (await member.get("/events", Accept="text/event-stream")).status == 401


async def test_a_reader_that_fails_is_started_again(
    backend: FakeBackend,
    member: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await backend.joined.wait()
    whole = backend.changes
    backend.joined.clear()

    async def broken() -> AsyncIterator[int]:
        monkeypatch.setattr(backend, "changes", whole)
        raise OSError("the database is away")
        yield 0

    monkeypatch.setattr(backend, "changes", broken)
    reader = live.Live(backend)
    task = asyncio.ensure_future(reader._read())
    await backend.joined.wait()
    assert "live updates stopped" in caplog.text
    task.cancel()
