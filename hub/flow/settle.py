"""What comes back from providers: each ``on_…`` moves its order, and the suggestion behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from devices.units import UnitError, convert
from hub.domain.matching import match, pick_slot
from hub.domain.orders import (
    ORDER_LIFE,
    Catalog,
    Line,
    Order,
    OrderAnswer,
    Want,
)
from hub.domain.suggestions import Disclosure, Option, Suggestion
from hub.domain.wording import listed, window_text
from hub.flow.expected import expect, expect_no_more
from hub.flow.home import Home
from hub.flow.requests import await_answer, request
from hub.flow.suggest import forget_timers
from hub.flow.tell import ask, tell_outcome
from hub.store.tx import Entry, Tx

LATE = timedelta(minutes=5)
"""How much longer an offer is waited for where there is none at all."""
LATEST_DELIVERY = timedelta(days=1)
"""When an order that names no window should have come."""
SETTLED_IN = timedelta(hours=12)
"""After this long what was delivered shows in the levels, or will never."""
PLACED = ("confirmed", "in_progress")


def settle(tx: Tx, home: Home, answer: OrderAnswer) -> bool:
    """Take one verified callback in; False when it was known already.

    An answer to nothing that was asked, or from somebody else than who was asked, goes into the
    ledger as refused and changes nothing.
    """
    key = f"beckn:{answer.sender.subscriber_id}:{answer.action}:{answer.message_id}"
    if not tx.first_time(key):
        return False
    order = tx.order_by_transaction(answer.transaction_id)
    if order is None or order.provider.subscriber_id != answer.sender.subscriber_id:
        facts = {"from": answer.sender.subscriber_id, "transaction_id": answer.transaction_id}
        tx.append(Entry("answer_refused", answer.action, facts))
        return True
    facts = {"from": answer.sender.subscriber_id, "message_id": answer.message_id}
    if answer.error is not None:
        facts["error"] = f"{answer.error.code}: {answer.error.message}"[:300]
    tx.append(Entry(f"on_{answer.action}_received", order.id, facts))
    if ORDER_LIFE.ended(order.state):
        return True
    step = _STEPS.get(answer.action)
    awaited = order.pending == answer.action and order.pending_message_id == answer.message_id
    if step is not None and (awaited or answer.action in ("status", "confirm", "cancel")):
        step(tx, home, order, answer)
    return True


# -- offers ------------------------------------------------------------------------------------


def _on_discover(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
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


def _on_select(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
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
        lines=_answered_lines(order, answer),
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


def _answered_lines(order: Order, answer: OrderAnswer) -> tuple[Line, ...]:
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


# -- orders ------------------------------------------------------------------------------------


def _on_init(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or suggestion.state != "approved":
        return
    tx.drop_timers("patience", order.id)
    if answer.error is not None:
        fail(tx, home, order, answer.error.message)
        return
    initialised = order.moved(
        "initialised",
        lines=_answered_lines(order, answer),
        slot=answer.slot or order.slot,
        quote=answer.quote or order.quote,
        order_id=answer.order_id or order.order_id,
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    agreed = suggestion.option(order.id)
    if not _as_agreed(initialised, agreed):
        back = initialised.moved("quoted", note="the offer changed after you agreed")
        tx.save(
            back,
            Entry("changed_by_provider", order.id, {"total": str(back.quote and back.quote.total)}),
        )
        reopen(tx, home, suggestion, back)
        return
    await_answer(tx, home, request(tx, home, initialised, "confirm"))


def _as_agreed(order: Order, agreed: Option) -> bool:
    """Tell whether it costs no more, and comes when and as it was approved."""
    if order.quote is None or order.approved_total is None:
        return False
    total = order.quote.total
    same_counts = {line.item_id: line.count for line in order.lines} == {
        line.item_id: line.count for line in agreed.lines
    }
    return (
        total.currency == order.approved_total.currency
        and total.amount <= order.approved_total.amount
        and (order.slot.window if order.slot else None) == agreed.window
        and same_counts
    )


def reopen(tx: Tx, home: Home, suggestion: Suggestion, order: Order | None) -> None:
    """Ask again about an approved suggestion: its offer changed, or its provider cannot."""
    options = tuple(o for o in suggestion.options if order is None or o.order_id != order.id)
    if order is not None and not ORDER_LIFE.ended(order.state):
        options = cheapest_first((option_of(home, order), *options))
    asked_again = suggestion.moved(
        "proposed",
        options=options,
        version=suggestion.version + 1,
        chosen=None,
        decided_by=None,
        decided_at=None,
        outcome="",
        deadline=max(suggestion.deadline, tx.now + timedelta(minutes=30)),
    )
    tx.set_timer("deadline", suggestion.id, "", asked_again.deadline)
    tx.save(asked_again, Entry("reopened", suggestion.id, {"version": asked_again.version}))
    ask(tx, home, asked_again)


def _on_confirm(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    if order.state != "initialised":
        return
    if answer.error is not None:
        fail(tx, home, order, answer.error.message)
        return
    confirmed(tx, home, order, answer)


def confirmed(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take a provider's confirmation in: the order stands, and the suggestion is carried out."""
    done = order.moved(
        "confirmed",
        order_id=answer.order_id or order.order_id,
        fulfillment_state=answer.fulfillment_state,
        slot=answer.slot or order.slot,
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    total = done.quote.total if done.quote else done.approved_total
    stated = answer.quote.total if answer.quote else total
    facts = {"order_id": done.order_id, "provider": done.provider_name, "total": str(total)}
    if stated != total:
        facts["stated"] = str(stated)
    tx.save(done, Entry("confirmed", order.id, facts))
    tx.drop_timers("patience", order.id)
    expect(tx, done)
    over = done.slot.window.end if done.slot else tx.now + LATEST_DELIVERY
    tx.set_timer("follow", order.id, "", over)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or suggestion.state != "approved":
        return
    when = (
        f", {window_text(done.slot.window, home.settings.home.zone, tx.now)}" if done.slot else ""
    )
    end(
        tx,
        home,
        suggestion,
        "carried_out",
        f"Ordered at {done.provider_name} for {total}{when}. Order {done.order_id}."
        + (f" It now says {stated}; ask it why." if stated != total else ""),
        keep=order.id,
    )


def _on_status(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    if order.pending == "confirm":
        _after_doubt(tx, home, order, answer)
        return
    if answer.error is not None or answer.state is None:
        return
    if answer.state in ("cancelled", "failed"):
        _on_cancel(tx, home, order, answer)
        return
    if order.state not in PLACED or answer.state not in ORDER_LIFE.moves[order.state]:
        # A status tells how a placed order fares; it can neither quote nor place one.
        return
    moved = order.moved(
        answer.state,
        fulfillment_state=answer.fulfillment_state or order.fulfillment_state,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    tx.save(
        moved, Entry(f"order_{moved.state}", order.id, {"fulfillment": moved.fulfillment_state})
    )
    if ORDER_LIFE.ended(moved.state):
        tx.drop_timers("follow", order.id)
        tx.set_timer("arrived", order.id, "", tx.now + SETTLED_IN)


def _after_doubt(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """A status answers what became of a confirm that may or may not have arrived."""
    if answer.error is not None:
        # The provider knows no such order, so the confirm never arrived: the same message again.
        request(tx, home, order, "confirm", again=True)
    elif answer.state in ("confirmed", "in_progress", "completed"):
        confirmed(tx, home, order, answer)
    elif answer.state in ("cancelled", "failed"):
        fail(tx, home, order, "the provider cancelled it")


def _on_cancel(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    if answer.error is not None or answer.preview:
        return
    if order.state not in PLACED:
        if order.state == "initialised" or order.pending == "init":
            fail(tx, home, order, "the provider cancelled it")
        else:
            drop(tx, home, order, "it was withdrawn")
        return
    gone = order.moved("cancelled", last_message_id=answer.message_id, updated_at=tx.now)
    (index,) = tx.save(gone, Entry("cancelled", order.id, {"by": order.provider_name}))
    tx.drop_timers("follow", order.id)
    expect_no_more(tx, order)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is not None:
        outcome = f"{order.provider_name} cancelled the order {order.order_id}."
        told = replace(suggestion, outcome=outcome)
        tx.save(told)
        tell_outcome(tx, home, told, index)


# -- ends --------------------------------------------------------------------------------------


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


def fail(tx: Tx, home: Home, order: Order, reason: str, *, outcome: str = "") -> None:
    """End an approved order that cannot be; with other offers left, ask about those.

    ``outcome`` is what members are told, where "nothing was ordered" is not the whole truth.
    """
    failed = order.moved("failed", reason=reason[:300], pending=None, updated_at=tx.now)
    tx.save(failed, Entry("order_failed", order.id, {"reason": reason[:300]}))
    tx.drop_timers("patience", order.id)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or suggestion.state != "approved":
        return
    if not outcome:
        outcome = f"{order.provider_name} did not take the order ({reason}); nothing was ordered."
    if any(option.order_id != order.id for option in suggestion.options):
        reopen(tx, home, replace(suggestion, body=f"{outcome}\n{suggestion.body}"), failed)
    else:
        end(tx, home, suggestion, "failed", outcome)


def end(
    tx: Tx,
    home: Home,
    suggestion: Suggestion,
    state: str,
    outcome: str,
    *,
    keep: str = "",
    **changes: object,
) -> Suggestion:
    """Close a suggestion: its other offers go, its timers too, and members are told."""
    for order in tx.orders_of(suggestion.id):
        if order.id != keep:
            tx.save(order.moved("cancelled", pending=None, reason="not chosen", updated_at=tx.now))
    ended = suggestion.moved(state, outcome=outcome, **changes)  # type: ignore[arg-type]
    (index,) = tx.save(ended, Entry(state, suggestion.id, {"outcome": outcome}))
    forget_timers(tx, suggestion.id)
    tell_outcome(tx, home, ended, index)
    if state == "carried_out":
        tx.set_timer("review", "", "", tx.now)
    return ended


_STEPS: dict[str, Callable[[Tx, Home, Order, OrderAnswer], None]] = {
    "discover": _on_discover,
    "select": _on_select,
    "init": _on_init,
    "confirm": _on_confirm,
    "status": _on_status,
    "cancel": _on_cancel,
}
