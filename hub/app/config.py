"""The household's own files, read as one thing: hub.yaml, pantry.yaml, devices.yaml, rules/*.yaml.

A mistake is told with file, line and column. A faulty rule costs that rule; a faulty pantry or
devices file costs that file; a faulty hub.yaml is for the caller to decide about.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from devices.meaning import DevicesFile, Meaning
from devices.pantry import PantryFile
from hub.domain.homeassistant import ServiceCall, allowed
from hub.domain.stock import PantryItem
from hub.domain.values import dataclass
from hub.domain.yamltext import MAX_SIZE, Problem, read_model
from hub.settings import Settings
from rules.language import HomeAction
from rules.ruleset import RuleSet

Model = TypeVar("Model", bound=BaseModel)
Stamp = tuple[tuple[str, int, int], ...]
_MOST_RULE_FILES = 500


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` say where and why, a line each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems; their text is the exception's."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Config:
    """What a config folder says. ``settings`` is None when hub.yaml has a mistake.

    ``problems`` are all mistakes found, in the order of the files. Paths in ``settings`` are
    absolute, or as given when they were. ``members`` are those in force, id -> name.
    """

    folder: Path
    settings: Settings | None
    pantry: Mapping[str, PantryItem]
    devices: DevicesFile
    rules: RuleSet
    problems: tuple[Problem, ...]
    files: tuple[Path, ...]
    members: Mapping[str, str]

    def meaning(self) -> Meaning:
        """Return what readings mean for the pantry, with nothing guessed yet."""
        return Meaning(self.devices, self.pantry, self.members)

    def checked(self) -> Settings:
        """Return the settings. Raises ConfigError when hub.yaml has a mistake."""
        if self.settings is None:
            name = str(self.folder / "hub.yaml")
            raise ConfigError(tuple(one for one in self.problems if one.file == name))
        return self.settings


def read_config(folder: Path, standing: Settings | None = None) -> Config:
    """Read a config folder; a file that is missing counts as empty. Never raises for mistakes.

    ``standing`` are the settings in force: with a faulty hub.yaml, rules are read for their
    members. Raises ConfigError when ``folder`` is not a folder.
    """
    if not folder.is_dir():
        raise ConfigError((Problem(str(folder), 1, 1, "expected a folder with hub.yaml in it"),))
    problems: list[Problem] = []
    settings = _read(Settings, folder / "hub.yaml", problems)
    pantry_file = _read(PantryFile, folder / "pantry.yaml", problems)
    devices = _read(DevicesFile, folder / "devices.yaml", problems)
    pantry = (pantry_file or PantryFile()).to_items()
    texts: list[tuple[str, str]] = []
    for file in rule_files(folder):
        text = _text(file, problems)
        if text is not None:
            texts.append((str(file), text))
    members = (settings or standing or Settings()).members
    rules, found = RuleSet.build(
        texts, members=members, pantry=pantry.values() if pantry_file is not None else None
    )
    problems += found
    problems += _forbidden(rules, settings)
    meaning_of = devices or DevicesFile()
    names = {one.id: one.name for one in members}
    for line in Meaning(meaning_of, pantry, names).problems() if pantry_file is not None else ():
        problems.append(Problem(str(folder / "devices.yaml"), 1, 1, line))
    return Config(
        folder,
        None if settings is None else _with_paths(settings, folder),
        pantry,
        meaning_of,
        rules,
        tuple(problems),
        (*(folder / name for name in _FILES), *rule_files(folder)),
        names,
    )


_FILES = ("hub.yaml", "pantry.yaml", "devices.yaml")


def _forbidden(rules: RuleSet, settings: Settings | None) -> list[Problem]:
    """Tell where a rule has Home Assistant do what the household does not allow."""
    if settings is None:
        return []
    services = settings.homeassistant.services
    found = []
    for one in rules.compiled():
        propose = one.rule.propose
        for call in propose.then if isinstance(propose, HomeAction) else ():
            wanted = ServiceCall(call.service, call.entities)
            if not allowed(wanted, services):
                line = f"{one.id}: {wanted.words} is not among homeassistant.services in hub.yaml"
                found.append(Problem(one.file, one.line, 1, line))
    return found


def rule_files(folder: Path) -> list[Path]:
    """Return the rule files of a config folder, by name: its own first, then adopted sets'."""
    rules = folder / "rules"
    if not rules.is_dir():
        return []
    found: list[Path] = []
    for pattern in ("*.yaml", "sets/*/*.yaml"):
        found += sorted(file for file in rules.glob(pattern) if not file.name.startswith("."))
    return found[:_MOST_RULE_FILES]


def stamp(folder: Path) -> Stamp:
    """Return what changes when a file of the folder does: names, times and sizes."""
    found = []
    for file in (*(folder / name for name in _FILES), *rule_files(folder)):
        try:
            state = file.stat()
        except OSError:
            continue
        found.append((str(file), state.st_mtime_ns, state.st_size))
    return tuple(found)


def _read(model: type[Model], file: Path, problems: list[Problem]) -> Model | None:
    if not file.exists():
        return model()
    text = _text(file, problems)
    if text is None:
        return None
    found, wrong = read_model(model, text, str(file))
    problems += wrong
    return found


def _text(file: Path, problems: list[Problem]) -> str | None:
    try:
        if file.stat().st_size > 4 * MAX_SIZE:
            problems.append(Problem(str(file), 1, 1, f"expected at most {MAX_SIZE} characters"))
            return None
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(Problem(str(file), line, 1, "expected text in UTF-8"))
    except OSError as error:
        problems.append(Problem(str(file), 1, 1, f"cannot be read: {error.strerror}"))
    return None


def _with_paths(settings: Settings, folder: Path) -> Settings:
    """Take relative paths as seen from the config folder."""
    mqtt, beckn, backup = settings.mqtt, settings.beckn, settings.backup
    names = ("ca_file", "cert_file", "key_file")
    files = {name: folder / value for name in names if (value := getattr(mqtt, name)) is not None}
    registry = folder / beckn.registry if beckn.registry is not None else None
    catalog = folder / settings.sell.catalog if settings.sell.catalog is not None else None
    kept: dict[str, object] = {
        name: folder / value
        for name in ("passphrase_file", "password_file", "key_file", "ca_file")
        if (value := getattr(backup, name)) is not None
    }
    if backup.to is not None and not backup.elsewhere:
        kept["to"] = str(folder / backup.to)
    there = settings.homeassistant
    token = folder / there.token_file if there.token_file is not None else None
    grocy = settings.grocy
    grocy_key = folder / grocy.key_file if grocy.key_file is not None else None
    return settings.model_copy(
        update={
            "homeassistant": there.model_copy(update={"token_file": token}),
            "grocy": grocy.model_copy(update={"key_file": grocy_key}),
            "backup": backup.model_copy(update=kept),
            "mqtt": mqtt.model_copy(update=files),
            "beckn": beckn.model_copy(update={"registry": registry}),
            "sell": settings.sell.model_copy(update={"catalog": catalog}),
        }
    )
