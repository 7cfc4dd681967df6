"""A demo household on disk: a copy of a folder of config/demo with ports and addresses."""

from __future__ import annotations

import shutil
from pathlib import Path

from ruamel.yaml import YAML

from hub.demo.processes import ROOT, free_port
from hub.domain.values import dataclass

SOURCE = ROOT / "config" / "demo"


@dataclass(frozen=True, slots=True)
class Household:
    """Where a household's files are, where its broker and its pages will be, and who lives there.

    ``title`` is its name as friends see it; ``member`` the one whose phone is played with.
    """

    name: str
    title: str
    member: str
    config: Path
    data: Path
    mqtt_port: int
    http_port: int

    @property
    def mqtt_url(self) -> str:
        """Return the address devices connect to."""
        return f"mqtt://127.0.0.1:{self.mqtt_port}"


def write_household(
    folder: Path, name: str, *, source: str, registry_url: str, phone_url: str, http_port: int = 0
) -> Household:
    """Copy ``config/demo/<source>`` to ``folder``/<name>-config and make it runnable there.

    Its port stays the same over a restart: friends and phones know it.
    """
    config = folder / f"{name}-config"
    shutil.copytree(SOURCE / source, config)
    yaml = YAML()
    file = config / "hub.yaml"
    settings = yaml.load(file.read_text(encoding="utf-8"))
    mqtt_port, http_port = free_port(), http_port or free_port()
    settings.setdefault("mqtt", {})["port"] = mqtt_port
    settings.setdefault("http", {})["port"] = http_port
    settings.setdefault("beckn", {})["registries"] = [{"url": registry_url}]
    for member in settings["members"]:
        if "ntfy" in member:
            member["ntfy"]["url"] = phone_url
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(settings, stream)
    first = settings["members"][0]["id"]
    title = str(settings["home"]["name"])
    data = folder / f"{name}-data"
    return Household(name, title, str(first), config, data, mqtt_port, http_port)
