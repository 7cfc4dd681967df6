"""What the wizard of the first start asks of the hub; ``hub.app.beginning`` provides it.

Each step writes what it asks at once, to the files a person could have written; nothing but the
step where it goes on is kept beside them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.values import dataclass
from hub.web.files import Problem, RuleField

Place = tuple[str | int, ...]
STEPS = ("home", "members", "broker", "pantry", "devices", "rules", "asking")


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule to begin with. ``trigger`` is in words; ``there``: the household has it already.

    ``on``: it is in force. ``fields`` are what a person chooses: which entity or item, from when,
    for how long; ``text`` is the rule as YAML.
    """

    id: str
    name: str
    trigger: str
    kind: str
    there: bool
    on: bool
    fields: tuple[RuleField, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have done with what was seen so far.

    ``heard``: what it waits for was heard of at all. ``fires``: it would speak now; ``why`` says
    what of, or why it is silent, ``title`` is what it would say. ``times`` are the last earlier
    moments at which it would have spoken, ``count`` how many there are. ``problem``: its values
    make no rule.
    """

    heard: bool = False
    fires: bool = False
    why: str = ""
    title: str = ""
    times: tuple[datetime, ...] = ()
    count: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class KeptItem:
    """An item of the pantry as its file has it; amounts are in its unit, as they are written."""

    id: str
    name: str
    unit: str
    par: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class FoundBroker:
    """A broker of the home's network that says so itself."""

    name: str
    url: str


class Beginning(Protocol):
    """The first start. Writes raise CannotWrite; what is wrong comes back as problems."""

    def step(self) -> str:
        """Return the step where it goes on; empty when it is over, or never began."""
        ...

    async def reached(self, step: str) -> None:
        """Keep the step where it goes on, over a restart too; empty: it is over."""
        ...

    def said(self, section: str) -> tuple[object, str]:
        """Return what hub.yaml says in a section (None: nothing), and a stamp of that."""
        ...

    async def say(
        self, section: str, was: str, changes: Mapping[Place, object]
    ) -> Sequence[Problem]:
        """Change hub.yaml; a value of None takes the key out.

        ``was`` is the stamp of ``section`` when it was read. A member whom rules still name is not
        taken out. Raises Stale where somebody else has changed that section since, CannotWrite.
        """
        ...

    def pantry(self) -> tuple[Sequence[KeptItem], str]:
        """Return what pantry.yaml says is kept, in its order, and a stamp of that."""
        ...

    async def keep(self, was: str, changes: Mapping[Place, object]) -> Sequence[Problem]:
        """Change pantry.yaml; a value of None takes the key out.

        An item that rules or devices.yaml still name is not taken out. Raises Stale, CannotWrite.
        """
        ...

    def ready(self) -> Sequence[ReadyRule]:
        """Return the rules to begin with."""
        ...

    async def add_rules(
        self, chosen: Mapping[str, Mapping[str, str]], rest: Collection[str] = ()
    ) -> Sequence[Problem]:
        """Add ready rules by id, with the values a person chose; those there already stay.

        One that is there and at rest is put in force; those of ``rest`` are put to rest. Nothing
        is written when one has a mistake. Raises CannotWrite, KeyError.
        """
        ...

    def preview(self, rule_id: str, values: Mapping[str, str]) -> Preview:
        """Return what a ready rule would have done so far. KeyError for an unknown one."""
        ...

    def broker(self) -> str:
        """Say in a few words which broker is in use and how devices come to it."""
        ...

    async def try_broker(self, url: str, username: str, password: str) -> str:
        """Connect to a broker once; return why not, in one line, or nothing when it took us."""
        ...

    async def find_brokers(self) -> Sequence[FoundBroker]:
        """Ask the home's network for brokers; takes about two seconds."""
        ...

    async def send_test(self, member: str) -> Sequence[str]:
        """Send a member a message by each of their channels; return the channels' names."""
        ...
