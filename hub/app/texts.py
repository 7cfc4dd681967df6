"""Files of one kind as text, as pages and programs edit them (``hub.web.files.Texts``)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from hub.app.textfiles import read, stamp
from hub.domain.yamltext import Problem
from hub.web.files import Stale, TextFile


class HomeTexts:
    """Reads files as they are, and writes one as a whole."""

    def __init__(
        self,
        names: Callable[[], Sequence[str]],
        path: Callable[[str], Path],
        check: Callable[[str, str], Sequence[Problem]],
        *,
        writing: asyncio.Lock,
        write: Callable[[Path, str], Awaitable[None]],
    ) -> None:
        """``path`` and ``check`` raise KeyError for a name that is none of theirs.

        ``write`` is called with ``writing`` held.
        """
        self.names = names
        self.check = check
        self._path = path
        self._writing = writing
        self._write = write

    def read(self, name: str) -> TextFile:
        """Return a file; one that is not there yet is empty. Raises KeyError, CannotWrite."""
        text = read(self._path(name))
        return TextFile(name, text, stamp(text))

    async def save(self, name: str, text: str, was: str) -> Sequence[Problem]:
        """Write a file unless something is wrong. Raises Stale, CannotWrite, KeyError."""
        path, text = self._path(name), text.replace("\r\n", "\n")
        async with self._writing:
            if stamp(read(path)) != was:
                raise Stale(f"{name} has changed since this page was loaded; load it again")
            problems = self.check(name, text)
            if not problems:
                await self._write(path, text if text.endswith("\n") or not text else text + "\n")
        return problems
