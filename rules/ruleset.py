"""The household's rules as one thing: build it from texts, ask it about events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.events import (
    ActivityChanged,
    DeviceEventOccurred,
    Event,
    NoticeEnded,
    NoticeIssued,
    StateChanged,
    StockChanged,
    TimerFired,
)
from hub.domain.notices import Notice
from hub.domain.proposals import Firing, TimerWanted
from hub.domain.stock import PantryItem
from hub.domain.values import dataclass
from hub.domain.yamltext import Problem
from rules.build import Member, build
from rules.decide import Fault, decide
from rules.index import ANY, EMPTY, Bucket, CompiledRule, Index, find
from rules.occasion import Occasion
from rules.tell import trigger_text
from rules.triggers import notice_due, notice_holds, state_timer
from rules.view import View


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What rules made of an event: proposals, clocks to set, and conditions that went wrong.

    ``faults`` are lines for the log and the pages; the rule at fault stays silent.
    """

    firings: tuple[Firing, ...] = ()
    timers: tuple[TimerWanted, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule as lists show it; ``trigger`` is in words."""

    id: str
    name: str
    trigger: str
    version: str
    file: str
    line: int
    kind: str
    enabled: bool


_NOTHING = Evaluation()


class RuleSet:
    """Compiled rules. Evaluating changes nothing; all that is remembered is in the view."""

    def __init__(self, rules: Sequence[CompiledRule] = ()) -> None:
        self._rules = tuple(rules)
        self._index = Index.of(self._rules)

    @classmethod
    def build(
        cls,
        files: Sequence[tuple[str, str]],
        *,
        members: Iterable[Member] = (),
        pantry: Iterable[PantryItem] | None = None,
    ) -> tuple[RuleSet, list[Problem]]:
        """Read ``files`` (name, text) and compile their rules; problems name file, line, column.

        Rules that are right work whatever is wrong with others. ``pantry`` None leaves items
        unchecked. Never raises for what was written.
        """
        rules, problems = build(files, members=members, pantry=pantry)
        return cls(rules), problems

    def rules(self) -> Sequence[RuleInfo]:
        """Return every rule, in the order of the files."""
        return tuple(
            RuleInfo(
                id=one.id,
                name=one.rule.name,
                trigger=trigger_text(one),
                version=one.version,
                file=one.file,
                line=one.line,
                kind=one.rule.propose.kind,
                enabled=one.rule.enabled,
            )
            for one in self._rules
        )

    def compiled(self) -> Sequence[CompiledRule]:
        """Return the compiled rules, in the order of the files."""
        return self._rules

    def initial_timers(self, now: datetime, zone: ZoneInfo) -> tuple[TimerWanted, ...]:
        """Return the next cron time of each rule that has one: to be set when rules are loaded."""
        timers = (self._next(one, now, zone) for one in self._rules if one.rule.enabled)
        return tuple(timer for timer in timers if timer is not None)

    def next_due(self, rule_id: str, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return a rule's first cron time (UTC) later than ``after``; None when it has none."""
        for one in self._index.by_id.get(rule_id, EMPTY).rules:
            return one.cron.next(after, zone) if one.cron else None
        return None

    def evaluate(self, event: Event, view: View, now: datetime) -> Evaluation:
        """Ask the rules that mention what happened. ``view`` shows the house after the event.

        A cron timer that fires asks for its next one, whether or not the rule fired; it was late
        when the hub was off, and is taken once.
        """
        bucket = self.bucket(event)
        timers = tuple(self._timers(event, bucket, view.zone, now))
        if not bucket.rules:
            return Evaluation(timers=timers) if timers else _NOTHING
        occasion = self.occasion(event, view, now, bucket)
        firings: list[Firing] = []
        faults: list[str] = []
        likely = bucket.sieve.left_over(occasion.context()) if bucket.sieve else bucket.rules
        for one in likely:
            outcome = decide(one, occasion)
            if isinstance(outcome, Firing):
                firings.append(outcome)
            elif isinstance(outcome, Fault):
                faults.append(str(outcome))
        return Evaluation(tuple(firings), timers, tuple(faults))

    def bucket(self, event: Event) -> Bucket:
        """Return the rules that ``event`` concerns."""
        index = self._index
        match event:
            case StockChanged():
                return find(index.stock, event.item)
            case StateChanged():
                return index.states.get(event.entity, EMPTY)
            case DeviceEventOccurred():
                return index.events.get(event.entity, EMPTY)
            case NoticeIssued() | NoticeEnded():
                return find(index.notices, event.notice.service or ANY)
            case ActivityChanged():
                return index.activities
            case TimerFired():
                return index.by_id.get(event.rule, EMPTY)

    def occasion(self, event: Event, view: View, now: datetime, bucket: Bucket) -> Occasion:
        """Put an event into its surroundings; a notice's timer finds its notice in the view."""
        notice: Notice | None = None
        if isinstance(event, TimerFired) and any(one.trigger == "notice" for one in bucket.rules):
            notice = next((one for one in view.notices() if str(one.ref) == event.subject), None)
        return Occasion(event, view, now, bucket, notice=notice)

    def _next(self, one: CompiledRule, after: datetime, zone: ZoneInfo) -> TimerWanted | None:
        if one.cron is None:
            return None
        return TimerWanted(one.id, "", one.cron.next(after, zone))

    def _timers(
        self, event: Event, bucket: Bucket, zone: ZoneInfo, now: datetime
    ) -> Iterator[TimerWanted]:
        match event:
            case StateChanged():
                for one in bucket.rules:
                    timer = state_timer(one, event) if one.hold else None
                    if timer is not None:
                        yield timer
            case NoticeIssued():
                for one in bucket.rules:
                    yield from _notice_timers(one, event, now)
            case NoticeEnded():
                for one in bucket.rules:
                    if one.ahead is not None:
                        yield TimerWanted(one.id, str(event.notice.ref), None)
            case TimerFired():
                for one in bucket.rules:
                    timer = self._next(one, max(now, event.due), zone)
                    if timer is not None:
                        yield timer
            case _:
                return


def _notice_timers(one: CompiledRule, event: NoticeIssued, now: datetime) -> Iterator[TimerWanted]:
    trigger = one.rule.when.notice
    if trigger is None or one.ahead is None:
        return
    for replaced in event.replaced:
        yield TimerWanted(one.id, replaced, None)
    due = notice_due(one, event.notice)
    if due is not None and due > now and notice_holds(trigger, event.notice, now):
        yield TimerWanted(one.id, str(event.notice.ref), due)
