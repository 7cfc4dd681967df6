"""What the inbox shows of a suggestion: its options with what can be changed about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from hub.domain.money import Money
from hub.domain.notices import Notice
from hub.domain.orders import Order, Window
from hub.domain.suggestions import ORDERING, Option, Suggestion
from hub.domain.values import dataclass
from hub.web.backend import Backend, EntityView
from hub.web.words import Words


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """A delivery window that can be had, in words; ``chosen`` is the present one."""

    id: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """An option as shown. ``waiting`` while its provider was asked for something.

    ``slots`` is empty where there is nothing to choose.
    """

    option: Option
    slots: tuple[SlotChoice, ...]
    waiting: bool

    @property
    def delivery(self) -> str:
        """Return the id of the window as it is, for comparing; empty when not known."""
        return next((slot.id for slot in self.slots if slot.chosen), "")


@dataclass(frozen=True, slots=True)
class Card:
    """A suggestion as shown.

    ``collecting`` while offers are awaited. ``stamp`` changes with everything a member could
    have begun to answer, so that a live update leaves a half-filled form alone but never a stale
    one.
    """

    suggestion: Suggestion
    offers: tuple[Offer, ...]
    collecting: bool
    answerable: bool
    stamp: str

    @property
    def body(self) -> str:
        """Return what the suggestion says besides its reasons; many say nothing else."""
        body = self.suggestion.body
        for reason in self.suggestion.because:
            body = body.replace(reason.text, "")
        return self.suggestion.body if body.strip(" .;,") else ""


def card(backend: Backend, suggestion: Suggestion, words: Words) -> Card:
    """Return what is shown of one suggestion; of a closed one the offers cannot be changed."""
    proposing = (
        suggestion.kind == "social_meal"
        and suggestion.about
        and suggestion.version == 1
        and not suggestion.asked
    )
    # Tables alone are not what a meal is chosen from: homes and who has time come with them.
    options = () if proposing and suggestion.open else suggestion.options
    offers = tuple(_offer(backend, suggestion, option, words) for option in options)
    ordering = suggestion.kind in ORDERING or proposing
    waiting = "".join("w" if offer.waiting else "-" for offer in offers)
    answerable = suggestion.open and words.now < suggestion.deadline
    return Card(
        suggestion,
        offers,
        collecting=bool(suggestion.open and ordering and (proposing or not offers)),
        answerable=answerable,
        stamp=f"{suggestion.version}.{suggestion.state}.{suggestion.asked}.{waiting}.{answerable}",
    )


def _offer(backend: Backend, suggestion: Suggestion, option: Option, words: Words) -> Offer:
    order = backend.order(option.order_id) if suggestion.open and option.order_id else None
    # Of a placed order a window was asked for already: that one, and no other, is agreed to.
    choosing = order is not None and suggestion.kind in ORDERING
    slots = _slots(backend, order, option, words) if order is not None and choosing else ()
    return Offer(option, slots, waiting=order is not None and order.pending is not None)


def _slots(backend: Backend, order: Order, option: Option, words: Words) -> tuple[SlotChoice, ...]:
    currency = option.total.currency
    chosen = order.slot.slot_id if order.slot else None
    return tuple(
        SlotChoice(
            slot_id,
            _time(Window(start, end), option, words)
            + (f" · {words.money(Money(fee, currency))}" if fee else ""),
            slot_id == chosen,
        )
        for slot_id, start, end, fee in backend.slots(order.id)
        if start > words.now or slot_id == chosen
    )


def _time(window: Window, option: Option, words: Words) -> str:
    """Say when; of a ride when it leaves and when one is there."""
    if option.ride is None:
        return words.window(window)
    return words.text("%(start)s, there %(end)s") % {
        "start": words.local(window.start),
        "end": words.clock(window.end),
    }


def devices(entities: Sequence[EntityView]) -> list[tuple[str, list[EntityView]]]:
    """Group entities by their device, those without one last."""
    ordered = sorted(entities, key=lambda e: (not e.device_name, e.device_name, e.name, e.id))
    return [(name, list(group)) for name, group in groupby(ordered, key=lambda e: e.device_name)]


def in_force(notices: Sequence[Notice], now: datetime) -> list[Notice]:
    """Return the notices that hold now and may alarm, the soonest to end first."""
    found = [n for n in notices if n.alarming() and n.in_force(now) and not n.cancels]
    return sorted(found, key=lambda n: (n.expires is None, n.expires or n.sent))
