"""What in a household's other files depends on its members and its pantry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from devices.meaning import DevicesFile, Meaning
from hub.app.config import rule_files
from hub.app.textfiles import read
from hub.domain.stock import PantryItem
from hub.domain.yamltext import Problem, read_model
from hub.flow.home import Home
from hub.settings import MemberSettings
from rules.ruleset import RuleSet


def broken_by(
    folder: Path,
    home: Home,
    *,
    members: Sequence[MemberSettings] | None = None,
    pantry: Mapping[str, PantryItem] | None = None,
) -> list[Problem]:
    """Return the mistakes that other members, or another pantry, would make in other files.

    Each names its file within ``folder``. Raises CannotWrite where one cannot be read.
    """
    before = _mistakes(folder, home.settings.members, home.pantry)
    after = _mistakes(
        folder,
        home.settings.members if members is None else members,
        home.pantry if pantry is None else pantry,
    )
    new = [one for one in after if one not in before]
    return [replace(one, file=str(Path(one.file).relative_to(folder))) for one in new]


def _mistakes(
    folder: Path, members: Sequence[MemberSettings], pantry: Mapping[str, PantryItem]
) -> list[Problem]:
    texts = [(str(file), read(file)) for file in rule_files(folder)]
    _, problems = RuleSet.build(texts, members=members, pantry=pantry.values())
    file = folder / "devices.yaml"
    found, _ = read_model(DevicesFile, read(file), str(file))
    names = {one.id: one.name for one in members}
    wrong = Meaning(found, pantry, names).problems() if found is not None else ()
    return [*problems, *(Problem(str(file), 1, 1, line) for line in wrong)]
