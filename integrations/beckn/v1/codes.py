"""The words of version 1 and its networks, and what they mean in the neutral model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from hub.domain.orders import Action, Domain, OrderState

VERSION: Final = "1.1.1"

WORDS: Mapping[Action, str] = {
    "discover": "search",
    "select": "select",
    "init": "init",
    "confirm": "confirm",
    "status": "status",
    "track": "track",
    "update": "update",
    "cancel": "cancel",
    "rate": "rating",
    "support": "support",
}
"""Our action -> the word for it in version 1."""

ACTIONS: Mapping[str, Action] = {word: action for action, word in WORDS.items()}

_DOMAINS: tuple[tuple[str, Domain], ...] = (
    ("grocery", "grocery"),
    ("ride", "ride"),
    ("restaurant", "restaurant"),
    ("neighbour", "neighbour"),
    ("ondc:ret10", "grocery"),
    ("ondc:ret11", "restaurant"),
    ("ondc:trv10", "ride"),
    ("retail", "grocery"),
    ("local-retail", "grocery"),
    ("mobility", "ride"),
    ("dining", "restaurant"),
    ("nic2004:52110", "grocery"),
    ("nic2004:60221", "ride"),
    ("nic2004:60212", "ride"),
    ("nic2004:55204", "restaurant"),
)
"""How a network's domain code begins -> what it is for. A ``:1.1.0`` may follow."""

NETWORK_CODES: Mapping[Domain, tuple[str, ...]] = {
    "grocery": ("grocery", "ONDC:RET10"),
    "ride": ("ride", "ONDC:TRV10"),
    "restaurant": ("restaurant", "ONDC:RET11"),
    "neighbour": ("neighbour",),
}
"""By which codes registries on the network are asked for who does something."""

_DONE = {"complete", "completed", "order-delivered", "delivered", "ride-ended", "ride-completed"}
_OFF = {"cancelled", "canceled", "ride-cancelled", "order-cancelled", "rejected", "order-rejected"}
_WAITING = {
    "",
    "pending",
    "created",
    "accepted",
    "confirmed",
    "serviceable",
    "order-confirmed",
    "order-accepted",
    "ride-confirmed",
    "ride-assigned",
    "orderitemconfirmed",
    "reserved",
    "booked",
}
_GOING = {"active", "in-progress", "created", "accepted"}
SOFT_CANCEL = "SOFT_CANCEL"
CONFIRM_CANCEL = "CONFIRM_CANCEL"
"""Ride networks' words for asking what a cancellation costs, and for meaning it."""

_UNITS = {
    "gram": "g",
    "grams": "g",
    "gm": "g",
    "kilogram": "kg",
    "kilograms": "kg",
    "litre": "l",
    "liter": "l",
    "litres": "l",
    "millilitre": "ml",
    "milliliter": "ml",
    "unit": "pc",
    "units": "pc",
    "pieces": "pc",
    "piece": "pc",
}


def domain_of(code: str) -> Domain | None:
    """Return what a network's domain code is for, None where that is not known."""
    plain = code.casefold()
    for beginning, domain in _DOMAINS:
        if plain == beginning or plain.startswith(f"{beginning}:"):
            return domain
    return None


def code_for(domain: Domain, codes: Iterable[str]) -> str | None:
    """Return the code by which a subscriber knows ``domain``, None where it does not serve it."""
    return next((code for code in codes if domain_of(code) == domain), None)


def unit_of(word: str) -> str:
    """Return a unit as the pantry writes it."""
    return _UNITS.get(word.casefold(), word)


def soft(status: str) -> bool:
    """Tell whether an order's status says that nothing was cancelled yet."""
    return _plain(status) == "soft-cancel"


def state_of(status: str, fulfillment: str) -> OrderState | None:
    """Return the state of a confirmed order by its status and its fulfilment's.

    None where neither says anything; ValueError for a status that is not known.
    """
    said, reached = _plain(status), _plain(fulfillment)
    if not said:
        if not reached:
            return None
        said = "cancelled" if reached in _OFF else "complete" if reached in _DONE else "active"
    if said in _OFF:
        return "cancelled"
    if said in _DONE:
        return "completed"
    if said == "soft-cancel":
        said = "active"
    if said not in _GOING:
        raise ValueError("ACTIVE, COMPLETE or CANCELLED")
    return "confirmed" if reached in _WAITING and said != "in-progress" else "in_progress"


def _plain(word: str) -> str:
    return word.strip().casefold().replace("_", "-").replace(" ", "-")
