"""``demo``: four households with everything around them, to play with or to watch."""

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
from hub.domain.values import dataclass

if TYPE_CHECKING:
    from hub.demo.stage import Stage

EXAMPLES = (
    "[bold]run_hub.py demo[/bold]: play a household; Ctrl-C ends it\n\n"
    "[bold]run_hub.py demo --speed 60[/bold]: a minute is a second\n\n"
    "[bold]run_hub.py demo --auto[/bold]: watch a Saturday being played; exits with 0 if all went "
    "well\n\n"
    "[bold]run_hub.py demo --auto --kill --seed 7[/bold]: the same, with each program killed "
    "once\n\n"
    "[bold]run_hub.py demo --auto --lose[/bold]: the same, restored from a backup half-way"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line."""

    auto: bool
    port: int
    speed: float
    eaten: float
    seed: int | None
    lose: bool


def demo(
    auto: Annotated[bool, typer.Option("--auto", help="Play it unattended, and check it.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The web page's port; 0: any free one.")
    ] = 0,
    speed: Annotated[
        float, typer.Option(min=1, max=600, help="How fast time goes, when you play.")
    ] = 1.0,
    eaten: Annotated[
        float, typer.Option(min=0, max=100, help="Hours of eating a second, when you play.")
    ] = 0.2,
    kill: Annotated[
        bool,
        typer.Option("--kill", help="With --auto: kill each program once."),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="With --kill: when; default: drawn, and printed.")
    ] = None,
    lose: Annotated[
        bool,
        typer.Option("--lose", help="With --auto: the Pi is lost, and its backup restored."),
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Keep all files in this (new) folder.", metavar="DIR")
    ] = None,
) -> None:
    """Start four hubs, a fridge, a registry and five providers, each a process of its own."""
    from hub.demo.fate import draw_seed
    from hub.demo.processes import DemoError

    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise Refused(f"{keep}: expected a folder that is new or empty", 2)
    if kill and not auto:
        raise Refused("--kill: expected --auto with it", 2)
    if seed is not None and not kill:
        raise Refused("--seed: expected --kill with it", 2)
    if lose and (kill or not auto):
        raise Refused("--lose: expected --auto with it, and no --kill", 2)
    drawn = (draw_seed() if seed is None else seed) if kill else None
    asked = Asked(auto, port, speed, eaten, drawn, lose)
    try:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            asyncio.run(_play(keep.resolve(), asked))
        else:
            with tempfile.TemporaryDirectory(prefix="commonhearth-demo-") as folder:
                asyncio.run(_play(Path(folder), asked))
    except DemoError as error:
        raise Refused(str(error)) from None


async def _play(folder: Path, asked: Asked) -> None:
    from hub.demo.stage import Stage
    from hub.demo.story import SATURDAY, ZONE

    began = time.monotonic()

    def line(text: str) -> None:
        shown = stage.clock.now().astimezone(ZONE)
        say(f"{time.monotonic() - began:7.2f} s  {shown:%a %H:%M:%S}  {text}")
        sys.stdout.flush()

    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    begins = SATURDAY if asked.auto else None
    stage = Stage(folder, line, begins=begins)
    tasks = [
        asyncio.create_task(_perform(stage, asked)),
        asyncio.create_task(stage.cast.missing()),
        asyncio.create_task(told.wait()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task in done:
                await task
        if asked.auto and tasks[0] not in done:
            raise Refused("stopped before the end", 130)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await stage.stop()
    if asked.auto:
        line("all is as it should be")


async def _perform(stage: Stage, asked: Asked) -> None:
    from hub.demo.company import keep_company
    from hub.demo.fate import Fate
    from hub.demo.story import BEATS, SATURDAY, Story

    await stage.start(http_port=asked.port, eaten_per_second=0.0 if asked.auto else asked.eaten)
    if asked.auto:
        if asked.seed is None:
            await Story(stage, SATURDAY, pi_lost=asked.lose).play()
            return
        async with Fate(stage, asked.seed, len(BEATS)) as fate:
            await Story(stage, SATURDAY, fate.began, fate.settled).play()
        return
    say()
    say(f"Open {stage.home.url} and sign in with the code {stage.home.code}")
    say("Ben invites you to go fishing tomorrow: say yes, and you are asked about a ride. The")
    say("fridge is being eaten from: in a minute or so the hub asks whether to order. Then the")
    say("utility gives notice: no gas tomorrow evening, and dinner with friends is proposed.")
    say(f"Time goes {asked.speed:g} times as fast as ours. Ctrl-C ends the demo.")
    say()
    sys.stdout.flush()
    stage.pace.change(asked.speed)
    await keep_company(stage)
