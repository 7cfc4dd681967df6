"""The demo's processes: heard, watched, and gone at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.demo.processes import Cast, DemoError

STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); print('here'); signal.pause()"


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    made = Cast(tmp_path)
    yield made
    await made.stop()


async def test_each_line_is_heard_and_kept(cast: Cast, tmp_path: Path) -> None:
    lines: list[str] = []
    await cast.start("one", ["-c", "print('a'); print('b c')"], lines.append)
    await cast.until("its end", lambda: cast.ended("one") is not None)
    await cast.until("its lines", lambda: len(lines) == 2)
    assert lines == ["a", "b c"]
    assert (tmp_path / "one.out").read_text() == "a\nb c\n"
    assert cast.ended("one") == 0


async def test_one_that_ends_too_soon_is_named_with_its_last_words(cast: Cast) -> None:
    await cast.start("shop", ["-c", "import sys; sys.exit('the port is taken')"])
    with pytest.raises(DemoError, match=r"^shop ended: the port is taken$"):
        await cast.until("the shop", lambda: False, of="shop")
    assert cast.ended("shop") == 1
    await cast.start("mute", ["-c", "raise SystemExit(3)"])
    with pytest.raises(DemoError, match=r"^mute ended: it said nothing$"):
        await cast.until("it", lambda: False, of="mute")


async def test_what_is_waited_for_in_vain_is_named(cast: Cast) -> None:
    with pytest.raises(DemoError, match=r"^waited 0.1 s for the moon$"):
        await cast.until("the moon", lambda: False, seconds=0.1)


async def test_a_killed_one_is_gone(cast: Cast) -> None:
    await cast.start("one", ["-c", STUBBORN])
    await cast.kill("one")
    await cast.kill("one")
    assert cast.ended("one") == -9


async def test_at_the_end_nobody_runs_however_stubborn(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.demo.processes._POLITE_SECONDS", 0.3)
    heard = asyncio.Event()
    await cast.start(
        "stubborn", ["-c", STUBBORN.replace("'here'", "'here', flush=True")], lambda _: heard.set()
    )
    await asyncio.wait_for(heard.wait(), 20)
    await cast.stop()
    assert cast.ended("stubborn") == -9
