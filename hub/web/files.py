"""What the pages ask of the household's own files; ``hub.app`` provides it.

The files stay the household's: what a page writes is what a person could have written, and
comments are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.values import dataclass
from hub.domain.yamltext import Problem as Problem

BIGGEST_FILE = 48 * 1024
"""Characters of a file that is edited on a page; a bigger one is for an editor."""


class Stale(Exception):
    """The file has changed since it was read; nothing was written."""


class CannotWrite(Exception):
    """The file was not written; one line says why and what would help."""


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as lists show it; ``file`` is the name of its file in ``rules/``."""

    id: str
    name: str
    trigger: str
    kind: str
    enabled: bool
    file: str
    line: int
    text: str
    last_fired: datetime | None
    version: str = ""
    """A hash of what it says."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as text; ``stamp`` changes with it."""

    name: str
    text: str
    stamp: str


@dataclass(frozen=True, slots=True)
class RuleField:
    """One value of a rule that a form can change; ``path`` is written with dots."""

    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule would make of something, and why; ``title`` is what it would suggest."""

    rule_id: str
    name: str
    fired: bool
    why: str
    title: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a person says an entity means; all empty: nothing is said, the hub may guess.

    ``tare`` such as ``350 g`` makes it a scale; ``scan`` is what a barcode scanner does.
    """

    item: str = ""
    unit: str = ""
    tare: str = ""
    scan: str = ""
    ignore: bool = False


class Texts(Protocol):
    """Files of one kind as text. KeyError for a name that none of them can have."""

    def names(self) -> Sequence[str]:
        """Return the names of those that there are."""
        ...

    def read(self, name: str) -> TextFile:
        """Return a file; one that is not there yet is empty. Raises KeyError, CannotWrite."""
        ...

    def check(self, name: str, text: str) -> Sequence[Problem]:
        """Return what would be wrong if a file had this text. Raises KeyError, CannotWrite."""
        ...

    async def save(self, name: str, text: str, was: str) -> Sequence[Problem]:
        """Write a file unless something is wrong; ``was`` is the stamp of what was read.

        Raises Stale, CannotWrite, KeyError.
        """
        ...


class Files(Protocol):
    """The household's files. Writes raise CannotWrite; what is wrong comes back as problems."""

    def problems(self) -> Sequence[Problem]:
        """Return the mistakes in the files as they are."""
        ...

    def rules(self) -> Sequence[RuleView]:
        """Return the rules in force, in the order of the files."""
        ...

    @property
    def rule_texts(self) -> Texts:
        """Return the files of rules as text, by their names within ``rules/``."""
        ...

    @property
    def other_texts(self) -> Texts:
        """Return the other files that are edited as text; hub.yaml is none of them."""
        ...

    def rule_fields(self, rule_id: str) -> Sequence[RuleField]:
        """Return what a form can change about a rule. KeyError for an unknown one."""
        ...

    def rule_stamp(self, rule_id: str) -> str:
        """Return what changes when a rule in its file does. KeyError for an unknown one."""
        ...

    async def change_rule(
        self, rule_id: str, values: Mapping[str, str], was: Collection[str] | None = None
    ) -> Sequence[Problem]:
        """Change values of a rule by their paths. Raises CannotWrite, KeyError.

        ``was`` are the stamps that may be changed, None: any. Raises Stale for another.
        """
        ...

    def rehearse(self, subject: str, value: str, only: str = "") -> Sequence[Verdict]:
        """Try rules: ``subject`` is a pantry item or an entity, ``value`` what it would become.

        Nothing is changed. KeyError for an unknown subject, ValueError for an impossible value.
        """
        ...

    def meaning(self, entity_id: str) -> Meaning:
        """Return what devices.yaml says an entity means."""
        ...

    def meaning_stamp(self, entity_id: str) -> str:
        """Return what changes when that does which devices.yaml says an entity means."""
        ...

    async def say_meaning(
        self, entity_id: str, meaning: Meaning, was: Collection[str] | None = None
    ) -> Sequence[Problem]:
        """Write what an entity means to devices.yaml. Raises CannotWrite.

        ``was`` are the stamps that may be changed, None: any. Raises Stale for another.
        """
        ...
