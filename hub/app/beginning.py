"""The first start (``hub.web.beginning``): each answer goes into the household's files at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from devices.pantry import PantryFile
from hub.app import readyrules
from hub.app.depends import broken_by
from hub.app.files import HomeFiles
from hub.app.textfiles import changed, put, read, said_stamp, stamp
from hub.app.yamledit import REMOVE
from hub.domain.yamltext import Problem, YamlError, load, read_model
from hub.flow.home import channels
from hub.flow.telltest import send_test
from hub.settings import MqttSettings, Settings
from hub.web.beginning import STEPS, FoundBroker, KeptItem, Place, Preview, ReadyRule
from hub.web.files import CannotWrite, Stale
from hub.worker.writer import Writer

_MARK = "first-start"


class HomeBeginning:
    """Asks once what a household is. ``data`` keeps only the step where it goes on."""

    def __init__(
        self,
        files: HomeFiles,
        data: Path,
        writer: Writer | None,
        broker: Callable[[], str] = lambda: "",
    ) -> None:
        """``writer`` sends test messages; None: there are none to be sent.

        ``broker`` says in a few words which one is in use.
        """
        self._files = files
        self._broker = broker
        self._mark = data / _MARK
        self._writer = writer
        self._looking = asyncio.Lock()

    def step(self) -> str:
        """Return the step where it goes on; empty when it is over, or never began."""
        try:
            kept = read(self._mark).strip()
        except CannotWrite:
            kept = ""
        if kept in STEPS:
            return kept
        return STEPS[0] if not kept and self._files.fresh() else ""

    async def reached(self, step: str) -> None:
        """Keep the step where it goes on, over a restart too; empty: it is over."""
        await asyncio.to_thread(put, self._mark, f"{step or 'over'}\n")

    def said(self, section: str) -> tuple[object, str]:
        """Return what hub.yaml says in a section, and a stamp of that."""
        return _section(read(self._hub), section)

    @property
    def _hub(self) -> Path:
        return self._files.folder / "hub.yaml"

    async def say(
        self, section: str, was: str, changes: Mapping[Place, object]
    ) -> Sequence[Problem]:
        """Change hub.yaml. Raises Stale, CannotWrite."""
        async with self._files.writing:
            text = read(self._hub)
            if _section(text, section)[1] != was:
                raise Stale("somebody else has just changed this; look at it and send it again")
            kept = {path: REMOVE if value is None else value for path, value in changes.items()}
            new = changed(text, "hub.yaml", kept)
            settings, problems = read_model(Settings, new, "hub.yaml")
            if settings is not None and not problems:
                problems = broken_by(self._files.folder, self._files.home, members=settings.members)
            if not problems and new != text:
                await self._files.write(self._hub, new)
            return problems

    # -- the pantry -----------------------------------------------------------------------------

    def pantry(self) -> tuple[Sequence[KeptItem], str]:
        """Return what pantry.yaml says is kept, and a stamp of that."""
        text = read(self._pantry)
        found, problems = read_model(PantryFile, text, "pantry.yaml")
        if found is None:
            raise CannotWrite(str(problems[0]))
        items = [
            KeptItem(
                one.id, one.name, one.unit, _plain(one.par), _plain(found.items[one.id].target)
            )
            for one in found.to_items().values()
        ]
        return items, stamp(text)

    @property
    def _pantry(self) -> Path:
        return self._files.folder / "pantry.yaml"

    async def keep(self, was: str, changes: Mapping[Place, object]) -> Sequence[Problem]:
        """Change pantry.yaml. Raises Stale, CannotWrite."""
        async with self._files.writing:
            text = read(self._pantry)
            if stamp(text) != was:
                raise Stale("somebody else has just changed this; look at it and send it again")
            kept = {path: REMOVE if value is None else value for path, value in changes.items()}
            new = changed(text, "pantry.yaml", kept)
            found, problems = read_model(PantryFile, new, "pantry.yaml")
            if found is not None and not problems:
                problems = broken_by(self._files.folder, self._files.home, pantry=found.to_items())
            if not problems and new != text:
                await self._files.write(self._pantry, new)
            return problems

    # -- rules ----------------------------------------------------------------------------------

    def ready(self) -> Sequence[ReadyRule]:
        """Return the rules to begin with."""
        there, on = set(self._files.rule_ids()), self._on()
        return [readyrules.shown(one, one.id in there, one.id in on) for one in readyrules.every()]

    def _on(self) -> set[str]:
        return {one.id for one in self._files.rules() if one.enabled}

    def preview(self, rule_id: str, values: Mapping[str, str]) -> Preview:
        """Return what a ready rule would have done so far. KeyError for an unknown one."""
        ready = {one.id: one for one in readyrules.every()}[rule_id]
        return self._files.preview(ready, values)

    async def add_rules(
        self, chosen: Mapping[str, Mapping[str, str]], rest: Collection[str] = ()
    ) -> Sequence[Problem]:
        """Add ready rules by id, or put them in force or to rest. Raises CannotWrite, KeyError."""
        known = {one.id: one for one in readyrules.every()}
        wanted = [(known[rule_id], values) for rule_id, values in chosen.items()]
        resting = [known[rule_id].id for rule_id in rest]
        there = set(self._files.rule_ids())
        problems = await self._add(wanted)
        on = self._on()
        switched = {one: "false" for one in resting if one in on}
        switched |= {one: "true" for one in chosen if one in there and one not in on}
        for rule_id, enabled in switched.items():
            if not problems:
                problems = await self._files.change_rule(rule_id, {"enabled": enabled})
        return problems

    async def _add(
        self, wanted: Sequence[tuple[readyrules.Ready, Mapping[str, str]]]
    ) -> Sequence[Problem]:
        async with self._files.writing:
            texts: dict[str, str] = {}
            there = set(self._files.rule_ids())
            for one, values in wanted:
                if one.id not in there:
                    before = texts.get(one.file, self._files.rule_texts.read(one.file).text)
                    texts[one.file] = readyrules.added(before, one, values)
            problems = [
                p for name, text in texts.items() for p in self._files.rule_texts.check(name, text)
            ]
            if problems:
                return problems
            for name, text in texts.items():
                await self._files.write(self._files.folder / "rules" / name, text)
        return []

    # -- the broker -----------------------------------------------------------------------------

    def broker(self) -> str:
        """Say in a few words which broker is in use and how devices come to it."""
        return self._broker()

    async def try_broker(self, url: str, username: str, password: str) -> str:
        """Connect to a broker once; return why not, or nothing when it took us."""
        from pydantic import ValidationError

        from integrations.mqtt.probe import probe

        kept = self._files.home.settings.mqtt.model_dump()
        try:
            settings = MqttSettings.model_validate(
                {**kept, "url": url, "username": username or None, "password": password or None}
            )
        except ValidationError as error:
            return str(error.errors()[0]["msg"])
        from integrations.broker.brokers import BrokerError, External

        try:
            broker = External.of(settings)
        except BrokerError as error:
            return str(error)
        return await asyncio.to_thread(
            probe,
            settings,
            host=broker.host,
            port=broker.port,
            username=broker.username,
            password=broker.password,
            tls=broker.tls,
        )

    async def find_brokers(self) -> Sequence[FoundBroker]:
        """Ask the home's network for brokers."""
        from integrations.mdns.find import find

        # One at a time: each is a process of some 30 MiB.
        async with self._looking:
            return [FoundBroker(one.name, one.url) for one in await find()]

    # -- being asked ----------------------------------------------------------------------------

    async def send_test(self, member: str) -> Sequence[str]:
        """Send a member a message by each of their channels; return the channels' names."""
        found = self._files.home.member(member)
        names = list(channels(found, self._files.home.pushed)) if found is not None else []
        if names and self._writer is not None:
            await self._writer.run(lambda tx: send_test(tx, self._files.home, member))
        return names


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"


def _section(text: str, section: str) -> tuple[object, str]:
    try:
        data = load(text, "hub.yaml").data
    except YamlError as error:
        raise CannotWrite(str(error)) from error
    found = data.get(section) if isinstance(data, dict) else None
    return found, said_stamp(found)
