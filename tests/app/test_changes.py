"""Pages hear that something changed; who is slow gets the newest number only."""

from __future__ import annotations

import asyncio

from hub.app.changes import Changes


async def test_each_reader_hears_of_what_comes_after_it_began() -> None:
    changes = Changes()
    changes.mark()
    follow = changes.follow()
    waiting = asyncio.ensure_future(anext(follow))
    await asyncio.sleep(0)
    assert not waiting.done()
    changes.mark()
    assert await asyncio.wait_for(waiting, 20) == 2


async def test_who_is_slow_gets_the_newest_only() -> None:
    changes = Changes()
    readers = [changes.follow() for _ in range(3)]
    waiting = [asyncio.ensure_future(anext(one)) for one in readers]
    await asyncio.sleep(0)
    for _ in range(100):
        changes.mark()
    assert await asyncio.wait_for(asyncio.gather(*waiting), 20) == [100] * 3
    assert changes.number == 100
