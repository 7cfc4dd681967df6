"""Asking every provider of a domain for an offer: what a suggestion is then made of."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import timedelta

from hub.domain.limits import is_among
from hub.domain.offers import Domain, RideWish, TableWish, Want
from hub.domain.orders import Order
from hub.domain.suggestions import Suggestion
from hub.domain.tongue import later, phrase
from hub.flow.belonging import note
from hub.flow.home import Home
from hub.flow.requests import request
from hub.flow.tell import tag_of, tell
from hub.store.tx import Entry, Tx

_NOBODY: dict[Domain, str] = {
    "grocery": later("No grocer is known"),
    "ride": later("No driver is known"),
    "restaurant": later("No restaurant is known"),
    "neighbour": later("No neighbour who lends is known"),
}
_NEVER: dict[Domain, str] = {
    "grocery": later(
        "Every grocer that is known is one this household never buys at (limits.never in hub.yaml)."
    ),
    "ride": later(
        "Every driver that is known is one this household never buys at (limits.never in hub.yaml)."
    ),
    "restaurant": later(
        "Every restaurant that is known is one this household never buys at (limits.never in"
        " hub.yaml)."
    ),
    "neighbour": later(
        "Every provider that is known is one this household never buys at (limits.never in"
        " hub.yaml)."
    ),
}


def collect(
    tx: Tx,
    home: Home,
    suggestion: Suggestion,
    domain: Domain,
    *,
    wants: Sequence[Want] = (),
    ride: RideWish | None = None,
    table: TableWish | None = None,
    but: Container[str] = (),
) -> bool:
    """Ask every provider that may be asked, and wait ``beckn.collect_seconds`` for their offers.

    ``but`` are the ids of those that are not asked again. False where there is nobody to ask:
    then the suggestion has failed, and members are told why.
    """
    never = home.settings.limits.never
    known = home.providers.get(domain, ())
    allowed = [one for one in known if not is_among(never, one.subscriber_id)]
    providers = [one for one in allowed if one.subscriber_id not in but]
    if not providers:
        _nobody(tx, home, suggestion, _why(domain, bool(known), bool(allowed)))
        return False
    for provider in providers:
        order = Order(
            id=tx.new_id(),
            transaction_id=tx.new_id(),
            suggestion_id=suggestion.id,
            provider=provider,
            provider_name=provider.subscriber_id,
            state="drafted",
            created_at=tx.now,
            updated_at=tx.now,
            domain=domain,
            ride=ride,
            table=table,
            about=suggestion.about,
        )
        request(tx, home, order, "discover", wants=wants)
    until = tx.now + timedelta(seconds=home.settings.beckn.collect_seconds)
    tx.set_timer("collect", suggestion.id, "", until)
    return True


def _why(domain: Domain, known: bool, allowed: bool) -> str:
    if not known:
        return phrase(
            "{nobody}: put one into the registry file that beckn.registry in hub.yaml names.",
            nobody=phrase(_NOBODY[domain]),
        )
    if not allowed:
        return phrase(_NEVER[domain])
    return phrase("There is nobody else to ask.")


def _nobody(tx: Tx, home: Home, suggestion: Suggestion, why: str) -> None:
    failed = suggestion.moved("failed", outcome=why)
    (index,) = tx.save(failed, Entry("failed", suggestion.id, {"reason": why}))
    forget_timers(tx, suggestion.id)
    tell(
        tx,
        home,
        suggestion.ask,
        tag=tag_of(suggestion.key),
        title=suggestion.title,
        body=f"{suggestion.body}\n{why}",
        cause=index,
    )
    note(tx, suggestion.about, "ended", suggestion.id)


def forget_timers(tx: Tx, suggestion_id: str) -> None:
    """Take back what would have woken for a suggestion that has been decided."""
    for kind in ("deadline", "collect", "ask", "auto", "escalate"):
        tx.drop_timers(kind, suggestion_id)
