"""Offers: what providers answer before anybody has agreed, and when members are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub.domain import wishing
from hub.domain.limits import is_among
from hub.domain.matching import Match, match, pick_slot
from hub.domain.offers import Catalog, RideWish, TableWish
from hub.domain.orders import Line, Order, OrderAnswer, Want
from hub.domain.suggestions import Option, Suggestion
from hub.domain.tongue import phrase
from hub.domain.wording import listed, listed_fields, listed_or
from hub.flow import parts
from hub.flow.agenda import unwelcome
from hub.flow.belonging import note
from hub.flow.choose import arranged, option_of
from hub.flow.ending import end
from hub.flow.gate import withheld
from hub.flow.home import Home
from hub.flow.requests import request
from hub.flow.tell import ask
from hub.store.tx import Entry, Tx

LATE = timedelta(minutes=5)
"""How much longer an offer is waited for where there is none at all."""


def on_discover(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Choose from a provider's catalogue what is wanted, and ask what it costs in all."""
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or not suggestion.open or (suggestion.options and suggestion.asked):
        too_late(tx, order)
        return
    if answer.error is not None or not answer.catalogs:
        drop(tx, home, order, answer.error.message if answer.error else phrase("it offers nothing"))
        return
    never = home.settings.limits.never
    who = order.provider.subscriber_id
    catalogs = [
        catalog
        for catalog in answer.catalogs
        if not is_among(never, who, catalog.provider_id, catalog.provider_name)
    ]
    if not catalogs:
        drop(tx, home, order, phrase("this household never buys there (limits.never in hub.yaml)"))
        return
    wish = wishing.wish_of(order)
    if wish is not None:
        _choose_wish(tx, home, order, wish, catalogs, noted=suggestion.agreed is None)
        return
    wants = suggestion.wants
    matched = [(match(wants, catalog), catalog) for catalog in catalogs]
    found, best = max(matched, key=lambda one: len(one[0].lines))
    order = replace(order, provider_id=best.provider_id, provider_name=best.provider_name)
    if not found.lines:
        drop(tx, home, order, phrase("it has none of it"))
        return
    if _asks_too_much(tx, home, order, best):
        return
    zone = home.settings.home.zone
    fitting = [slot for slot in best.slots if suggestion.fits(slot, zone)]
    away = unwelcome(tx.house, home, (one.window for one in fitting), tx.now)
    slot = pick_slot(fitting, None, None, tx.now, away)
    if best.slots and slot is None:
        drop(tx, home, order, phrase("it has no delivery window that fits"))
        return
    tx.save_slots(order.id, best.slots)
    chosen = replace(
        order,
        lines=found.lines,
        slot=slot,
        note=_lacking(found, wants),
        score=best.score,
        needs=best.needs,
    )
    request(tx, home, chosen, "select")


def _asks_too_much(tx: Tx, home: Home, order: Order, catalog: Catalog) -> bool:
    """Let go of an offer whose provider must know what it is not told."""
    hidden = withheld(home, tx.house, replace(order, needs=catalog.needs), tx.now)
    if hidden:
        told = listed_fields(hidden)
        drop(
            tx,
            home,
            order,
            phrase(
                "it must know your {told} (home and beckn.disclose in hub.yaml, or you said never)",
                told=told,
            ),
        )
    return bool(hidden)


def _choose_wish(
    tx: Tx,
    home: Home,
    order: Order,
    wish: RideWish | TableWish,
    catalogs: Sequence[Catalog],
    *,
    noted: bool,
) -> None:
    """Choose a vehicle or a table, and ask what it costs; ``noted``: members will look at it."""
    found = [(wishing.choose(catalog, wish, tx.now), catalog) for catalog in catalogs]
    able = [(one, catalog) for one, catalog in found if isinstance(one, wishing.Choice)]
    if not able:
        drop(tx, home, order, next(str(one) for one, _ in found))
        return
    choice, best = min(able, key=lambda one: one[0].line.price.amount)
    order = replace(
        order,
        provider_id=best.provider_id,
        provider_name=best.provider_name,
        lines=(choice.line,),
        slot=choice.slot,
        note="; ".join(choice.notes) if noted else "",
        score=best.score,
        needs=best.needs,
        gps=best.gps,
    )
    if _asks_too_much(tx, home, order, best):
        return
    tx.save_slots(order.id, best.slots)
    request(tx, home, order, "select")


def _lacking(found: Match, wants: Sequence[Want]) -> str:
    """Say what could not be had, and where something was near enough to look at."""
    missing = [want.name for want in wants if want.item in found.missing]
    if not missing:
        return ""
    near = [phrase("{name} is sold in another unit", name=name) for _, name in found.unsized]
    return phrase("no {names} there", names=listed_or(missing)) + (
        f" ({listed(near)})" if near else ""
    )


def on_select(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take a price in: the order is an option now, or its option has changed."""
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or not suggestion.open:
        too_late(tx, order)
        return
    tx.drop_timers("patience", order.id)
    before = suggestion.option_with(order.id)
    reason = _no_price(home, answer)
    wish = wishing.wish_of(order)
    if not reason and wish is not None:
        if not wishing.suits(answer.slot or order.slot, wish, tx.now):
            reason = phrase("it names a time that does not suit")
        elif _another_size(order, answer):
            reason = phrase("it would be another table than was asked for")
    if reason and order.ride is not None and order.slot is not None and before is None:
        # Not every vehicle can be had at each of its provider's times.
        request(tx, home, replace(order, slot=None), "select")
        return
    if reason or answer.quote is None:
        if before is None or order.part_of:
            drop(tx, home, order, reason)
        else:
            keep_old_offer(tx, home, order, suggestion, before, reason)
        return
    quoted = order.moved(
        "quoted",
        lines=answered_lines(order, answer),
        slot=answer.slot or order.slot,
        quote=answer.quote,
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    if answer.slots:
        tx.save_slots(order.id, answer.slots)
    tx.save(quoted, Entry("quoted", order.id, {"total": str(answer.quote.total)}))
    if not order.part_of:
        offered(tx, home, suggestion, quoted, changed=before is not None)
    elif parts.joined(tx, home, suggestion, order.part_of):
        asked_by_now(tx, home, suggestion.id)


def _another_size(order: Order, answer: OrderAnswer) -> bool:
    ours, theirs = order.table, answer.table
    return ours is not None and theirs is not None and ours.party_size != theirs.party_size


def _no_price(home: Home, answer: OrderAnswer) -> str:
    """Say why an answer is no price that can be agreed to; empty where it is one."""
    if answer.error is not None:
        return answer.error.message or phrase("it would not give a price")
    if answer.quote is None:
        return phrase("it gave no price")
    total, own = answer.quote.total, home.settings.home.currency
    if total.currency != own:
        return phrase(
            "it asks in {currency}, and this household pays in {own}",
            currency=total.currency,
            own=own,
        )
    return phrase("it asks {total}, which is no price", total=total) if total.amount < 0 else ""


def answered_lines(order: Order, answer: OrderAnswer) -> tuple[Line, ...]:
    """Return the provider's lines, each with what it is for in the pantry."""
    ours = {line.item_id: line for line in order.lines}
    lines = answer.lines or order.lines
    return tuple(
        replace(
            line,
            wants=ours[line.item_id].wants,
            piece=ours[line.item_id].piece,
            name=line.name or ours[line.item_id].name,
        )
        if line.item_id in ours
        else line
        for line in lines
    )


def keep_old_offer(
    tx: Tx, home: Home, order: Order, suggestion: Suggestion, option: Option, reason: str
) -> None:
    """A changed basket was refused: the offer before it stands."""
    slots = tx.house.slots.get(order.id, ())
    slot = next((slot for slot in slots if slot.window == option.window), order.slot)
    restored = replace(
        order,
        lines=option.lines,
        slot=slot,
        pending=None,
        pending_message_id=None,
        note=phrase("the change was not possible: {reason}", reason=reason),
        updated_at=tx.now,
    )
    tx.save(restored, Entry("change_refused", order.id, {"reason": reason}))
    offered(tx, home, suggestion, restored, changed=True)


def offered(tx: Tx, home: Home, suggestion: Suggestion, order: Order, *, changed: bool) -> None:
    """Put an order's quote among the options of its suggestion, and ask when it is time.

    Members are asked once all offers are there or the time to collect is over. A later offer is
    added only where it is the first; a changed one makes a new version, and old buttons void.
    """
    option = option_of(home, order)
    others = tuple(o for o in suggestion.options if order.id not in o.orders)
    options = arranged(tx, home, suggestion, (*others, option))
    if not suggestion.asked:
        collected = replace(suggestion, options=options)
        tx.save(collected)
        asked_by_now(tx, home, collected.id)
    elif changed or not others:
        ask(tx, home, replace(suggestion, options=options, version=suggestion.version + 1))
    else:
        too_late(tx, order)


def too_late(tx: Tx, order: Order) -> None:
    """Let go of an offer that came after members were asked or had decided; it bound nobody."""
    reason = phrase("it came too late to be chosen")
    tx.save(order.moved("cancelled", pending=None, reason=reason, updated_at=tx.now))


def _collecting(tx: Tx, suggestion_id: str) -> bool:
    """Tell whether offers are still awaited: the time is not over and somebody has not answered."""
    if ("collect", suggestion_id, "") not in tx.house.timers:
        return False
    return any(order.pending is not None for order in tx.orders_of(suggestion_id))


def ask_now(tx: Tx, home: Home, suggestion: Suggestion) -> None:
    """Ask with the offers there are; with none and nobody left to answer, give up and say so.

    Who is slow gets a little longer where nobody else has offered anything (``tick``, *late*).
    """
    tx.set_timer("collect", suggestion.id, "", None)
    if suggestion.kind == "social_meal":
        # There are homes to eat at besides the tables: whose meal it is asks.
        note(tx, suggestion.about, "collected", suggestion.id)
        return
    if parts.begun(tx, home, suggestion):
        return
    if suggestion.options:
        tx.set_timer("collect", suggestion.id, "late", None)
        if suggestion.agreed or suggestion.rule_id in home.settings.limits.auto_approve:
            # The clock lets the rule decide, or asks; it does not wake anybody before its time.
            tx.set_timer("auto", suggestion.id, "", suggestion.not_before or tx.now)
        else:
            ask(tx, home, suggestion)
    elif not any(order.pending for order in tx.orders_of(suggestion.id)):
        end(tx, home, suggestion, "failed", phrase("No provider could offer this."))
    else:
        tx.set_timer("collect", suggestion.id, "late", tx.now + LATE)


def asked_by_now(tx: Tx, home: Home, suggestion_id: str) -> None:
    """Ask, if everybody who was asked for an offer has answered."""
    suggestion = tx.suggestion(suggestion_id)
    if (
        suggestion is not None
        and suggestion.open
        and not suggestion.asked
        and not _collecting(tx, suggestion.id)
    ):
        ask_now(tx, home, suggestion)


def drop(tx: Tx, home: Home, order: Order, reason: str) -> None:
    """Let go of an offer that came to nothing; ask with the others once all have answered."""
    if order.part_of:
        tx.drop_timers("patience", order.id)
        parts.let_go(tx, home, order, reason)
        asked_by_now(tx, home, order.suggestion_id)
        return
    failed = order.moved("failed", reason=reason[:300], pending=None, updated_at=tx.now)
    tx.save(failed, Entry("no_offer", order.id, {"reason": reason[:300]}))
    tx.drop_timers("patience", order.id)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or not suggestion.open:
        return
    remaining = tuple(o for o in suggestion.options if order.id not in o.orders)
    lost = len(remaining) != len(suggestion.options)
    if lost:
        suggestion = replace(suggestion, options=arranged(tx, home, suggestion, remaining))
    if not suggestion.asked:
        if lost:
            tx.save(suggestion)
        asked_by_now(tx, home, suggestion.id)
    elif not remaining:
        end(tx, home, suggestion, "failed", f"{order.provider_name}: {reason}")
    elif lost:
        ask(tx, home, replace(suggestion, version=suggestion.version + 1))


def unanswered(tx: Tx, home: Home, order: Order, reason: str) -> None:
    """Nothing came of asking for an offer: the one before it stands, where there is one."""
    suggestion = tx.suggestion(order.suggestion_id)
    before = suggestion.option_with(order.id) if suggestion is not None else None
    if suggestion is not None and suggestion.open and before is not None and not order.part_of:
        keep_old_offer(tx, home, order, suggestion, before, reason)
    else:
        drop(tx, home, order, reason)
