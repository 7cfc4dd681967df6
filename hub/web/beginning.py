"""What the wizard of the first start asks of the hub; ``hub.app.beginning`` provides it.

Each step writes what it asks at once, to the files a person could have written; nothing but the
step where it goes on is kept beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.domain.values import dataclass
from hub.web.files import Problem, RuleField

Place = tuple[str | int, ...]
STEPS = ("home", "members", "broker", "devices", "rules", "asking")


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule to begin with. ``trigger`` is in words; ``there``: the household has it already.

    ``fields`` are what a person chooses: which entity or item, from when, for how long.
    """

    id: str
    name: str
    trigger: str
    kind: str
    there: bool
    fields: tuple[RuleField, ...]


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

        ``was`` is the stamp of ``section`` when it was read. Raises Stale where somebody else has
        changed that section since, CannotWrite.
        """
        ...

    def ready(self) -> Sequence[ReadyRule]:
        """Return the rules to begin with."""
        ...

    async def add_rules(self, chosen: Mapping[str, Mapping[str, str]]) -> Sequence[Problem]:
        """Add ready rules by id, with the values a person chose; those there already stay.

        Nothing is written when one has a mistake. Raises CannotWrite, KeyError.
        """
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
