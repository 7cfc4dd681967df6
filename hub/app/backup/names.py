"""What backups are called: by the instant they were made at, so that they sort by age."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

NAME = re.compile(r"commonhearth-(\d{8}T\d{6}Z)\.age")
STAMP = "%Y%m%dT%H%M%SZ"


def newest(folder: Path) -> datetime | None:
    """Return when the newest backup in a folder was made, None when there is none."""
    if not folder.is_dir():
        return None
    stamps = [match[1] for file in folder.iterdir() if (match := NAME.fullmatch(file.name))]
    return datetime.strptime(max(stamps), STAMP).replace(tzinfo=UTC) if stamps else None


def outdated(names: Iterable[str], keep: int) -> tuple[list[str], list[str]]:
    """Return which backups go when the newest ``keep`` stay, and those that were only begun.

    Only names the hub gave itself are looked at.
    """
    given = list(names)
    made = sorted(name for name in given if NAME.fullmatch(name))
    begun = sorted(
        name for name in given if name.endswith(".part") and NAME.fullmatch(name[: -len(".part")])
    )
    return made[: max(0, len(made) - max(keep, 1))], begun
