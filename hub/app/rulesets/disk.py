"""The files of adopted sets, in ``config/rules/sets/ID/``: read, and written as was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.app.textfiles import put, read
from hub.domain.rulesets import Writing, digest_of


def folder_of(config: Path, set_id: str) -> Path:
    """Return where a set's files are."""
    return config / "rules" / "sets" / set_id


def files_of(config: Path, set_id: str) -> dict[str, str]:
    """Return a set's files as they are: name -> text. CannotWrite for one that is no text."""
    folder = folder_of(config, set_id)
    found = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    return {file.name: read(file) for file in found if not file.name.startswith(".")}


def write(config: Path, set_id: str, writing: Sequence[Writing]) -> tuple[str, ...]:
    """Bring a set's files to what was decided; doing it again does nothing.

    Returns the files that somebody changed since the decision: each is left as it is, and what it
    should have become stands beside it as ``.new``; one that had to go stays as ``.kept``. Raises
    CannotWrite.
    """
    folder = folder_of(config, set_id)
    left = []
    for one in writing:
        file = folder / one.name
        now = read(file) if file.exists() else None
        if now == one.text:
            continue
        if digest_of(now) == one.was:
            _put(file, one.text)
        elif one.text is None:
            put(folder / f"{one.name}.kept", now or "")
            file.unlink(missing_ok=True)
        else:
            left.append(one.name)
            put(folder / f"{one.name}.new", one.text)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return tuple(left)


def _put(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink(missing_ok=True)
    else:
        put(file, text)


def without(config: Path, set_id: str, published: Mapping[str, str]) -> tuple[Writing, ...]:
    """Return what takes a set's files away; what the household changed in them stays as ``.kept``.

    ``published`` are the files as the set has them for this household.
    """
    found = []
    for name, text in files_of(config, set_id).items():
        if published.get(name) != text:
            kept = folder_of(config, set_id) / f"{name}.kept"
            was = digest_of(read(kept) if kept.exists() else None)
            found.append(Writing(kept.name, was, text))
        found.append(Writing(name, digest_of(text), None))
    return tuple(found)
