"""Where members are seen to be: by trackers and persons, as devices and Home Assistant tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from hub.domain.agenda import Block
from hub.domain.blocks import presence_block
from hub.domain.offers import Window
from hub.domain.values import dataclass
from hub.flow.home import Home
from hub.flow.quarantine import apart
from hub.store.house import House
from hub.store.tx import Tx

SETTLES = timedelta(minutes=5)
"""Only who has been seen away for so long is away: a tracker that wavers rings nobody's phone."""
_HOME = frozenset({"home", "on", "true", "yes", "1"})
_UNKNOWN = frozenset({"", "unknown", "unavailable", "none"})


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether a member is at home, and since when that is so."""

    home: bool
    since: datetime


def seen(house: House, home: Home) -> dict[str, Seen]:
    """Return where members are, by what is known of them now; who is not known of is left out.

    Of several trackers of one member one at home decides: the others may be forgotten somewhere.
    """
    found: dict[str, Seen] = {}
    for entity, state in list(house.entities.items()):
        member = home.meaning.presence(entity, state.attributes)
        if member is None or not state.available or apart(house, home, entity):
            continue
        told = str(state.value).casefold() if state.value is not None else ""
        if told in _UNKNOWN:
            continue
        one = Seen(told in _HOME, state.at)
        known = found.get(member)
        if known is None or _counts_more(one, known):
            found[member] = one
    return found


def _counts_more(one: Seen, other: Seen) -> bool:
    if one.home != other.home:
        return one.home
    return one.since < other.since if one.home else one.since > other.since


def presence_blocks(house: House, home: Home, now: datetime) -> list[Block]:
    """Return where members are seen to be now, and are taken to be for a while."""
    holds = holding(home)
    if not holds:
        return []
    return [
        presence_block(member, home=one.home, since=min(one.since, now), now=now, holds=holds)
        for member, one in seen(house, home).items()
        if one.home or now - one.since >= SETTLES
    ]


def holding(home: Home) -> timedelta:
    """Return for how long somebody is taken to stay where they are seen."""
    return timedelta(minutes=home.settings.agenda.presence_minutes)


def touch_presence(tx: Tx, home: Home, entity: str, attributes: Mapping[str, object]) -> None:
    """Note that a member may have come or gone, where an entity tells that."""
    holds = holding(home)
    if holds and home.meaning.presence(entity, attributes) is not None:
        tx.touch(Window(tx.now, tx.now + holds))
        settled = tx.now + SETTLES
        waking = tx.house.timers.get(("agenda", "", ""), settled)
        tx.set_timer("agenda", "", "", min(waking, settled))
