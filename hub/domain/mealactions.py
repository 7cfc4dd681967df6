"""What is to be done about a social meal, in the imperative: the flow makes effects of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.domain.meals import Cost, MealGuest
from hub.domain.money import Money
from hub.domain.values import dataclass

Question = Literal[
    "let_in", "nobody_comes", "no_room", "other_table", "keep_or_cancel", "costs_more"
]
"""What members have to decide.

``let_in``: a yes came late. ``nobody_comes``: all have declined, and cancelling costs something.
``no_room``: the table cannot grow. ``other_table``: it was refused, or cancelled.
``keep_or_cancel``: the notice behind it was cancelled. ``costs_more``: calling it off has become
dearer than what was agreed to.
"""


@dataclass(frozen=True, slots=True)
class Invite:
    """Create the activity (tentative) and send the invitations."""

    guests: tuple[MealGuest, ...]


@dataclass(frozen=True, slots=True)
class AwaitAnswers:
    """Wake at ``until`` for ``on_deadline``; None: no more."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class HoldGroceries:
    """Keep tonight's dinner out of the shopping (``held``), or put it back in."""

    held: bool


@dataclass(frozen=True, slots=True)
class BookTable:
    """Reserve a table for ``party`` people at ``at``."""

    party: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ResizeTable:
    """Ask for the table of ``order_id`` to be for ``party`` people."""

    order_id: str
    party: int


@dataclass(frozen=True, slots=True)
class CancelTable:
    """Cancel the table of ``order_id``; the provider may take ``fee`` and no more."""

    order_id: str
    fee: Money | None


@dataclass(frozen=True, slots=True)
class ShareShopping:
    """Make or change the shared shopping list, for ``party`` people."""

    party: int


@dataclass(frozen=True, slots=True)
class SetActivity:
    """Tell everybody's calendars: it is settled, or is open again."""

    state: Literal["confirmed", "tentative"]


@dataclass(frozen=True, slots=True)
class CancelActivity:
    """Cancel the activity, and with it the rides that hang on it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take the open suggestion back, for ``reason``."""

    reason: str


@dataclass(frozen=True, slots=True)
class AskHousehold:
    """Ask the members; ``cost`` is what undoing would cost, ``about`` the guest it is about."""

    question: Question
    reason: str
    cost: Cost | None = None
    about: MealGuest | None = None


@dataclass(frozen=True, slots=True)
class TellHousehold:
    """Tell the members something that needs no answer."""

    text: str


MealAction = (
    Invite
    | AwaitAnswers
    | HoldGroceries
    | BookTable
    | ResizeTable
    | CancelTable
    | ShareShopping
    | SetActivity
    | CancelActivity
    | Withdraw
    | AskHousehold
    | TellHousehold
)
