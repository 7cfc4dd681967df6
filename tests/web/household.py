"""The real files of a household in a folder of its own, for pages to read and change."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.app.config import read_config
from hub.app.files import HomeFiles
from hub.app.offline import empty_home
from hub.settings import Settings

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 16, 20, tzinfo=UTC)


class _Clock:
    def now(self) -> datetime:
        return NOW

    def seconds_until(self, instant: datetime) -> float:
        return max(0.0, (instant - NOW).total_seconds())


def household(folder: Path, settings: Settings) -> HomeFiles:
    """Copy the example configuration into a folder and return it as the hub would see it."""
    shutil.copytree(ROOT / "config", folder, dirs_exist_ok=True)
    shutil.rmtree(folder / "demo", ignore_errors=True)
    with (folder / "hub.yaml").open("a") as hub:
        hub.write("\nhome: {name: Lindenhof 7}\n")
    state = {"config": read_config(folder)}
    home, house = empty_home(state["config"])
    home.settings = settings

    async def look() -> None:
        state["config"] = read_config(folder)
        home.rules = state["config"].rules
        home.pantry = state["config"].pantry
        said = state["config"].settings
        if said is not None and "members" in said.model_fields_set:
            own = home.settings.home.model_copy(update={"escalate": said.home.escalate})
            home.settings = home.settings.model_copy(update={"members": said.members, "home": own})

    return HomeFiles(
        folder,
        home=home,
        house=house,
        clock=_Clock(),
        look=look,
        problems=lambda: state["config"].problems,
        fired=lambda: {"groceries": NOW - timedelta(hours=20)},
    )
