"""Offers: what providers answer before anybody has agreed, and when members are asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from devices.units import UnitError, convert
from hub.domain.matching import match, pick_slot
from hub.domain.orders import Catalog, Line, Order, OrderAnswer, Want
from hub.domain.suggestions import Disclosure, Option, Suggestion
from hub.domain.wording import listed
from hub.flow.ending import end
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
        drop(tx, home, order, answer.error.message if answer.error else "it offers nothing")
        return
    wants = suggestion.wants
    best = max(answer.catalogs, key=lambda catalog: len(match(wants, catalog).lines))
    found = match(wants, best)
    if not found.lines:
        drop(tx, home, order, "it has none of it")
        return
    zone = home.settings.home.zone
    fitting = [slot for slot in best.slots if suggestion.fits(slot, zone)]
    slot = pick_slot(fitting, None, None, tx.now)
    if best.slots and slot is None:
        drop(tx, home, order, "it has no delivery window that fits")
        return
    tx.save_slots(order.id, best.slots)
    missing = [want.name for want in wants if want.item in found.missing]
    chosen = replace(
        order,
        provider_id=best.provider_id,
        provider_name=best.provider_name,
        lines=tuple(_with_piece(home, line, best, wants) for line in found.lines),
        slot=slot,
        note=f"no {listed(missing)} there" if missing else "",
    )
    request(tx, home, chosen, "select")


def _with_piece(home: Home, line: Line, catalog: Catalog, wants: tuple[Want, ...]) -> Line:
    """Note what one piece adds to the pantry, where its size can be told in the item's unit."""
    want = next((want for want in wants if want.item == line.wants), None)
    item = next((item for item in catalog.items if item.item_id == line.item_id), None)
    if want is None or item is None:
        return line
    try:
        piece = convert(float(item.size), item.unit, want.unit)
    except UnitError:
        return line
    return replace(line, piece=Decimal(str(round(piece, 6))))


def on_select(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take a price in: the order is an option now, or its option has changed."""
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or not suggestion.open:
        too_late(tx, order)
        return
    tx.drop_timers("patience", order.id)
    before = next((o for o in suggestion.options if o.order_id == order.id), None)
    if answer.error is not None or answer.quote is None:
        reason = answer.error.message if answer.error else "it gave no price"
        if before is None:
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
    offered(tx, home, suggestion, quoted, changed=before is not None)


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
        note=f"the change was not possible: {reason}",
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
    others = tuple(o for o in suggestion.options if o.order_id != order.id)
    options = cheapest_first((*others, option))
    if not suggestion.asked:
        collected = replace(suggestion, options=options)
        tx.save(collected)
        if not _collecting(tx, suggestion.id):
            ask_now(tx, home, collected)
    elif changed or not others:
        ask(tx, home, replace(suggestion, options=options, version=suggestion.version + 1))
    else:
        too_late(tx, order)


def too_late(tx: Tx, order: Order) -> None:
    """Let go of an offer that came after members were asked or had decided; it bound nobody."""
    reason = "it came too late to be chosen"
    tx.save(order.moved("cancelled", pending=None, reason=reason, updated_at=tx.now))


def cheapest_first(options: Iterable[Option]) -> tuple[Option, ...]:
    """Return offers in the order in which members see them."""
    return tuple(sorted(options, key=lambda o: (o.total.amount, o.provider_name)))


def option_of(home: Home, order: Order) -> Option:
    """Return a quoted order as a choice for members."""
    if order.quote is None:
        raise ValueError(f"order {order.id} has no quote")
    settings = home.settings.home
    return Option(
        id=order.id,
        order_id=order.id,
        provider_id=order.provider.subscriber_id,
        provider_name=order.provider_name,
        lines=order.lines,
        total=order.quote.total,
        window=order.slot.window if order.slot else None,
        note=order.note,
        disclosures=tuple(
            Disclosure(field, order.provider_name, "to bring the order")
            for field in home.settings.beckn.disclose
            if getattr(settings, field) is not None
        ),
    )


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
    if suggestion.options:
        tx.set_timer("collect", suggestion.id, "late", None)
        ask(tx, home, suggestion)
    elif not any(order.pending for order in tx.orders_of(suggestion.id)):
        end(tx, home, suggestion, "failed", "No provider could offer this.")
    else:
        tx.set_timer("collect", suggestion.id, "late", tx.now + LATE)


def drop(tx: Tx, home: Home, order: Order, reason: str) -> None:
    """Let go of an offer that came to nothing; ask with the others once all have answered."""
    failed = order.moved("failed", reason=reason[:300], pending=None, updated_at=tx.now)
    tx.save(failed, Entry("no_offer", order.id, {"reason": reason[:300]}))
    tx.drop_timers("patience", order.id)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or not suggestion.open:
        return
    if suggestion.asked:
        remaining = tuple(o for o in suggestion.options if o.order_id != order.id)
        if remaining and len(remaining) == len(suggestion.options):
            return
        if remaining:
            version = suggestion.version + 1
            ask(tx, home, replace(suggestion, options=remaining, version=version))
        else:
            end(tx, home, suggestion, "failed", f"{order.provider_name}: {reason}")
        return
    remaining = tuple(o for o in suggestion.options if o.order_id != order.id)
    if len(remaining) != len(suggestion.options):
        suggestion = replace(suggestion, options=remaining)
        tx.save(suggestion)
    if not _collecting(tx, suggestion.id):
        ask_now(tx, home, suggestion)


def unanswered(tx: Tx, home: Home, order: Order, reason: str) -> None:
    """Nothing came of asking for an offer: the one before it stands, where there is one."""
    suggestion = tx.suggestion(order.suggestion_id)
    before = None
    if suggestion is not None and suggestion.open:
        before = next((o for o in suggestion.options if o.order_id == order.id), None)
    if suggestion is not None and before is not None:
        keep_old_offer(tx, home, order, suggestion, before, reason)
    else:
        drop(tx, home, order, reason)
