"""Fields of a CAP message that need reading between the lines: references, service, areas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from devices.moments import BadTime, instant
from hub.domain.notices import SERVICES, NoticeRef, Service

DEFAULT_WORDS: Mapping[str, Sequence[str]] = {
    "gas": ("gas", "燃气", "天然气", "煤气", "停气", "供气"),
    "water": (
        *("water supply", "water outage", "water main", "water service", "drinking water"),
        *("tap water", "water interruption", "water shutdown", "no water", "water off"),
        *("停水", "供水", "自来水"),
    ),
    "electricity": (
        *("electricity", "electric", "power outage", "power cut", "power supply", "power failure"),
        *("blackout", "load shedding", "停电", "供电", "断电", "电力"),
    ),
    "heating": ("heating", "district heat", "暖气", "供暖", "供热", "停暖"),
    "internet": (
        *("internet", "broadband", "fibre outage", "fiber outage", "network outage"),
        *("断网", "宽带", "网络中断", "互联网"),
    ),
}
"""Words by which a notice's service is told; a household's own list takes its place."""

MOST_REFERENCES = 100
_LONGEST_LIST = 20_000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\S*\Z")
_BREAK = re.compile(r"[\s,;|]+")
_TELLING = re.compile(r"service|utility|supply|commodity|服务|类型", re.IGNORECASE)

assert set(DEFAULT_WORDS) == set(get_args(Service))


def read_references(text: str, own_sender: str) -> tuple[NoticeRef, ...]:
    """Return what ``references`` names (CAP 1.2, 3.2.1: ``sender,identifier,sent`` by spaces).

    Real feeds leave out commas, add spaces, or give identifiers alone: the parts are read in
    order, a time ends a reference, and what lacks a sender is the message's own sender's.
    """
    found: list[NoticeRef] = []
    group: list[str] = []
    for part in _BREAK.split(text[:_LONGEST_LIST]):
        if not part:
            continue
        if not _TIME.match(part):
            group.append(part)
            continue
        try:
            sent = instant(part)
        except BadTime:
            sent = None
        pairs = _pairs(group, own_sender, ended=True)
        found += [NoticeRef(sender, name, None) for sender, name in pairs[:-1]]
        found += [NoticeRef(sender, name, sent) for sender, name in pairs[-1:]]
        group = []
    found += [NoticeRef(sender, name, None) for sender, name in _pairs(group, own_sender)]
    return tuple(dict.fromkeys(found))[:MOST_REFERENCES]


def _pairs(parts: Sequence[str], own_sender: str, ended: bool = False) -> list[tuple[str, str]]:
    """Return (sender, identifier) pairs; ``ended``: a time followed, so two parts are a pair."""
    if ended and len(parts) == 2:
        return [(parts[0], parts[1])]
    pairs: list[tuple[str, str]] = []
    sender = None
    for part in parts:
        if sender is None and (part == own_sender or "@" in part):
            sender = part
        else:
            pairs.append((sender or own_sender, part))
            sender = None
    return pairs


class ServiceWords:
    """Tells a service by words: whole ones where words are spaced, anywhere in Chinese."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        """Read a word list. Raises ValueError for a service the hub does not know."""
        strange = set(words) - set(SERVICES)
        if strange:
            raise ValueError(f"expected services {', '.join(SERVICES)}, got {min(strange)!r}")
        self._patterns: list[tuple[Service, re.Pattern[str]]] = []
        for service in SERVICES:
            listed = sorted(words.get(service, ()), key=len, reverse=True)
            if listed:
                pattern = "|".join(_pattern(word) for word in listed)
                self._patterns.append((service, re.compile(pattern, re.IGNORECASE)))

    def in_text(self, text: str) -> Service | None:
        """Return the service mentioned first; of two at one place the longer word's."""
        hits = [
            (hit.start(), -len(hit.group()), service)
            for service, pattern in self._patterns
            if (hit := pattern.search(text))
        ]
        return min(hits)[2] if hits else None

    def service(self, named: Iterable[tuple[str, str]], texts: Iterable[str]) -> Service | None:
        """Return the service of an info block.

        ``named`` are its event codes and parameters (name, value): a telling name's value may be
        the service's bare name. ``texts`` are its texts, the most telling first.
        """
        named = list(named)
        for name, value in named:
            plain = value.strip().casefold()
            if _TELLING.search(name) and plain in SERVICES:
                return next(service for service in SERVICES if service == plain)
        for text in (*(value for _, value in named), *texts):
            found = self.in_text(text)
            if found is not None:
                return found
        return None


def _pattern(word: str) -> str:
    escaped = r"[\s_-]*".join(re.escape(part) for part in word.split())
    # A code such as GAS_OUTAGE spaces its words by underscores.
    return rf"(?<![^\W_]){escaped}(?![^\W_])" if word.isascii() else escaped


def concerns(areas: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether one of an info block's areas or geocodes is one the household lives in."""
    here = [one.casefold().strip() for one in wanted]
    return any(
        area == one
        or (len(one) > 2 and re.search(rf"(?<!\w){re.escape(one)}(?!\w)", area))
        or (not one.isascii() and one in area)
        for area in (text.casefold().strip() for text in areas)
        for one in here
        if one
    )
