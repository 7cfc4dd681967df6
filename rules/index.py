"""Compiled rules, found by what can trigger them: an event costs what mentions it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import field

from hub.domain.suggestions import Escalation
from hub.domain.values import dataclass
from rules.compile import Condition
from rules.cron import Cron
from rules.language import Rule
from rules.sieve import Sieve, sieve
from rules.words import Trigger

ANY = "any"
PANTRY = "pantry"
"""The subject of an order for everything that is below par."""
CLOCK = "clock"
"""The subject of a rule that only its cron time triggers."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule ready to be evaluated, and where it is written.

    ``version`` is a short hash of what the rule says (not of how it is written); ``text`` is the
    rule as it stands in the file. ``members`` are the ids of who is asked. ``subject`` is the
    item, entity or service it mentions (``any``, or empty for cron); durations are in seconds.
    ``about`` is what it fires about where that is always the same thing, with its cause's ``key``;
    else both are empty. ``escalate`` is its word on who is asked too; None: the home's holds.
    """

    id: str
    rule: Rule
    trigger: Trigger
    condition: Condition | None
    cron: Cron | None
    version: str
    text: str
    file: str
    line: int
    members: tuple[str, ...]
    subject: str
    cooldown: float
    expires_after: float
    hold: float
    ahead: float | None
    below: float | None
    about: str
    key: str
    escalate: Escalation | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rules that one subject can trigger, and what their conditions read.

    There is a ``sieve`` where the conditions say more than the trigger does: a state or a level
    seldom crosses its threshold, but every press of a button is an event.
    """

    rules: tuple[CompiledRule, ...] = ()
    words: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    sieve: Sieve[CompiledRule] | None = None


def bucket(rules: Iterable[CompiledRule], *, sieved: bool = False) -> Bucket:
    """Put rules together with the union of the words and items of their conditions."""
    kept = tuple(rules)
    conditions = [one.condition for one in kept if one.condition is not None]
    return Bucket(
        kept,
        frozenset().union(*(one.words for one in conditions)),
        frozenset().union(*(one.items for one in conditions)),
        sieve([(one, one.condition) for one in kept]) if sieved else None,
    )


EMPTY = Bucket()


@dataclass(frozen=True, slots=True)
class Index:
    """Rules by trigger and subject; those of ``any`` are part of every subject's bucket."""

    stock: dict[str, Bucket] = field(default_factory=dict)
    states: dict[str, Bucket] = field(default_factory=dict)
    events: dict[str, Bucket] = field(default_factory=dict)
    notices: dict[str, Bucket] = field(default_factory=dict)
    activities: Bucket = EMPTY
    by_id: dict[str, Bucket] = field(default_factory=dict)

    @staticmethod
    def of(rules: Sequence[CompiledRule]) -> Index:
        """Index rules in their order; those put to rest are left out."""
        rules = [one for one in rules if one.rule.enabled]
        by_trigger: dict[Trigger, list[CompiledRule]] = defaultdict(list)
        for one in rules:
            by_trigger[one.trigger].append(one)
        stock = by_trigger["stock_below_par"] + by_trigger["runs_out_within"]
        return Index(
            stock=_by_subject(stock),
            states=_by_subject(by_trigger["state"]),
            events=_by_subject(by_trigger["device_event"], sieved=True),
            notices=_by_subject(by_trigger["notice"]),
            activities=bucket(by_trigger["activity_changed"]),
            by_id={one.id: bucket([one]) for one in rules},
        )


def find(buckets: dict[str, Bucket], subject: str) -> Bucket:
    """Return the bucket of ``subject``: its own, else that of the rules about anything."""
    own = buckets.get(subject)
    return own if own is not None else buckets.get(ANY, EMPTY)


def _by_subject(rules: Sequence[CompiledRule], *, sieved: bool = False) -> dict[str, Bucket]:
    found: dict[str, list[CompiledRule]] = defaultdict(list)
    for one in rules:
        found[one.subject].append(one)
    anything = found.get(ANY, [])
    return {
        subject: bucket(own if subject == ANY else [*own, *anything], sieved=sieved)
        for subject, own in found.items()
    }
