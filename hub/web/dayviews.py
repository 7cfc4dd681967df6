"""What the page of a day shows: its blocks in words, where each is drawn, what is the matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from hub.domain import spans
from hub.domain.agenda import ALWAYS, Agenda, Block, BlockKind
from hub.domain.calendars import OF_CALENDAR
from hub.domain.conflicts import Conflict, ConflictKind
from hub.domain.dayview import Placed, day, day_window
from hub.domain.notices import Service
from hub.domain.offers import Window
from hub.domain.suggestions import Suggestion
from hub.domain.values import dataclass
from hub.web.activities import Trouble
from hub.web.i18n import N_
from hub.web.site import quoted
from hub.web.words import Words, duration

FIRST_HOUR, LAST_HOUR = 7, 22
"""The hours that are always drawn; what is earlier or later makes the picture longer."""
LEAST = timedelta(minutes=30)
"""What is shorter is drawn so long, that its name can be read and its link be hit."""
MOST_LANES = 40
MOST_BLOCKS = 200
MOST_CLASHES = 50

ICONS: dict[BlockKind, str] = {
    "activity": "activities",
    "meal": "meal",
    "ride": "ride",
    "delivery": "van",
    "notice": "alert",
    "cooking": "pot",
    "absence": "out",
    "presence": "you",
}
OFF: dict[Service, str] = {
    "gas": N_("the gas is off"),
    "water": N_("the water is off"),
    "electricity": N_("the power is off"),
    "heating": N_("the heating is off"),
    "internet": N_("the internet is off"),
}
CONFLICTS: dict[ConflictKind, str] = {
    "nobody_home": N_("Nobody is at home for %(what)s: the house is empty %(when)s."),
    "double_booked": N_("%(what)s and %(other)s are at the same time: %(when)s."),
    "frozen_goods": N_("%(what)s brings freezer goods while %(off)s: %(when)s."),
    "service_off": N_("%(what)s is planned while %(off)s: %(when)s."),
}
_SUGGESTED: Mapping[str, BlockKind] = {
    "grocery_order": "delivery",
    "ride": "ride",
    "social_meal": "meal",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A block as it is shown. ``place`` is where, as classes of ``day.css``; "" for all day."""

    id: str
    kind: BlockKind
    title: str
    when: str
    who: str
    note: str
    link: str
    place: str
    tentative: bool
    suggested: bool
    trouble: bool

    @property
    def icon(self) -> str:
        """Return which icon stands for its kind."""
        return ICONS[self.kind]


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the axis: its hour in words, and where it is."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Clash:
    """What does not go together, in words, and the suggestion about it, or why there is none."""

    text: str
    suggestion: Suggestion | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class DayPage:
    """A day as it is shown.

    ``frame`` are classes for the picture's height and width; ``before`` and ``after`` what is
    drawn above the mark of now and below it (all of it in ``before`` on another day than today).
    """

    day: date
    frame: str
    marks: tuple[Mark, ...]
    all_day: tuple[Shown, ...]
    before: tuple[Shown, ...]
    after: tuple[Shown, ...]
    now: Mark | None
    clashes: tuple[Clash, ...]
    suggested: tuple[Suggestion, ...]
    presence: tuple[tuple[str, bool], ...]
    more: int

    @property
    def empty(self) -> bool:
        """Tell whether nothing is on."""
        return not (self.all_day or self.before or self.after)


def day_page(
    on: date,
    blocks: Sequence[Block],
    troubles: Sequence[Trouble],
    suggestions: Sequence[Suggestion],
    members: Mapping[str, str],
    words: Words,
) -> DayPage:
    """Return what is shown of a day. ``suggestions`` are the open ones."""
    window = day_window(on, words.zone)
    by_id = {one.id: one for one in suggestions}
    about = [one for one in suggestions if _concerns(one, window, blocks, troubles, words)]
    wanted = [*blocks, *_ghosts(about, window)]
    kept = [block for block in wanted if block.kind != "presence"]
    picture = day(Agenda(kept[:MOST_BLOCKS]), on, words.zone, LEAST)
    whole = [one for one in picture.blocks if one.shown == window]
    # Set anew without what lasts all day, which stands above and takes nobody's room.
    drawn = Agenda(one.block for one in picture.blocks if one.shown != window)
    parts = day(drawn, on, words.zone, LEAST).blocks
    bad = {one.id for each in troubles for one in _at_odds(each.conflict)}
    show = _Show(window, members, words, bad)
    passed = int((words.now - window.start) / timedelta(minutes=1))
    today = window.start <= words.now < window.end
    first, last = _hours(parts, passed if today else None)
    lanes = min(MOST_LANES, max((one.lanes for one in parts), default=1))
    return DayPage(
        day=on,
        frame=f"f{first} u{last - first} w{lanes}",
        marks=tuple(_mark(window, 60 * hour, words) for hour in range(first, last + 1)),
        all_day=tuple(show.shown(one, "") for one in whole),
        before=tuple(show.drawn(one) for one in parts if not today or one.start <= passed),
        after=tuple(show.drawn(one) for one in parts if today and one.start > passed),
        now=_mark(window, passed, words) if today else None,
        clashes=tuple(
            Clash(conflict_text(one.conflict, words), by_id.get(one.suggestion), one.why)
            for one in troubles[:MOST_CLASHES]
        ),
        suggested=tuple(about),
        presence=tuple(
            (members.get(who, who), not block.away)
            for block in blocks
            if block.kind == "presence" and today
            for who in block.members
        ),
        more=max(0, len(kept) - MOST_BLOCKS),
    )


def conflict_text(conflict: Conflict, words: Words) -> str:
    """Say what does not go together, and when."""
    against = conflict.against
    off = ""
    if against is not None:
        off = words.text(OFF[against.stops]) if against.stops else against.title
    return words.text(CONFLICTS[conflict.kind]) % {
        "what": conflict.block.title,
        "other": against.title if against is not None else "",
        "off": off,
        "when": words.window(conflict.overlap),
    }


def _at_odds(conflict: Conflict) -> list[Block]:
    """Return the blocks that are marked: a notice is nobody's to move."""
    against = conflict.against
    return [conflict.block, *([against] if against and against.kind != "notice" else [])]


def link_of(block_id: str) -> str:
    """Return the page of what a block stands for, "" where it has none."""
    kind, _, rest = block_id.partition(":")
    if kind in ("ride", "delivery"):
        return f"/orders/{quoted(rest)}"
    if rest.startswith(OF_CALENDAR):
        # It is kept elsewhere.
        return ""
    if kind in ("activity", "meal"):
        # After the key comes which occurrence it is; a key may hold an @ itself.
        key = rest.rpartition("@")[0] if kind == "activity" else rest
        return f"/activities/{quoted(key)}"
    if kind == "suggestion":
        return f"/suggestions/{quoted(rest)}"
    return "/notices" if kind == "notice" else ""


# -- what is suggested ---------------------------------------------------------------------------


def _concerns(
    one: Suggestion,
    window: Window,
    blocks: Sequence[Block],
    troubles: Sequence[Trouble],
    words: Words,
) -> bool:
    """Tell whether a suggestion belongs to a day: by its windows, what it is about, its answer."""
    if any(o.window is not None and spans.overlaps(o.window, window) for o in one.options):
        return True
    if any(trouble.suggestion == one.id for trouble in troubles):
        return True
    if any(block.id.startswith(f"activity:{one.subject}@") for block in blocks):
        return True
    today = window.start <= words.now < window.end
    return today and not one.options and one.deadline <= window.end


def _ghosts(suggestions: Sequence[Suggestion], window: Window) -> list[Block]:
    """Return what would be on if the first offer of each suggestion were taken."""
    found = []
    for one in suggestions:
        when = next((option.window for option in one.options if option.window is not None), None)
        if when is not None and one.kind in _SUGGESTED and spans.overlaps(when, window):
            kind = _SUGGESTED[one.kind]
            found.append(Block(f"suggestion:{one.id}", kind, when, one.title, tentative=True))
    return found


# -- where it is drawn ---------------------------------------------------------------------------


def _hours(parts: Sequence[Placed], now: int | None) -> tuple[int, int]:
    """Return the first and last hour of the picture."""
    starts = [one.start // 60 for one in parts]
    ends = [-(-(one.start + one.length) // 60) for one in parts]
    if now is not None:
        starts.append(now // 60)
        ends.append(now // 60 + 1)
    return min([FIRST_HOUR, *starts]), max([LAST_HOUR, *ends])


def _place(minutes: int) -> str:
    return f"h{minutes // 60} m{minutes % 60}"


def _mark(window: Window, minutes: int, words: Words) -> Mark:
    instant = window.start + timedelta(minutes=minutes)
    text = "24:00" if instant == window.end else f"{instant.astimezone(words.zone):%H:%M}"
    return Mark(text, _place(minutes))


class _Show:
    """Makes blocks into words."""

    def __init__(
        self, window: Window, members: Mapping[str, str], words: Words, bad: set[str]
    ) -> None:
        self._window = window
        self._members = members
        self._words = words
        self._bad = bad

    def drawn(self, one: Placed) -> Shown:
        lane = min(one.lane, MOST_LANES - 1)
        hours, minutes = divmod(one.length, 60)
        size = "short" if one.length < 45 else ("middle" if one.length < 75 else "")
        lanes = f"a{lane} w{min(one.lanes, MOST_LANES)}"
        place = f"{_place(one.start)} lh{hours} lm{minutes} {lanes} {size}"
        return self.shown(one, place.strip())

    def shown(self, one: Placed, place: str) -> Shown:
        block, words = one.block, self._words
        suggested = block.id.startswith("suggestion:")
        return Shown(
            id=block.id,
            kind=block.kind,
            title=block.title,
            when=self._when(block.window),
            who=words.text(", ").join(self._members.get(who, who) for who in block.members),
            note=self._note(block),
            link=link_of(block.id),
            place=place,
            tentative=block.tentative,
            suggested=suggested,
            trouble=block.id in self._bad,
        )

    def _when(self, window: Window) -> str:
        start, end = (each.astimezone(self._words.zone) for each in (window.start, window.end))
        begun, lasts = window.start < self._window.start, window.end > self._window.end
        if begun and lasts:
            if window.end - window.start >= ALWAYS:
                return self._words.text("until further notice")
            return self._words.text("until %(instant)s") % {
                "instant": self._words.local(window.end)
            }
        if begun:
            return self._words.text("until %(instant)s") % {"instant": f"{end:%H:%M}"}
        if window.end - window.start >= ALWAYS or lasts:
            return self._words.text("from %(instant)s") % {"instant": f"{start:%H:%M}"}
        if window == self._window:
            return self._words.text("all day")
        until = "24:00" if window.end == self._window.end else f"{end:%H:%M}"
        return f"{start:%H:%M}\N{EN DASH}{until}"

    def _note(self, block: Block) -> str:
        said = []
        if block.place is not None and block.place.address:
            said.append(block.place.address)
        if block.travel:
            span = duration(block.travel.total_seconds(), self._words.catalogue)
            said.append(self._words.text("%(span)s to get there") % {"span": span})
        return " · ".join(said)


def asked_day(text: str, today: date, farthest: timedelta) -> date | None:
    """Return the day a page's address names; None for none, or one too far away."""
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found is not None and abs(found - today) <= farthest else None
