"""``demo``: a household with everything around it, to play with or to watch."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import Refused, say

if TYPE_CHECKING:
    from hub.demo.stage import Stage

EXAMPLES = (
    "[bold]run_hub.py demo[/bold]: play the household; Ctrl-C ends it\n\n"
    "[bold]run_hub.py demo --auto[/bold]: watch it being played; exits with 0 if all went well"
)


def demo(
    auto: Annotated[bool, typer.Option("--auto", help="Play it unattended, and check it.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The web page's port; 0: any free one.")
    ] = 0,
    speed: Annotated[
        float, typer.Option(min=0, max=100, help="Hours of eating a second, when you play.")
    ] = 0.2,
    keep: Annotated[
        Path | None, typer.Option(help="Keep all files in this (new) folder.", metavar="DIR")
    ] = None,
) -> None:
    """Start a hub, a fridge, a registry and five providers, each a process of its own."""
    from hub.demo.processes import DemoError

    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise Refused(f"{keep}: expected a folder that is new or empty", 2)
    try:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            asyncio.run(_play(keep.resolve(), auto, port, speed))
        else:
            with tempfile.TemporaryDirectory(prefix="commonhearth-demo-") as folder:
                asyncio.run(_play(Path(folder), auto, port, speed))
    except DemoError as error:
        raise Refused(str(error)) from None


async def _play(folder: Path, auto: bool, port: int, speed: float) -> None:
    from hub.demo.stage import Stage

    began = time.monotonic()

    def line(text: str) -> None:
        say(f"{time.monotonic() - began:7.2f} s  {text}")
        sys.stdout.flush()

    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    stage = Stage(folder, line)
    playing = asyncio.create_task(_perform(stage, auto, port, speed))
    stopping = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            await playing
        elif auto:
            raise Refused("stopped before the end", 130)
    finally:
        for task in (playing, stopping):
            task.cancel()
        await asyncio.gather(playing, stopping, return_exceptions=True)
        await stage.stop()
    if auto:
        line("all is as it should be")


async def _perform(stage: Stage, auto: bool, port: int, speed: float) -> None:
    from hub.demo.story import play

    await stage.start(http_port=port, eaten_per_second=0.0 if auto else speed)
    if auto:
        await play(stage)
        return
    say()
    say(f"Open {stage.heard.url} and sign in with the code {stage.heard.codes[0]}")
    say("The fridge is being eaten from; in a minute or so the hub asks whether to order.")
    say(f"In another shell: script/run device simulate utility --url {stage.home.mqtt_url}")
    say("announces that the gas will be off. Ctrl-C ends the demo.")
    say()
    sys.stdout.flush()
    await asyncio.Event().wait()
