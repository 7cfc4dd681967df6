"""What the pages of activities show: who comes, what we said, what hangs on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hub.domain.activities import Activity, Attendee, PartStat
from hub.domain.orders import Order
from hub.domain.suggestions import Suggestion
from hub.domain.values import dataclass
from hub.web.backend import Backend
from hub.web.i18n import N_
from hub.web.words import Words

ANSWERS: dict[PartStat, str] = {
    "ACCEPTED": N_("comes"),
    "TENTATIVE": N_("perhaps"),
    "DECLINED": N_("does not come"),
    "NEEDS-ACTION": N_("no answer yet"),
}
OWN_ANSWERS: dict[PartStat, str] = {
    "ACCEPTED": N_("You come"),
    "TENTATIVE": N_("You may come"),
    "DECLINED": N_("You do not come"),
    "NEEDS-ACTION": N_("You have not answered"),
}
TONES: dict[PartStat, str] = {
    "ACCEPTED": "good",
    "TENTATIVE": "warn",
    "DECLINED": "",
    "NEEDS-ACTION": "",
}
_MOST_ORDERS = 100


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody invited, and what they said."""

    name: str
    address: str
    answer: str
    tone: str
    comment: str
    own: bool
    uri: str


@dataclass(frozen=True, slots=True)
class Counter:
    """Another time that a guest proposed."""

    name: str
    when: str
    comment: str


@dataclass(frozen=True, slots=True)
class ActivityView:
    """An activity as members see it. ``ours``: this household makes it and may change it."""

    key: str
    activity: Activity
    ours: bool
    when: str
    by: str
    guests: tuple[Guest, ...]
    said: str
    said_tone: str
    answer: PartStat | None
    counters: tuple[Counter, ...]

    @property
    def attended(self) -> bool:
        """Tell whether somebody of this household goes."""
        return self.ours or self.answer == "ACCEPTED"

    @property
    def coming(self) -> int:
        """Return how many guests said yes."""
        return sum(one.tone == "good" and not one.own for one in self.guests)


def view(activity: Activity, address: str, words: Words) -> ActivityView:
    """Return what is shown of an activity; ``address`` is this household's own."""
    own = activity.attendee(address) if address else None
    ours = activity.organizer.address == address
    organizer = activity.organizer
    return ActivityView(
        key=activity.key,
        activity=activity,
        ours=ours,
        when=when(activity, words),
        by=organizer.name or plain(organizer.address),
        guests=tuple(_guest(one, address, words) for one in activity.attendees),
        said=words.text(OWN_ANSWERS[own.partstat]) if own else "",
        said_tone=TONES[own.partstat] if own else "",
        answer=own.partstat if own else None,
        counters=tuple(
            Counter(
                _name(activity.attendee(one.by), one.by),
                words.span(one.window),
                one.comment,
            )
            for one in activity.proposals
        ),
    )


def when(activity: Activity, words: Words) -> str:
    """Say when an activity is: its span, or its days where it has no hours."""
    window = activity.details.window
    if not activity.details.all_day:
        return words.span(window)
    first = window.start.astimezone(words.zone).date()
    # It ends at the midnight after its last day.
    last = (window.end - timedelta(seconds=1)).astimezone(words.zone).date()
    if first == last:
        return words.day(first)
    return words.text("%(start)s to %(end)s") % {"start": words.day(first), "end": words.day(last)}


def plain(address: str) -> str:
    """Return a calendar address as people write it: without ``mailto:``."""
    return address.removeprefix("mailto:")


def hanging(backend: Backend, activity: Activity) -> tuple[Sequence[Suggestion], Sequence[Order]]:
    """Return what waits for an answer about an activity, and the orders that belong to it."""
    asked = [one for one in backend.suggestions(open_only=True) if one.subject == activity.key]
    orders = [o for o in backend.orders(limit=_MOST_ORDERS) if o.activity == activity.key]
    return asked, orders


def going(backend: Backend, activity: Activity, members: Mapping[str, str]) -> list[str]:
    """Return who of the household goes, by name."""
    blocks = backend.activities.agenda(activity.details.window)
    mine = [one for one in blocks if one.id.startswith(f"activity:{activity.key}@")]
    return [members.get(who, who) for block in mine[:1] for who in block.members]


def _guest(one: Attendee, address: str, words: Words) -> Guest:
    return Guest(
        name=_name(one, one.address),
        address=plain(one.address) if one.name else "",
        answer=words.text(ANSWERS[one.partstat]),
        tone=TONES[one.partstat],
        comment=one.comment,
        own=one.address == address,
        uri=one.address,
    )


def _name(one: Attendee | None, address: str) -> str:
    return (one.name if one is not None else "") or plain(address)
