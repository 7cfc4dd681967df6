"""The household's files while the hub runs: a changed one is picked up without a restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from hub.app.config import Config, ConfigError, read_config, stamp
from hub.domain.yamltext import Problem
from hub.flow.home import Home
from hub.flow.tick import begin
from hub.settings import MqttSettings
from hub.settings.restart import kept, waiting
from hub.store.strangers import forget_strangers
from hub.store.tx import Entry, Tx
from hub.web.i18n import say_in
from hub.worker.writer import Writer

log = logging.getLogger(__name__)
_OF_DEVICES = ("discovery_prefix", "notice_topics")


class Watch:
    """Looks at the config folder's files and hands what changed to the writer."""

    def __init__(self, config: Config, home: Home, writer: Writer) -> None:
        """Begin with what was read at start."""
        self._folder: Path = config.folder
        self._home = home
        self._writer = writer
        self._stamp = stamp(config.folder)
        self.problems: tuple[Problem, ...] = config.problems
        self._written = config.settings
        self.relink: Callable[[MqttSettings], Awaitable[None]] | None = None

    async def look(self) -> None:
        """Read the files again when they changed."""
        now = await asyncio.to_thread(stamp, self._folder)
        if now == self._stamp:
            return
        self._stamp = now
        old = self._home.settings
        try:
            config = await asyncio.to_thread(read_config, self._folder, old)
        except ConfigError as error:
            # All stays as it is until the folder is there again.
            self.problems = error.problems
            log.warning("%s", error)
            return
        self.problems = config.problems
        say_problems(config)
        await self._writer.run(lambda tx: adopt(tx, self._home, config))
        log.info(
            "the configuration was read again: %d rules, %d mistakes",
            len(config.rules.rules()),
            len(config.problems),
        )
        if config.settings is not None:
            self._written = config.settings
            await self._connect(old.mqtt, config.settings.mqtt)
            for key in self.waiting():
                log.warning("%s: in hub.yaml changed; it takes effect at the next start", key)

    def waiting(self) -> tuple[str, ...]:
        """Return the keys of hub.yaml that are not in force yet; a restart brings them in."""
        written = self._written
        return waiting(self._home.settings, written) if written is not None else ()

    async def _connect(self, old: MqttSettings, new: MqttSettings) -> None:
        """Use another broker at once; what devices are looked for by waits for the next start."""
        wanted = new.model_copy(update={name: getattr(old, name) for name in _OF_DEVICES})
        if self.relink is None or wanted == old:
            return
        try:
            await self.relink(wanted)
        except Exception as error:
            log.warning("mqtt: in hub.yaml is not in use: %s", error)


def say_problems(config: Config) -> None:
    """Write each mistake to the log, with its place."""
    for problem in config.problems:
        log.warning("%s", problem)


def adopt(tx: Tx, home: Home, config: Config) -> None:
    """Put a newly read configuration in force; what has a mistake stays as it was.

    A faulty hub.yaml keeps the settings, a faulty pantry or devices file keeps that file's say.
    A faulty rule is left out, the others change.
    """
    faulty = {problem.file for problem in config.problems}
    pantry, devices = (str(config.folder / name) for name in ("pantry.yaml", "devices.yaml"))
    if config.settings is not None:
        # Another broker is in use once the hub reached it, or not at all.
        mqtt = {"mqtt": home.settings.mqtt}
        home.settings = kept(home.settings, config.settings).model_copy(update=mqtt)
        say_in(home.settings.home.language)
        forget_strangers(tx.connection, [one.id for one in home.settings.members])
        if home.own is not None:
            home.own = replace(home.own, name=home.settings.home.name)
    if pantry not in faulty:
        home.pantry = config.pantry
    if not faulty & {pantry, devices}:
        home.meaning = config.meaning()
    home.rules = config.rules
    begin(tx, home)
    note_rules(tx, home)
    tx.page_changed = True


def note_rules(tx: Tx, home: Home) -> None:
    """Tell the ledger which rules are in force when that changed: how many, and their digest.

    The digest is SHA-256 over ``id=version`` lines in order; each suggestion names its rule's
    version besides.
    """
    lines = sorted(f"{rule.id}={rule.version}\n" for rule in home.rules.rules() if rule.enabled)
    facts = {"count": len(lines), "digest": sha256("".join(lines).encode()).hexdigest()}
    if tx.last_facts("rules_in_force") != facts:
        tx.append(Entry("rules_in_force", "rules", facts))
