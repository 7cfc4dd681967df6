"""From a rule's firing to a suggestion: told at once, or offers are collected first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from hub.domain.orders import Order, Subscriber, Want
from hub.domain.proposals import Firing
from hub.domain.stock import PantryItem
from hub.domain.suggestions import Because, Suggestion
from hub.domain.wording import listed
from hub.flow.home import Home
from hub.flow.requests import request
from hub.flow.tell import ask, tag_of, tell
from hub.store.tx import Entry, Tx

GROCERY = "grocery"


def suggest(tx: Tx, home: Home, firing: Firing, observed: Entry) -> None:
    """Act on a firing: tell, or make the one open suggestion of its cause.

    ``observed`` is what led to it, for the ledger. A grocery rule that names no items fills one
    basket: when another item runs low before a member decided, a suggestion with both supersedes
    the first.
    """
    house = tx.house
    if firing.cause_key in house.open_keys:
        return
    wants: tuple[Want, ...] = ()
    key, subject = firing.cause_key, firing.subject
    older: Suggestion | None = None
    if firing.kind == "grocery_order":
        wants = wanted(tx, home, firing)
        if not wants:
            return
        if _fills_basket(firing):
            key = f"{firing.rule_id}:basket"
            subject = ",".join(want.item for want in wants)
            older = house.suggestions.get(house.open_keys.get(key, ""))
            if older is not None and not older.open:
                # Approved and being ordered; ``tick`` looks again once that has come to an end.
                return
    tx.cool_down(firing.rule_id, firing.subject, firing.cooldown)
    if firing.kind == "notify":
        _notify(tx, home, firing, observed)
        return
    if older is not None:
        supersede(tx, older)
    cause = tx.append(observed)
    suggestion = replace(_suggestion(tx, home, firing, key, subject, cause), wants=wants)
    if _fills_basket(firing):
        suggestion = replace(suggestion, **_basket_words(tx, home, wants, cause))
    facts = {
        "kind": firing.kind,
        "rule": firing.rule_id,
        "rule_version": firing.rule_version,
        "because": [cause],
        "key": key,
    }
    tx.save(suggestion, Entry("suggested", suggestion.id, facts))
    tx.set_timer("deadline", suggestion.id, "", suggestion.deadline)
    if firing.kind == "grocery_order":
        _collect(tx, home, suggestion, wants)
    else:
        ask(tx, home, suggestion)


def _fills_basket(firing: Firing) -> bool:
    return firing.kind == "grocery_order" and not isinstance(
        firing.params.get("items"), list | tuple
    )


def _basket_words(tx: Tx, home: Home, wants: Sequence[Want], cause: int) -> dict[str, Any]:
    reasons = []
    for number, want in enumerate(wants):
        level = tx.house.stock.get(want.item)
        left = f"{level.quantity:g} {want.unit} left" if level else "none known"
        par = home.pantry[want.item].par
        wish = f", you keep at least {par:f} {want.unit}" if par is not None else ""
        reasons.append(Because(f"{want.name}: {left}{wish}", cause if number == 0 else None))
    low = listed([want.name for want in wants])
    return {
        "title": f"Order groceries? {low}",
        "body": "\n".join(reason.text for reason in reasons),
        "because": tuple(reasons),
    }


def supersede(tx: Tx, older: Suggestion) -> None:
    """Close a suggestion that a better one takes the place of, and drop its offers."""
    for order in tx.orders_of(older.id):
        tx.save(order.moved("cancelled", pending=None, reason="superseded", updated_at=tx.now))
    moved = older.moved("superseded", outcome="A newer suggestion took its place.")
    tx.save(moved, Entry("superseded", older.id, {}))
    forget_timers(tx, older.id)


def forget_timers(tx: Tx, suggestion_id: str) -> None:
    """Take back what would have woken for a suggestion that has been decided."""
    for kind in ("deadline", "collect", "ask"):
        tx.set_timer(kind, suggestion_id, "", None)


def _notify(tx: Tx, home: Home, firing: Firing, observed: Entry) -> None:
    facts = {
        "rule": firing.rule_id,
        "rule_version": firing.rule_version,
        "members": list(firing.ask),
        "because": dict(observed.facts),
    }
    told = tx.append(Entry("told", firing.subject, facts))
    tell(
        tx,
        home,
        firing.ask or home.adults(),
        tag=tag_of(f"{firing.rule_id}:{firing.subject}"),
        title=firing.title,
        body=firing.body,
        cause=told,
        not_before=firing.ask_at,
    )


def _suggestion(
    tx: Tx, home: Home, firing: Firing, key: str, subject: str, cause: int
) -> Suggestion:
    reasons = tuple(
        Because(text, cause if number == 0 else None)
        for number, text in enumerate(firing.because or (firing.body,))
    )
    return Suggestion(
        id=tx.new_id(),
        key=key,
        kind=firing.kind,
        rule_id=firing.rule_id,
        rule_version=firing.rule_version,
        rule_text=firing.rule_text,
        subject=subject,
        title=firing.title,
        body=firing.body,
        state="proposed",
        version=1,
        because=reasons,
        options=(),
        ask=firing.ask or home.adults(),
        created_at=tx.now,
        deadline=tx.now + timedelta(seconds=firing.expires_after),
        not_before=firing.ask_at,
        deliver_after=_time_of_day(firing.params.get("after")),
        deliver_before=_time_of_day(firing.params.get("before")),
    )


def _time_of_day(value: object) -> time | None:
    return time.fromisoformat(value) if isinstance(value, str) else None


def _collect(tx: Tx, home: Home, suggestion: Suggestion, wants: Sequence[Want]) -> None:
    providers = home.providers.get(GROCERY, ())
    if not providers:
        nobody = (
            "No grocer is known: put one into the registry file that beckn.registry in hub.yaml "
            "names."
        )
        failed = suggestion.moved("failed", outcome=nobody)
        (index,) = tx.save(failed, Entry("failed", suggestion.id, {"reason": nobody}))
        forget_timers(tx, suggestion.id)
        tell(
            tx,
            home,
            suggestion.ask,
            tag=tag_of(suggestion.key),
            title=suggestion.title,
            body=f"{suggestion.body}\n{nobody}",
            cause=index,
        )
        return
    for provider in providers:
        order = _draft(tx, suggestion, provider)
        request(tx, home, order, "discover", wants=wants)
    until = tx.now + timedelta(seconds=home.settings.beckn.collect_seconds)
    tx.set_timer("collect", suggestion.id, "", until)


def _draft(tx: Tx, suggestion: Suggestion, provider: Subscriber) -> Order:
    return Order(
        id=tx.new_id(),
        transaction_id=tx.new_id(),
        suggestion_id=suggestion.id,
        provider=provider,
        provider_name=provider.subscriber_id,
        state="drafted",
        created_at=tx.now,
        updated_at=tx.now,
    )


def wanted(tx: Tx, home: Home, firing: Firing) -> tuple[Want, ...]:
    """Return what to buy: each item up to its target, less what is there or on its way.

    ``params['items']`` names the items; without it, all that are below par. An item whose level
    is not known is not bought, unless the rule names it.
    """
    named = firing.params.get("items")
    if not isinstance(named, list | tuple):
        items = [item for item in home.pantry.values() if _below_par(tx, item)]
        subject = home.pantry.get(firing.subject)
        if subject is not None and subject not in items:
            items.append(subject)
    else:
        items = [home.pantry[name] for name in named if name in home.pantry]
    wants = []
    for item in items:
        level = tx.house.stock.get(item.id)
        there = Decimal(str(level.quantity + level.expected)) if level else Decimal(0)
        missing = _target(item) - there
        if missing > 0:
            wants.append(Want(item.id, item.name, missing, item.unit, item.gtin, item.words))
    return tuple(wants)


def _below_par(tx: Tx, item: PantryItem) -> bool:
    level = tx.house.stock.get(item.id)
    return (
        item.par is not None
        and level is not None
        and Decimal(str(level.quantity + level.expected)) < item.par
    )


def _target(item: PantryItem) -> Decimal:
    if item.target is not None:
        return item.target
    if item.par is not None:
        return item.par * 2
    return item.pack if item.pack is not None else Decimal(1)
