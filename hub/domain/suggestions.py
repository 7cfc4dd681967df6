"""What the hub proposes, and its life: asked, approved, carried out.

The same cause never has two open suggestions: ``key`` is unique among the open ones (the store
holds it with a partial unique index).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from hub.domain.consent import Field
from hub.domain.homeassistant import ServiceCall
from hub.domain.life import Life
from hub.domain.money import Money
from hub.domain.orders import DeliverySlot, Line, RideWish, TableWish, Want, Window
from hub.domain.values import dataclass

SuggestionState = Literal[
    "proposed", "approved", "declined", "expired", "superseded", "carried_out", "failed"
]

SUGGESTION_LIFE: Life[SuggestionState] = Life(
    "suggestion",
    {
        "proposed": frozenset({"approved", "declined", "expired", "superseded", "failed"}),
        "approved": frozenset({"proposed", "carried_out", "failed"}),
        "declined": frozenset(),
        "expired": frozenset(),
        "superseded": frozenset(),
        "carried_out": frozenset(),
        "failed": frozenset(),
    },
)

Kind = Literal[
    "grocery_order",
    "move_delivery",
    "cancel_order",
    "change_plan",
    "social_meal",
    "home_action",
    "ride",
    "table",
    "share_ride",
    "notify",
    "invitation",
    "counter",
    "late_answer",
]
KINDS: tuple[Kind, ...] = (
    "grocery_order",
    "move_delivery",
    "social_meal",
    "home_action",
    "ride",
    "notify",
)
"""What a rule may propose; that an order be cancelled only a member can want, an invitation,
another time (``counter``) and a late answer are a friend's, and that a plan be changed follows from
another one."""
ORDERING: tuple[Kind, ...] = ("grocery_order", "ride", "table")
"""What is ordered from the offers that are collected for it."""

Verb = Literal["approve", "decline", "later", "maybe"]
VERBS: tuple[Verb, ...] = ("approve", "decline", "later", "maybe")
"""``maybe`` answers an invitation only."""


def verbs_of(kind: Kind) -> tuple[Verb, ...]:
    """Return the answers a phone offers, the first two also where it shows no more of them."""
    if kind == "invitation":
        return ("approve", "decline", "maybe")
    return ("approve", "decline", "later")


@dataclass(frozen=True, slots=True)
class Because:
    """One reason, in words, with the ledger entry that holds the observation, notice or rule."""

    text: str
    ledger_index: int | None = None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field that would leave the home: ``field`` (e.g. ``address``), to whom, what for.

    ``granted``: a member agreed to that before, for each order there (``hub.domain.consent``).
    """

    field: Field
    recipient: str
    purpose: str
    granted: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was agreed to before there were offers: by whom, and what it may cost.

    ``at_most`` None: nothing. ``at`` is when it has to begin, where that was agreed to;
    ``provider`` whose offer is taken where there is one.
    """

    by: str
    at_most: Money | None = None
    at: datetime | None = None
    provider: str = ""

    def covers(self, total: Money) -> bool:
        """Tell whether it may cost ``total``."""
        if not total.amount:
            return True
        most = self.at_most
        return most is not None and most.currency == total.currency and total.amount <= most.amount

    def suits(self, window: Window | None) -> bool:
        """Tell whether it may be then."""
        return self.at is None or (window is not None and window.start == self.at)


@dataclass(frozen=True, slots=True)
class Option:
    """One way to carry a suggestion out; ``order_id`` is the hub's quoted order behind it.

    ``note`` says what a member should know, e.g. ``no oat milk there``; ``because`` what speaks
    for it and against it beside the other options. ``also`` are the further orders of a basket
    that is split over several providers. ``over`` says which of the household's limits it is over.
    ``ride`` and ``table`` are what was wished for, where it is one; ``window`` of a ride is from
    leaving to arriving.
    """

    id: str
    order_id: str
    provider_id: str
    provider_name: str
    lines: tuple[Line, ...]
    total: Money
    window: Window | None = None
    note: str = ""
    disclosures: tuple[Disclosure, ...] = ()
    because: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    over: str = ""
    ride: RideWish | None = None
    table: TableWish | None = None

    @property
    def orders(self) -> tuple[str, ...]:
        """Return the ids of all orders behind it."""
        return (self.order_id, *self.also)


@dataclass(frozen=True, slots=True)
class Turn:
    """A member was asked, or is once their quiet hours end: first at ``at`` (UTC)."""

    member: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is asked too where nobody answers: adults, one each ``after``; no ``to``: nobody."""

    after: timedelta
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposal to the household's members.

    ``version`` counts every change of what is asked (price, slot, items): an action token is bound
    to it. ``asked`` is true once members were notified; until then the hub still collects offers.
    ``chosen`` is the option a member approved. ``deadline`` is when it expires (UTC). ``outcome``
    is what to tell somebody who taps too late. ``not_before`` holds a reminder after *later*.
    ``wants`` is what a grocery order is for; ``deliver_after`` and ``deliver_before`` are local
    times of day between which it may come. ``split_tried``: splitting it was looked at.
    ``about`` is whose wish it is (``hub/flow/wishes.py``). ``agreed``: members agreed beforehand,
    and are asked only where no offer keeps to that. ``then`` is what Home Assistant is to do.
    ``urgent``: nobody's quiet hours hold it. ``turns`` are who was asked when. ``escalate`` is the
    rule's word on who is asked too; None: the home's holds.
    """

    id: str
    key: str
    kind: Kind
    rule_id: str
    rule_version: str
    rule_text: str
    subject: str
    title: str
    body: str
    state: SuggestionState
    version: int
    because: tuple[Because, ...]
    options: tuple[Option, ...]
    ask: tuple[str, ...]
    created_at: datetime
    deadline: datetime
    asked: bool = False
    chosen: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    not_before: datetime | None = None
    outcome: str = ""
    wants: tuple[Want, ...] = ()
    deliver_after: time | None = None
    deliver_before: time | None = None
    split_tried: bool = False
    about: str = ""
    agreed: Agreed | None = None
    then: tuple[ServiceCall, ...] = ()
    urgent: bool = False
    turns: tuple[Turn, ...] = ()
    escalate: Escalation | None = None

    def moved(self, state: SuggestionState, **changes: object) -> Suggestion:
        """Return it in ``state`` with ``changes``; IllegalMove when its life does not allow it."""
        return replace(self, state=SUGGESTION_LIFE.move(self.state, state), **changes)  # type: ignore[arg-type]

    def option(self, option_id: str) -> Option:
        """Return the option with this id; KeyError when there is none."""
        for option in self.options:
            if option.id == option_id:
                return option
        raise KeyError(option_id)

    def option_with(self, order_id: str) -> Option | None:
        """Return the option that an order is behind, None when there is none."""
        return next((option for option in self.options if order_id in option.orders), None)

    def fits(self, slot: DeliverySlot, zone: ZoneInfo) -> bool:
        """Tell whether a delivery slot lies between the times of day that suit the household."""
        start, end = slot.window.start.astimezone(zone), slot.window.end.astimezone(zone)
        late_enough = self.deliver_after is None or start.time() >= self.deliver_after
        early_enough = self.deliver_before is None or (
            end.time() <= self.deliver_before and end.date() == start.date()
        )
        return late_enough and early_enough

    @property
    def best(self) -> Option | None:
        """Return the option that is suggested: the first, which a single button stands for."""
        return self.options[0] if self.options else None

    @property
    def open(self) -> bool:
        """Tell whether it still waits for a decision."""
        return self.state == "proposed"
