"""Placing what a member agreed to: as it was agreed, or they are asked again.

A basket that is split is confirmed only when both providers have said that they will bring it as
agreed: until then nobody is bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub.domain.names import folded
from hub.domain.offers import Domain
from hub.domain.orders import ORDER_LIFE, Line, Order, OrderAnswer
from hub.domain.suggestions import Option, Suggestion
from hub.domain.tongue import capital, later, phrase
from hub.domain.wording import listed, placed_text
from hub.flow.belonging import note
from hub.flow.choose import agreed_choice, arranged, option_of
from hub.flow.ending import end
from hub.flow.expected import expect
from hub.flow.home import Home
from hub.flow.offers import answered_lines
from hub.flow.requests import await_answer, request
from hub.flow.shopping import bought
from hub.flow.tell import ask
from hub.store.tx import Entry, Tx

LATEST_DELIVERY = timedelta(days=1)
"""When an order that names no window should have come."""
PLACED = ("confirmed", "in_progress")
_ON_CONFIRMING = later("on confirming, ")
OTHER_THINGS: dict[Domain, str] = {
    "grocery": later("it brings other things"),
    "ride": later("another vehicle comes"),
    "restaurant": later("it is another table"),
    "neighbour": later("it brings other things"),
}


def on_init(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Confirm what the provider will bring, if it is what was agreed; else ask again."""
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or suggestion.state != "approved":
        return
    tx.drop_timers("patience", order.id)
    if answer.error is not None:
        fail(tx, home, order, answer.error.message)
        return
    agreed = order.approved_total
    if answer.quote and agreed and answer.quote.total.currency != agreed.currency:
        asks = answer.quote.total.currency
        fail(
            tx,
            home,
            order,
            phrase(
                "it suddenly asks in {asks}, not in {currency}", asks=asks, currency=agreed.currency
            ),
        )
        return
    initialised = order.moved(
        "initialised",
        lines=answered_lines(order, answer),
        slot=answer.slot or order.slot,
        quote=answer.quote or order.quote,
        order_id=answer.order_id or order.order_id,
        cancellation=answer.cancellation or order.cancellation,
        rescheduling=answer.rescheduling or order.rescheduling,
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    changed = differences(order, initialised)
    if answer.table and order.table and answer.table.party_size != order.table.party_size:
        changed.append(phrase("it is for {party_size}", party_size=answer.table.party_size))
    if changed:
        note = phrase("the offer changed after you agreed: {changed}", changed=listed(changed))
        facts = {"total": str(initialised.quote and initialised.quote.total), "changed": changed}
        tx.save(
            initialised.moved("quoted", note=note), Entry("changed_by_provider", order.id, facts)
        )
        _take_back(tx, suggestion, order.id)
        reopen(tx, home, suggestion)
        return
    tx.save(initialised)
    chosen = suggestion.option_with(order.id)
    together = [tx.house.orders.get(one) for one in chosen.orders] if chosen else [initialised]
    ready = [one for one in together if one is not None and one.state == "initialised"]
    if len(ready) == len(together):
        for one in ready:
            await_answer(tx, home, request(tx, home, one, "confirm"))


def differences(agreed: Order, now: Order) -> list[str]:
    """Say what about an order is not as it was agreed: its price, its window, what it brings.

    A lower price is no difference that anybody would mind.
    """
    found = []
    most = agreed.approved_total
    if now.quote is None or most is None:
        found.append(phrase("it names no price"))
    elif now.quote.total.currency != most.currency or now.quote.total.amount > most.amount:
        found.append(phrase("it costs {total} instead of {most}", total=now.quote.total, most=most))
    if (now.slot.window if now.slot else None) != (agreed.slot.window if agreed.slot else None):
        found.append(_another_time(agreed))
    if _contents(now.lines) != _contents(agreed.lines):
        found.append(phrase(OTHER_THINGS[agreed.domain]))
    return found


def _another_time(agreed: Order) -> str:
    if agreed.table is not None:
        return phrase("it is at another time")
    return phrase("it comes at another time")


def _contents(lines: Sequence[Line]) -> dict[str, tuple[int, str]]:
    return {line.item_id: (line.count, " ".join(folded(line.name).split())) for line in lines}


def _take_back(tx: Tx, suggestion: Suggestion, but: str) -> None:
    """Return the other parts of a split basket to being offers: nobody is bound yet."""
    chosen = suggestion.option_with(but)
    for order_id in chosen.orders if chosen else ():
        order = tx.house.orders.get(order_id)
        if order is not None and order_id != but and order.state in ("quoted", "initialised"):
            tx.drop_timers("patience", order_id)
            tx.save(order.moved("quoted", pending=None, pending_message_id=None))


def reopen(tx: Tx, home: Home, suggestion: Suggestion) -> None:
    """Ask again about an approved suggestion: its offer changed, or its provider cannot.

    What is offered is what the orders behind each option say now; what has ended is gone.
    """
    options = []
    for option in suggestion.options:
        orders = [tx.house.orders.get(order_id) for order_id in option.orders]
        live = [order for order in orders if order is not None and order.quote is not None]
        if len(live) == len(orders):
            options.append(option_of(home, *live))
    asked_again = suggestion.moved(
        "proposed",
        options=arranged(tx, home, suggestion, options),
        version=suggestion.version + 1,
        chosen=None,
        decided_by=None,
        decided_at=None,
        outcome="",
        deadline=max(suggestion.deadline, tx.now + timedelta(minutes=30)),
    )
    tx.set_timer("deadline", suggestion.id, "", asked_again.deadline)
    tx.save(asked_again, Entry("reopened", suggestion.id, {"version": asked_again.version}))
    if agreed_choice(tx, home, asked_again) is not None:
        # Another offer that the same yes covers: the clock takes it.
        tx.save(replace(asked_again, asked=False))
        tx.set_timer("auto", suggestion.id, "", tx.now)
        return
    ask(tx, home, asked_again)


def on_confirm(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take the provider's yes or no to an order; nobody is bound by a yes that nobody asked for."""
    if order.state != "initialised" or order.pending != "confirm":
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
        agent=answer.agent or order.agent,
        cancellation=answer.cancellation or order.cancellation,
        rescheduling=answer.rescheduling or order.rescheduling,
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    total = done.quote.total if done.quote else done.approved_total
    facts: dict[str, object] = {
        "order_id": done.order_id,
        "provider": done.provider_name,
        "total": str(total),
    }
    odd = _odd(order, done, answer)
    if odd:
        facts["stated"] = odd
        done = replace(done, note=phrase(_ON_CONFIRMING) + listed(odd))
    if answer.slots:
        tx.save_slots(done.id, answer.slots)
    tx.save(done, Entry("confirmed", order.id, facts))
    tx.drop_timers("patience", order.id)
    expect(tx, done)
    bought(tx, home, done)
    follow(tx, done)
    note(tx, done.about, "booked", done.id)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is not None and suggestion.state == "approved":
        _all_answered(tx, home, suggestion, suggestion.option_with(order.id), done)


def follow(tx: Tx, order: Order) -> None:
    """Have the clock ask how an order fares once its window is over."""
    tx.drop_timers("follow", order.id)
    over = order.slot.window.end if order.slot else tx.now + LATEST_DELIVERY
    tx.set_timer("follow", order.id, "", over)


def _odd(agreed: Order, done: Order, answer: OrderAnswer) -> list[str]:
    """Say what a confirmation states that is not what it confirms."""
    total = done.quote.total if done.quote else done.approved_total
    odd = []
    if answer.quote is not None and answer.quote.total != total:
        odd.append(phrase("it now says {total}", total=answer.quote.total))
    if agreed.slot and done.slot and done.slot.window != agreed.slot.window:
        odd.append(_another_time(agreed))
    if answer.lines and _contents(answered_lines(agreed, answer)) != _contents(agreed.lines):
        odd.append(phrase(OTHER_THINGS[agreed.domain]))
    return odd


def _all_answered(
    tx: Tx, home: Home, suggestion: Suggestion, option: Option | None, done: Order
) -> None:
    """Close the suggestion once every provider of what was chosen has said yes or no."""
    orders = [tx.order(one) for one in option.orders] if option else [done]
    known = [order for order in orders if order is not None]
    if any(order.state in ("quoted", "initialised") for order in known):
        return
    placed = [order for order in known if order.state in (*PLACED, "completed")]
    words = [_ordered(home, tx, order) for order in placed]
    words += [
        phrase(
            "{provider_name} did not take its part ({reason}): {lines} were not ordered.",
            provider_name=order.provider_name,
            reason=order.reason,
            lines=listed([line.name for line in order.lines]),
        )
        for order in known
        if order not in placed
    ]
    end(
        tx,
        home,
        suggestion,
        "carried_out",
        " ".join(words),
        keep=[order.id for order in placed],
    )


def _ordered(home: Home, tx: Tx, order: Order) -> str:
    total = order.quote.total if order.quote else order.approved_total
    zone = home.settings.home.zone
    odd = order.note.removeprefix(phrase(_ON_CONFIRMING))
    doubt = phrase(" {odd}; ask it why.", odd=capital(odd)) if odd != order.note else ""
    return phrase(
        "{placed} Order {order_id}.{doubt}",
        placed=placed_text(order, total, zone, tx.now),
        order_id=order.order_id,
        doubt=doubt,
    )


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
    option = suggestion.option_with(order.id)
    others = [tx.order(one) for one in (option.orders if option else ()) if one != order.id]
    siblings = [other for other in others if other is not None]
    if any(o.state in (*PLACED, "completed") or o.pending == "confirm" for o in siblings):
        # The other part is bought, or may be: this is told together with what becomes of that.
        _all_answered(tx, home, suggestion, option, failed)
        return
    for sibling in siblings:
        if not ORDER_LIFE.ended(sibling.state):
            tx.drop_timers("patience", sibling.id)
            tx.save(
                sibling.moved("cancelled", pending=None, reason=phrase("its other part failed"))
            )
    if not outcome:
        outcome = phrase(
            "{provider_name} did not take the order ({reason}); nothing was ordered.",
            provider_name=order.provider_name,
            reason=reason,
        )
    if any(tx.house.orders.get(one.order_id) is not None for one in suggestion.options):
        reopen(tx, home, replace(suggestion, body=f"{outcome}\n{suggestion.body}"))
    else:
        end(tx, home, suggestion, "failed", outcome)
