"""A member's answer to a suggestion, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from hub.domain.consent import Scope
from hub.domain.suggestions import Suggestion, Verb
from hub.domain.tokens import ActionToken
from hub.domain.tongue import later
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """A member's answer to one version of a suggestion.

    ``option`` is needed to approve a suggestion with options. ``counts`` changes pieces of that
    option's lines (item_id -> count, 0 removes it) and ``slot_id`` its window: either asks the
    provider for a new price first, so the answer is then ``changed``. ``scope`` is how far a yes
    lets the provider be told what the option discloses: for this order, or for each later one too;
    ``never`` goes with ``decline``: nobody is asked about that provider's offers again.
    """

    suggestion_id: str
    version: int
    verb: Verb
    member: str
    via: str
    option: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    slot_id: str | None = None
    token_id: str | None = None
    scope: Scope = "once"

    @classmethod
    def of(cls, token: ActionToken, via: str) -> Decision:
        """Return what the button means that a token was under; it is spent with it."""
        return cls(
            token.suggestion_id,
            token.version,
            token.verb,
            token.member,
            via,
            option=token.option,
            token_id=token.id,
        )


ADULTS_ONLY = later("Only an adult of this household may decide.")
"""What anybody else is told who wants something decided."""


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What came of it. ``message`` is for the member, in words.

    ``done``: it was carried over now. ``repeated``: the same answer had been given already.
    ``changed``: a new price is being asked for. ``refused``: it is too late, stale or not allowed.
    """

    result: Literal["done", "repeated", "changed", "refused", "unknown"]
    message: str
    suggestion: Suggestion | None = None


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Have an order come in another window its provider offers; a fee is asked about first."""

    order_id: str
    member: str
    slot_id: str
    via: str = "web"


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel a placed order; a fee is asked about first."""

    order_id: str
    member: str
    via: str = "web"


@dataclass(frozen=True, slots=True)
class TrackOrder:
    """Ask where an order is."""

    order_id: str
    member: str


@dataclass(frozen=True, slots=True)
class Complain:
    """Tell the provider what is wrong with an order, and ask whom to talk to."""

    order_id: str
    member: str
    text: str


@dataclass(frozen=True, slots=True)
class RateOrder:
    """Tell the provider how it was: ``stars`` from 1 to 5."""

    order_id: str
    member: str
    stars: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class OrderCame:
    """Say that an order has come: it is done, and what it brought is in the pantry."""

    order_id: str
    member: str


OrderCommand = Reschedule | CancelOrder | TrackOrder | Complain | RateOrder | OrderCame
