"""The agenda: blocks of time, kept by the day, so that a question costs what that day holds.

A block is whatever takes somebody's time or concerns the house for a while. The agenda is memory;
it is made anew at start from what is stored. Whoever changes it gets back what was there, so that
a step that fails can put it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from hub.domain import spans
from hub.domain.notices import Service
from hub.domain.offers import Place, Window
from hub.domain.values import dataclass

BlockKind = Literal[
    "activity", "meal", "ride", "delivery", "notice", "cooking", "absence", "presence"
]
BLOCK_KINDS: tuple[BlockKind, ...] = (
    "activity", "meal", "ride", "delivery", "notice", "cooking", "absence", "presence",
)  # fmt: skip

LONG = 40
"""Days; a block that lasts longer is kept apart, and looked at whatever the day."""

ALWAYS = timedelta(days=3650)
"""How long something lasts whose end nobody knows, such as a notice in force until cancelled."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something that lasts. ``id`` is ``kind:`` and what it stands for; ``window`` is when.

    ``members`` are whose time it takes. ``away``: they are not at home then, and not for
    ``travel`` before and after. ``needs_home``: somebody has to be at home throughout. ``uses``
    are services it cannot do without, ``stops`` the one that is off meanwhile. ``frozen``: it
    brings freezer goods. ``movable``: this household may move it. ``tentative``: not agreed yet.
    A ``presence`` block tells where members are seen to be, against what was planned.
    """

    id: str
    kind: BlockKind
    window: Window
    title: str
    members: tuple[str, ...] = ()
    away: bool = False
    travel: timedelta = timedelta(0)
    needs_home: bool = False
    uses: tuple[Service, ...] = ()
    stops: Service | None = None
    frozen: bool = False
    movable: bool = False
    tentative: bool = False
    place: Place | None = None

    @property
    def span(self) -> Window:
        """Return how long it keeps its members: with the way there and back."""
        return spans.widened(self.window, self.travel, self.travel)

    @property
    def binds(self) -> bool:
        """Tell whether its members can do nothing else meanwhile."""
        return bool(self.members) and self.kind in ("activity", "meal", "cooking")

    def at(self, window: Window) -> Block:
        """Return it at another time."""
        return replace(self, window=window)


class Agenda:
    """Blocks by the UTC days they touch.

    Adding and removing costs the days a block lasts, at most LONG; asking about a time costs the
    blocks of its days. How many there are before or after does not matter.
    """

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        """Hold ``blocks``; of two with one id the later one."""
        self._blocks: dict[str, Block] = {}
        self._days: dict[int, dict[str, Block]] = {}
        self._long: dict[str, Block] = {}
        for block in blocks:
            self.put(block)

    def __len__(self) -> int:
        """Return how many blocks there are."""
        return len(self._blocks)

    def __contains__(self, block_id: object) -> bool:
        """Tell whether there is such a block."""
        return block_id in self._blocks

    def get(self, block_id: str) -> Block | None:
        """Return the block with this id, None when there is none."""
        return self._blocks.get(block_id)

    def put(self, block: Block) -> Block | None:
        """Take ``block`` in; returns the one with its id that it takes the place of."""
        before = self.drop(block.id)
        self._blocks[block.id] = block
        for shelf in self._shelves(block):
            shelf[block.id] = block
        return before

    def drop(self, block_id: str) -> Block | None:
        """Take a block out and return it; None when there is none."""
        block = self._blocks.pop(block_id, None)
        if block is None:
            return None
        self._long.pop(block_id, None)
        first, last = _days(block.span)
        if last - first < LONG:
            for number in range(first, last + 1):
                shelf = self._days[number]
                del shelf[block_id]
                if not shelf:
                    del self._days[number]
        return block

    def during(self, window: Window) -> tuple[Block, ...]:
        """Return the blocks whose span overlaps ``window``, in order of time, then of id."""
        found = {
            block.id: block
            for block in self._candidates(window)
            if spans.overlaps(block.span, window)
        }
        return tuple(sorted(found.values(), key=_order))

    def forget(self, before: datetime) -> tuple[str, ...]:
        """Drop what ended before an instant and return the ids: once a day is often enough."""
        day = _day(before)
        old = [
            block
            for number in [number for number in self._days if number <= day]
            for block in self._days[number].values()
        ]
        over = {one.id for one in (*old, *self._long.values()) if one.span.end <= before}
        for block_id in over:
            self.drop(block_id)
        return tuple(sorted(over))

    def _shelves(self, block: Block) -> Iterator[dict[str, Block]]:
        first, last = _days(block.span)
        if last - first >= LONG:
            yield self._long
            return
        for number in range(first, last + 1):
            yield self._days.setdefault(number, {})

    def _candidates(self, window: Window) -> Iterator[Block]:
        yield from self._long.values()
        first, last = _days(window)
        if last - first > len(self._days):
            # A question about more days than there are: the days there are will do.
            shelves = [self._days[day] for day in self._days if first <= day <= last]
        else:
            shelves = [self._days[day] for day in range(first, last + 1) if day in self._days]
        for shelf in shelves:
            yield from shelf.values()


def absent(blocks: Iterable[Block], member: str) -> tuple[Window, ...]:
    """Return when a member is not at home by these blocks.

    Where a member is seen to be counts more than where they were to be.
    """
    planned: list[Window] = []
    seen_away: list[Window] = []
    seen_home: list[Window] = []
    for block in blocks:
        if member not in block.members:
            continue
        if block.kind == "presence":
            (seen_away if block.away else seen_home).append(block.window)
        elif block.away and not block.tentative:
            planned.append(block.span)
    return spans.union([*spans.without(planned, seen_home), *seen_away])


def nobody_home(agenda: Agenda, within: Window, members: Iterable[str]) -> tuple[Window, ...]:
    """Return the times in ``within`` at which none of ``members`` is at home.

    ``members`` are those who can open the door; without any, nobody ever can.
    """
    blocks = agenda.during(within)
    away = [absent(blocks, member) for member in members]
    if not away:
        return (within,)
    parts = (spans.clipped(gap, within) for gap in spans.common(away))
    return tuple(part for part in parts if part is not None)


def busy(agenda: Agenda, within: Window, members: Iterable[str] = ()) -> tuple[Window, ...]:
    """Return when ``members`` (by default anybody) are taken, joined and without what it is."""
    wanted = frozenset(members)
    taken = (
        spans.clipped(block.span, within)
        for block in agenda.during(within)
        if (block.binds or (block.away and block.kind in ("absence", "ride")))
        and (not wanted or wanted.intersection(block.members))
    )
    return spans.union(part for part in taken if part is not None)


def _order(block: Block) -> tuple[datetime, datetime, str]:
    return block.window.start, block.window.end, block.id


def _day(moment: datetime) -> int:
    return moment.astimezone(UTC).toordinal()


def _days(window: Window) -> tuple[int, int]:
    """Return the first and last UTC day of a span; an end at midnight is not of the next day."""
    return _day(window.start), _day(window.end - timedelta(microseconds=1))
