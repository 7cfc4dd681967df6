"""The household's files as pages read and change them (``hub.web.files.Files``)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from devices.meaning import DevicesFile, Mapped
from devices.meaning import Meaning as Meant
from devices.pantry import PantryFile
from hub.app import rulefields
from hub.app.config import rule_files
from hub.app.firsthome import fresh
from hub.app.preview import imagined, preview
from hub.app.readyrules import Ready
from hub.app.textfiles import changed, put, read, said_stamp
from hub.app.texts import HomeTexts
from hub.app.yamledit import REMOVE
from hub.domain.yamltext import Problem, YamlError, load, read_model
from hub.flow.home import Home
from hub.flow.view import HouseView
from hub.ports import Clock
from hub.store.house import House
from hub.web.beginning import Preview
from hub.web.files import (
    CannotWrite,
    Meaning,
    RuleField,
    RuleView,
    Stale,
    Verdict,
)
from rules.rehearse import rehearse
from rules.ruleset import RuleSet

_OTHERS: Mapping[str, type[BaseModel]] = {"pantry.yaml": PantryFile, "devices.yaml": DevicesFile}
_NAME = re.compile(r"(?:sets/[a-z][a-z0-9-]{0,39}/)?[a-z0-9][a-z0-9_-]{0,60}\.yaml")


class HomeFiles:
    """Reads the files as they are; writes one whole file at a time, so that none is ever half."""

    def __init__(
        self,
        folder: Path,
        *,
        home: Home,
        house: House,
        clock: Clock,
        look: Callable[[], Awaitable[None]],
        problems: Callable[[], Sequence[Problem]],
        fired: Callable[[], Mapping[str, datetime]],
    ) -> None:
        """``look`` takes up what was written; ``fired`` tells when each rule fired last."""
        self.folder = folder
        self.home = home
        self._house = house
        self._clock = clock
        self._look = look
        self._problems = problems
        self._fired = fired
        self.writing = asyncio.Lock()
        self.rule_texts = HomeTexts(
            lambda: [self._rule_name(file) for file in rule_files(self.folder)],
            self._rule_path,
            self._check_rules,
            writing=self.writing,
            write=self.write,
        )
        self.other_texts = HomeTexts(
            lambda: tuple(_OTHERS),
            self._other_path,
            self._check_other,
            writing=self.writing,
            write=self.write,
        )

    def problems(self) -> Sequence[Problem]:
        """Return the mistakes in the files as they are, each file by its name in the folder."""
        return [self._shown(one) for one in self._problems()]

    def fresh(self) -> bool:
        """Tell whether hub.yaml says nothing yet, but for ports."""
        try:
            return fresh(load(read(self.folder / "hub.yaml"), "hub.yaml").data)
        except (YamlError, CannotWrite):
            return False

    # -- rules ----------------------------------------------------------------------------------

    def rules(self) -> Sequence[RuleView]:
        """Return the rules in force, in the order of the files."""
        fired = self._fired()
        return [
            RuleView(
                info.id,
                info.name,
                info.trigger,
                info.kind,
                info.enabled,
                self._rule_name(Path(info.file)),
                info.line,
                one.text,
                fired.get(info.id),
                info.version,
            )
            for info, one in zip(self.home.rules.rules(), self.home.rules.compiled(), strict=True)
        ]

    def rule_ids(self) -> Sequence[str]:
        """Return the ids in the files as they are, faulty rules too."""
        return [
            str(rule["id"])
            for file in rule_files(self.folder)
            for rule in _rules_in(file)
            if isinstance(rule, dict) and "id" in rule
        ]

    def _check_rules(self, name: str, text: str) -> Sequence[Problem]:
        path = str(self._rule_path(name))
        texts = [
            (str(file), text if str(file) == path else read(file))
            for file in rule_files(self.folder)
        ]
        if path not in [file for file, _ in texts]:
            texts.append((path, text))
        _, problems = RuleSet.build(
            texts, members=self.home.settings.members, pantry=self.home.pantry.values()
        )
        return [self._shown(one) for one in problems if one.file == path]

    def preview(self, ready: Ready, values: Mapping[str, str]) -> Preview:
        """Return what a ready rule would have done with what was seen so far."""
        return preview(ready, values, self.home, self._house, self._clock.now())

    def rule_fields(self, rule_id: str) -> Sequence[RuleField]:
        """Return what a form can change about a rule. KeyError for an unknown one."""
        found = rulefields.fields(self._place(rule_id)[2])
        return [RuleField(path, value) for path, value in found.items()]

    def rule_stamp(self, rule_id: str) -> str:
        """Return what changes when a rule in its file does. KeyError for an unknown one."""
        return said_stamp(self._place(rule_id)[2])

    async def change_rule(
        self, rule_id: str, values: Mapping[str, str], was: Collection[str] | None = None
    ) -> Sequence[Problem]:
        """Change values of a rule by their paths. Raises CannotWrite, KeyError, Stale."""
        async with self.writing:
            path, index, rule = self._place(rule_id)
            _still(said_stamp(rule), was)
            changes: dict[tuple[str | int, ...], object] = {
                ("rules", index, *where): REMOVE if said is None else said
                for where, said in rulefields.changes(rule, values).items()
            }
            if not changes:
                return []
            text = changed(read(path), path.name, changes)
            problems = self._check_rules(self._rule_name(path), text)
            if not problems:
                await self.write(path, text)
        return problems

    def _place(self, rule_id: str) -> tuple[Path, int, object]:
        """Return where a rule stands in the files as they are: file, index and what it says."""
        for file in rule_files(self.folder):
            for index, rule in enumerate(_rules_in(file)):
                if isinstance(rule, dict) and rule.get("id") == rule_id:
                    return file, index, rule
        raise KeyError(rule_id)

    def rehearse(self, subject: str, value: str, only: str = "") -> Sequence[Verdict]:
        """Try rules on what ``subject`` would become. Nothing is changed."""
        now = self._clock.now()
        house, event = imagined(subject, value, self.home, self._house, now)
        (verdicts,) = rehearse(
            self.home.rules, [event], HouseView(house, self.home, now), now, only=only or None
        )
        return [
            Verdict(
                one.rule_id, one.name, one.fired, one.why, one.firing.title if one.firing else ""
            )
            for one in verdicts
        ]

    # -- devices --------------------------------------------------------------------------------

    def meaning(self, entity_id: str) -> Meaning:
        """Return what devices.yaml says an entity means."""
        mapped = self._mapped(entity_id)
        if mapped is None:
            return Meaning()
        return Meaning(
            mapped.item or "",
            mapped.unit or "",
            mapped.scale.tare if mapped.scale else "",
            mapped.barcode.action if mapped.barcode else "",
            mapped.ignore,
        )

    def meaning_stamp(self, entity_id: str) -> str:
        """Return what changes when that does which devices.yaml says an entity means."""
        mapped = self._mapped(entity_id)
        return said_stamp(None if mapped is None else mapped.model_dump(mode="json"))

    def _mapped(self, entity_id: str) -> Mapped | None:
        file = self.folder / "devices.yaml"
        found, _ = read_model(DevicesFile, read(file), file.name)
        return found.entities.get(entity_id) if found is not None else None

    async def say_meaning(
        self, entity_id: str, meaning: Meaning, was: Collection[str] | None = None
    ) -> Sequence[Problem]:
        """Write what an entity means to devices.yaml. Raises CannotWrite, Stale."""
        file = self.folder / "devices.yaml"
        said: dict[str, object] = {}
        if meaning.ignore:
            said["ignore"] = True
        elif meaning.scan:
            said["barcode"] = {"action": meaning.scan}
        elif meaning.item:
            said["item"] = meaning.item
            if meaning.unit:
                said["unit"] = meaning.unit
            if meaning.tare:
                said["scale"] = {"tare": meaning.tare}
        async with self.writing:
            _still(self.meaning_stamp(entity_id), was)
            text = changed(read(file), file.name, {("entities", entity_id): said or REMOVE})
            found, problems = read_model(DevicesFile, text, file.name)
            if found is not None and meaning.item and meaning.item not in self.home.pantry:
                problems = [Problem(file.name, 1, 1, f"there is no {meaning.item} in the pantry")]
            if not problems:
                await self.write(file, text)
        return problems

    # -- files ----------------------------------------------------------------------------------

    def _rule_path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeyError(name)
        return self.folder / "rules" / name

    def _other_path(self, name: str) -> Path:
        if name not in _OTHERS:
            raise KeyError(name)
        return self.folder / name

    def _check_other(self, name: str, text: str) -> Sequence[Problem]:
        found, problems = read_model(_OTHERS[name], text, name)
        if isinstance(found, DevicesFile):
            names = {one.id: one.name for one in self.home.settings.members}
            wrong = Meant(found, self.home.pantry, names).problems()
            return [*problems, *(Problem(name, 1, 1, line) for line in wrong)]
        return problems

    def _rule_name(self, file: Path) -> str:
        """Return a file's name as pages call it: within ``rules/``."""
        with suppress(ValueError):
            return file.relative_to(self.folder / "rules").as_posix()
        return file.name

    def _shown(self, problem: Problem) -> Problem:
        with suppress(ValueError):
            return replace(problem, file=str(Path(problem.file).relative_to(self.folder)))
        return problem

    async def write(self, file: Path, text: str) -> None:
        """Put a whole text in place and take it up; only with ``writing`` held. CannotWrite."""
        await asyncio.to_thread(put, file, text)
        await self._look()


def _still(stamp: str, was: Collection[str] | None) -> None:
    if was is not None and stamp not in was:
        raise Stale("this has changed since it was read; read it again")


def _rules_in(file: Path) -> list[object]:
    try:
        data = load(read(file), file.name).data
    except YamlError:
        return []
    rules = data.get("rules") if isinstance(data, dict) else None
    return rules if isinstance(rules, list) else []
