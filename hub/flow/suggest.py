"""From a rule's firing to a suggestion: told at once, or offers are collected first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from hub.domain.homeassistant import ServiceCall
from hub.domain.orders import Want
from hub.domain.proposals import Firing
from hub.domain.shopping import joined
from hub.domain.suggestions import Because, Suggestion
from hub.domain.tongue import phrase
from hub.flow.asking import opened
from hub.flow.belonging import note
from hub.flow.collect import collect, forget_timers
from hub.flow.home import Home
from hub.flow.meals.hold import held_back
from hub.flow.rides import news as rides
from hub.flow.shopping import listed_wants
from hub.flow.tell import ask, tag_of, tell
from hub.store.tx import Entry, Tx


def suggest(tx: Tx, home: Home, firing: Firing, observed: Entry) -> None:
    """Act on a firing: tell, or make the one open suggestion of its cause.

    ``observed`` is what led to it, for the ledger. When another item runs low before a member
    decided on a basket, a suggestion with both supersedes the first.
    """
    if firing.kind == "ride":
        rides.by_rule(tx, home, firing, observed)
        return
    older = tx.house.open_with(firing.cause_key)
    wants: tuple[Want, ...] = ()
    if firing.kind == "grocery_order":
        wants = wanted(tx, home, firing, older)
        if not wants:
            return
    if older is not None and not _betters(older, wants):
        # Undecided, or approved and being ordered; ``tick`` looks again when that has ended.
        return
    tx.cool_down(firing.rule_id, firing.subject, firing.cooldown)
    if firing.kind == "notify":
        _notify(tx, home, firing, observed)
        return
    if older is not None:
        supersede(tx, older)
    cause = tx.append(observed)
    suggestion = replace(_suggestion(tx, home, firing, cause), wants=wants)
    if firing.kind == "grocery_order":
        suggestion = held_back(tx, home, suggestion)
    facts = {
        "kind": firing.kind,
        "because": [cause],
        "key": suggestion.key,
    }
    opened(tx, suggestion, facts)
    if firing.kind == "grocery_order":
        if firing.cooldown > 0:
            # What runs low while the rule is silent is looked at once it may speak again.
            again = tx.now + timedelta(seconds=firing.cooldown)
            tx.set_timer("review", firing.rule_id, tx.now.isoformat(), again)
        collect(tx, home, suggestion, "grocery", wants=wants)
    else:
        ask(tx, home, suggestion)


def _betters(older: Suggestion, wants: Sequence[Want]) -> bool:
    known = {want.item for want in older.wants}
    return older.open and any(want.item not in known for want in wants)


def supersede(tx: Tx, older: Suggestion) -> None:
    """Close a suggestion that a better one takes the place of, and drop its offers."""
    for order in tx.orders_of(older.id):
        tx.save(order.moved("cancelled", pending=None, reason="superseded", updated_at=tx.now))
    moved = older.moved("superseded", outcome=phrase("A newer suggestion took its place."))
    tx.save(moved, Entry("superseded", older.id, {}))
    forget_timers(tx, older.id)
    note(tx, older.about, "ended", older.id)


def _notify(tx: Tx, home: Home, firing: Firing, observed: Entry) -> None:
    facts = {
        "rule": firing.rule_id,
        "rule_version": firing.rule_version,
        "members": list(firing.ask or home.adults()),
        "tag": tag_of(firing.cause_key),
        "title": firing.title,
        "because": dict(observed.facts),
    }
    told = tx.append(Entry("told", firing.subject, facts))
    tell(
        tx,
        home,
        firing.ask or home.adults(),
        tag=tag_of(firing.cause_key),
        title=firing.title,
        body=firing.body,
        cause=told,
        not_before=firing.ask_at,
        urgent=firing.urgent,
        minor=firing.params.get("importance") == "low",
    )


def _suggestion(tx: Tx, home: Home, firing: Firing, cause: int) -> Suggestion:
    reasons = tuple(
        Because(text, cause if number == 0 else None)
        for number, text in enumerate(firing.because or (firing.body,))
    )
    return Suggestion(
        id=tx.new_id(),
        key=firing.cause_key,
        kind=firing.kind,
        rule_id=firing.rule_id,
        rule_version=firing.rule_version,
        rule_text=firing.rule_text,
        subject=firing.subject,
        title=firing.title,
        body=firing.body,
        state="proposed",
        version=1,
        because=reasons,
        options=(),
        ask=firing.ask or home.adults(),
        created_at=tx.now,
        # Quiet hours do not count: nobody is to miss what they were never asked.
        deadline=(firing.ask_at or tx.now) + timedelta(seconds=firing.expires_after),
        not_before=firing.ask_at,
        deliver_after=_time_of_day(firing.params.get("after")),
        deliver_before=_time_of_day(firing.params.get("before")),
        then=_service_calls(firing),
        urgent=firing.urgent,
        escalate=firing.escalate,
    )


def _service_calls(firing: Firing) -> tuple[ServiceCall, ...]:
    calls: Any = firing.params.get("then", ())
    return tuple(
        ServiceCall(one["service"], tuple(one["entities"]), dict(one["data"])) for one in calls
    )


def _time_of_day(value: object) -> time | None:
    return time.fromisoformat(value) if isinstance(value, str) else None


def wanted(tx: Tx, home: Home, firing: Firing, older: Suggestion | None = None) -> tuple[Want, ...]:
    """Return what a grocery rule wants bought, less what another open suggestion is for.

    The rule says how much (``rules.proposals``): up to par or target, less what is there or on
    its way. ``older`` is the suggestion this one would take the place of.
    """
    asked_for = {
        want.item
        for suggestion in tx.house.suggestions.values()
        if older is None or suggestion.id != older.id
        for want in suggestion.wants
    }
    wants = []
    lines: Any = firing.params.get("items", ())
    for line in lines:
        item = home.pantry.get(line["item"])
        if item is not None and item.id not in asked_for:
            quantity = Decimal(line["quantity"])
            wants.append(Want(item.id, item.name, quantity, item.unit, item.gtin, item.words))
    # What stands on a list waits for a basket; it makes none by itself.
    return joined(wants, listed_wants(tx, home, asked_for)) if wants else ()
