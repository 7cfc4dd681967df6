"""What adopting a rule set would change, as it is shown to whoever decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Literal, Protocol

from hub.domain.merging import DiffLine, Side
from hub.domain.values import dataclass
from hub.domain.yamltext import Problem

AlertKind = Literal["alone", "orders", "home", "night", "children"]
"""What a rule can do that is worth a second look: order without being asked (because ``hub.yaml``
lets a rule of that id), propose to spend, have Home Assistant act, speak at night or to
children."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something about a rule that is worth a second look; ``detail`` is what it is about."""

    kind: AlertKind
    rule: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What becomes of one rule; the texts are as in the files, "" where there is none."""

    id: str
    verb: Literal["added", "changed", "removed"]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Lines that both the household and the publisher changed; ``id`` is what a choice names.

    ``choice`` is whose were chosen. None for the lines of one side: it has no such file.
    """

    id: str
    file: str
    ours: str | None
    theirs: str | None
    choice: Side | None


@dataclass(frozen=True, slots=True)
class FileChange:
    """What becomes of one file, line by line; ``kept``: the household's own changes stay in it."""

    name: str
    lines: Sequence[DiffLine]
    kept: bool


@dataclass(frozen=True, slots=True)
class ParameterView:
    """What the household has to say; ``value`` is what is said so far, ``wrong`` why not."""

    name: str
    kind: str
    title: Mapping[str, str]
    value: str
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A set that could be adopted, and all that would change by it.

    ``fingerprint`` is the publisher key's. ``known``: the key is the one that was trusted before.
    ``refused`` says why it cannot be adopted. ``stamp`` stands for exactly this difference: it is
    "" while a parameter or a conflict is open, and agreeing needs it.
    """

    id: str
    digest: str
    version: str
    was: str
    title: Mapping[str, str]
    publisher: str
    licence: str
    description: Mapping[str, str]
    news: Sequence[tuple[str, Mapping[str, str]]]
    fingerprint: str
    known: bool
    url: str
    parameters: Sequence[ParameterView]
    files: Sequence[FileChange] = ()
    rules: Sequence[RuleChange] = ()
    alerts: Sequence[Alert] = ()
    conflicts: Sequence[Conflict] = ()
    mistakes: Sequence[Problem] = ()
    refused: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody says about an offered set: the parameters, and whose lines to take."""

    values: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Side] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetView:
    """An adopted set. ``newer`` is the version that was found, ``trouble`` what was wrong last."""

    id: str
    version: str
    fingerprint: str
    url: str
    at: datetime
    newer: str
    trouble: str


class RuleSets(Protocol):
    """A community's rule sets. What is refused raises SetError or CannotWrite, with one line."""

    def sets(self) -> Sequence[SetView]:
        """Return the adopted sets."""
        ...

    async def fetch(self, url: str) -> str:
        """Fetch a set from an address that a person typed; return its digest."""
        ...

    async def newer(self, set_id: str) -> str:
        """Fetch what is at an adopted set's own address; return its digest."""
        ...

    def take(self, document: bytes) -> str:
        """Take a set that was handed over as a file; return its digest."""
        ...

    async def preview(self, digest: str, wanted: Wanted) -> Preview:
        """Return what adopting a set would change. KeyError for one that is not there."""
        ...

    async def agree_to(
        self, digest: str, wanted: Wanted, stamp: str, *, member: str, via: str
    ) -> None:
        """Adopt a set as it was looked at. KeyError for one that is not there (any more)."""
        ...

    async def drop(self, set_id: str, *, member: str, via: str) -> tuple[str, ...]:
        """Take a set out of force; return the files that stay beside."""
        ...
