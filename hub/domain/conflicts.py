"""What cannot go together in a day, and the one way out that is proposed (pure).

A conflict has a key that depends on its cause only: however often the day is looked at, it makes
one suggestion. A way out is chosen among windows that are handed in, which a provider has offered
or the household itself can choose; nothing is made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from hub.domain import spans
from hub.domain.agenda import Agenda, Block, nobody_home
from hub.domain.offers import DeliverySlot, Window
from hub.domain.tongue import phrase
from hub.domain.values import dataclass

ConflictKind = Literal["nobody_home", "service_off", "frozen_goods", "double_booked"]
CONFLICT_KINDS: tuple[ConflictKind, ...] = (
    "nobody_home", "service_off", "frozen_goods", "double_booked",
)  # fmt: skip

_EASY_TO_MOVE = ("cooking", "delivery", "ride", "meal", "activity")
"""Of two that collide the one whose kind comes first here is moved."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that cannot be as it is planned. ``block`` is what would be moved.

    ``against`` is what it collides with; nothing where nobody is home. ``overlap`` is when.
    """

    kind: ConflictKind
    key: str
    block: Block
    against: Block | None
    overlap: Window


@dataclass(frozen=True, slots=True)
class Resolution:
    """A way out: ``block`` moved to the window of ``slot``."""

    conflict: Conflict
    slot: DeliverySlot
    moved: Block


@dataclass(frozen=True, slots=True)
class Unresolvable:
    """There is no way out among what was handed in; ``why`` says so in words."""

    conflict: Conflict
    why: str


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a change of the agenda brought: conflicts that are there, and ones that are no more."""

    found: tuple[Conflict, ...]
    gone: tuple[Conflict, ...]


def find(agenda: Agenda, within: Window, doors: Sequence[str]) -> tuple[Conflict, ...]:
    """Return the conflicts that touch ``within``, each once, in order of time.

    ``doors`` are the members who can take a delivery in.
    """
    found = {
        conflict.key: conflict
        for block in agenda.during(within)
        for conflict in _of(agenda, block, doors, within)
    }
    return tuple(sorted(found.values(), key=lambda one: (one.overlap.start, one.key)))


def recheck(
    agenda: Agenda, touched: Iterable[Window], known: Mapping[str, Conflict], doors: Sequence[str]
) -> Recheck:
    """Look again at the times a change touched: each changed block's span before and after.

    ``known`` are the conflicts there were, by key. ``found`` are those that touch these times
    now, known ones among them; what is known and not mentioned is as it was.
    """
    windows = spans.union(touched)
    found = {one.key: one for window in windows for one in find(agenda, window, doors)}
    gone = tuple(
        one
        for key, one in sorted(known.items())
        if key not in found and any(spans.overlaps(one.overlap, window) for window in windows)
    )
    return Recheck(tuple(found.values()), gone)


def resolve(
    conflict: Conflict,
    agenda: Agenda,
    offered: Sequence[DeliverySlot],
    doors: Sequence[str],
    now: datetime,
) -> Resolution | Unresolvable:
    """Return the earliest of ``offered`` with which what is moved collides with nothing.

    Of windows that begin together the cheaper one, then the shorter one. The agenda is left as it
    is.
    """
    block = conflict.block
    if not block.movable:
        return Unresolvable(conflict, _not_ours(conflict))
    others = [slot for slot in offered if slot.window != block.window]
    if not others:
        return Unresolvable(
            conflict, phrase("there is no other time for {title}", title=block.title)
        )
    against: Counter[str] = Counter()
    for slot in sorted(others, key=_rank):
        if slot.window.start <= now:
            against[phrase("begun already")] += 1
            continue
        moved = block.at(slot.window)
        trial = _around(agenda, moved)
        trouble = next(_of(trial, moved, doors, moved.span), None)
        if trouble is None:
            return Resolution(conflict, slot, moved)
        against[_reason(trouble)] += 1
    return Unresolvable(conflict, _none_fits(block, len(others), against))


def own_times(
    block: Block, within: Window, now: datetime, step: timedelta = timedelta(minutes=30)
) -> tuple[DeliverySlot, ...]:
    """Return the times in ``within`` a plan of the household's own could begin at, ``step`` apart.

    At most 200: with so many to choose from it is no choice any more.
    """
    length = block.window.end - block.window.start
    found: list[DeliverySlot] = []
    start = within.start
    while start + length <= within.end and len(found) < 200:
        if start > now:
            window = Window(start, start + length)
            found.append(DeliverySlot(f"{start:%Y%m%dT%H%M}", window))
        start += step
    return tuple(found)


# -- finding -----------------------------------------------------------------------------------


def _of(agenda: Agenda, block: Block, doors: Sequence[str], within: Window) -> Iterator[Conflict]:
    """Yield the conflicts of one block that touch ``within``."""
    if block.tentative:
        return
    if block.needs_home:
        gaps = nobody_home(agenda, block.window, doors)
        if gaps:
            # The first that is asked about; another one makes it the same conflict.
            gap = next((one for one in gaps if spans.overlaps(one, within)), gaps[0])
            yield Conflict("nobody_home", f"nobody_home:{block.id}", block, None, gap)
    if block.uses or block.frozen:
        yield from _unserved(agenda, block)
    if block.binds:
        yield from _double(agenda, block, within)


def _unserved(agenda: Agenda, block: Block) -> Iterator[Conflict]:
    for notice in agenda.during(block.window):
        overlap = spans.clipped(notice.window, block.window)
        if notice.stops is None or overlap is None:
            continue
        # An update of the notice is another message about the same cause.
        cause = f"{block.id}:{notice.stops}"
        if notice.stops in block.uses:
            yield Conflict("service_off", f"service_off:{cause}", block, notice, overlap)
        if block.frozen and notice.stops == "electricity":
            yield Conflict("frozen_goods", f"frozen_goods:{cause}", block, notice, overlap)


def _double(agenda: Agenda, block: Block, within: Window) -> Iterator[Conflict]:
    here = spans.clipped(block.span, within)
    if here is None:
        return
    for other in agenda.during(here):
        overlap = spans.clipped(block.span, other.span)
        if other.id == block.id or not _collide(block, other) or overlap is None:
            continue
        first, second = sorted((block, other), key=_reluctance)
        low, high = sorted((block.id, other.id))
        yield Conflict("double_booked", f"double_booked:{low}|{high}", first, second, overlap)


def _collide(block: Block, other: Block) -> bool:
    if other.tentative or not set(block.members).intersection(other.members):
        return False
    # Who is away cannot cook either, whatever keeps them away.
    return other.binds or (other.kind == "absence" and block.kind == "cooking")


def _reluctance(block: Block) -> tuple[bool, int, str]:
    kinds = _EASY_TO_MOVE
    rank = kinds.index(block.kind) if block.kind in kinds else len(kinds)
    return not block.movable, rank, block.id


# -- resolving ---------------------------------------------------------------------------------


def _around(agenda: Agenda, moved: Block) -> Agenda:
    """Return the part of the agenda a moved block would meet, with it in its new place."""
    near = [one for one in agenda.during(moved.span) if one.id != moved.id]
    return Agenda([*near, moved])


def _rank(slot: DeliverySlot) -> tuple[datetime, Decimal, datetime, str]:
    fee = slot.fee.amount if slot.fee else Decimal(0)
    return slot.window.start, fee, slot.window.end, slot.slot_id


def _reason(trouble: Conflict) -> str:
    if trouble.kind == "nobody_home":
        return phrase("with nobody home")
    if trouble.against is not None and trouble.against.stops is not None:
        return phrase("while there is no {stops}", stops=phrase(trouble.against.stops))
    return phrase("while something else is on")


def _not_ours(conflict: Conflict) -> str:
    block, against = conflict.block, conflict.against
    if conflict.kind == "double_booked" and against is not None:
        return phrase(
            "neither {title} nor {other} is this household's to move",
            title=block.title,
            other=against.title,
        )
    return phrase("{title} cannot be moved any more", title=block.title)


def _none_fits(block: Block, count: int, against: Mapping[str, int]) -> str:
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(against.items()))
    if count == 1:
        return phrase(
            "the one other time for {title} does not fit: {reason}",
            title=block.title,
            reason=reasons.removeprefix("1 "),
        )
    return phrase(
        "none of the {count} other times for {title} fits: {reasons}",
        count=count,
        title=block.title,
        reasons=reasons,
    )
