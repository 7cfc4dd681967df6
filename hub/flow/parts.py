"""A basket that is split over two providers: both are asked what their part would cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.domain.orders import Order
from hub.domain.splitting import plan, saves
from hub.domain.suggestions import Suggestion
from hub.domain.tongue import phrase
from hub.flow.choose import arranged, offer_of, option_of
from hub.flow.home import Home
from hub.flow.requests import request
from hub.flow.tell import ask
from hub.store.tx import Entry, Tx


def begun(tx: Tx, home: Home, suggestion: Suggestion) -> bool:
    """Ask two providers for the parts of a basket, where that promises to save enough.

    Returns True when members are to be asked only once those have answered. It is tried once.
    """
    saving = home.settings.beckn.split_over
    if saving is None or suggestion.split_tried:
        return False
    offers = [offer_of(tx, home, option) for option in suggestion.options if not option.also]
    found = plan(offers, suggestion.wants, saving=saving, currency=home.settings.home.currency)
    if found is None:
        return False
    facts = {"at": sorted(found.parts), "estimate": str(found.estimate)}
    tx.save(replace(suggestion, split_tried=True), Entry("split_asked", suggestion.id, facts))
    part_of = tx.new_id()
    for order_id, lines in found.parts.items():
        whole = tx.house.orders[order_id]
        part = replace(
            whole,
            id=tx.new_id(),
            transaction_id=tx.new_id(),
            state="drafted",
            lines=lines,
            quote=None,
            order_id=None,
            last_message_id=None,
            note="",
            part_of=part_of,
            created_at=tx.now,
        )
        tx.save_slots(part.id, tx.house.slots.get(order_id, ()))
        request(tx, home, part, "select")
    until = tx.now + timedelta(seconds=home.settings.beckn.collect_seconds)
    tx.set_timer("collect", suggestion.id, "", until)
    return True


def parts_of(tx: Tx, suggestion_id: str, part_of: str) -> list[Order]:
    """Return the live parts of a split basket, in an order that does not change."""
    found = [order for order in tx.orders_of(suggestion_id) if order.part_of == part_of]
    return sorted(found, key=lambda order: (order.provider_name, order.id))


def joined(tx: Tx, home: Home, suggestion: Suggestion, part_of: str) -> bool:
    """Make one option of the parts once all have their price; False while one is awaited.

    Parts that do not save what was hoped for are let go, and so are those that come too late.
    """
    orders = parts_of(tx, suggestion.id, part_of)
    if any(order.pending is not None or order.quote is None for order in orders):
        return False
    saving = home.settings.beckn.split_over
    option = option_of(home, *orders)
    known = any(one.id == option.id for one in suggestion.options)
    others = tuple(one for one in suggestion.options if one.id != option.id)
    if not known:
        alone = arranged(tx, home, suggestion, others)
        worth = saving is not None and bool(alone) and saves(option.total, alone[0].total, saving)
        if suggestion.asked or not worth:
            let_go(tx, home, orders[0], phrase("it would not save enough"))
            return True
    options = arranged(tx, home, suggestion, (*others, option))
    if suggestion.asked:
        ask(tx, home, replace(suggestion, options=options, version=suggestion.version + 1))
    else:
        tx.save(replace(suggestion, options=options))
    return True


def let_go(tx: Tx, home: Home, order: Order, reason: str) -> None:
    """Drop every part of a split basket, and the option that they were."""
    for part in parts_of(tx, order.suggestion_id, order.part_of):
        gone = part.moved("cancelled", pending=None, reason=reason[:300], updated_at=tx.now)
        tx.save(gone, Entry("no_offer", part.id, {"reason": reason[:300]}))
        tx.drop_timers("patience", part.id)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or not suggestion.open:
        return
    others = tuple(one for one in suggestion.options if one.id != order.part_of)
    if len(others) == len(suggestion.options):
        return
    options = arranged(tx, home, suggestion, others)
    if suggestion.asked:
        ask(tx, home, replace(suggestion, options=options, version=suggestion.version + 1))
    else:
        tx.save(replace(suggestion, options=options))
