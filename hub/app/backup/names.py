"""What backups are called: by the instant they were made at, so that they sort by age."""

from __future__ import annotations

import re
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
