"""Asking a provider what it would really do about an order, before anybody is asked.

It is an ``update`` with ``preview``, which changes nothing: in the order's own window it tells the
windows there are, in another one whether that can be had and for how much. What came of it is
noted in the case that it was asked for; what follows is decided at the end of the unit of work
(``hub/flow/conflicts.py``).
"""

from __future__ import annotations

from dataclasses import replace

from hub.domain.cases import Case
from hub.domain.offers import DeliverySlot
from hub.domain.orders import Change, Order, OrderAnswer
from hub.flow.changes import begin, cost, with_terms
from hub.flow.home import Home
from hub.store.tx import Entry, Tx


def probe(tx: Tx, home: Home, order: Order, slot: DeliverySlot, case: Case) -> None:
    """Ask whether an order could come in a window; in its own one: which windows there are."""
    begin(tx, home, order, Change("move", "", slot, conflict=case.id))


def probed(tx: Tx, home: Home, order: Order, change: Change, answer: OrderAnswer) -> None:
    """Note what a provider said to a probe."""
    tx.drop_timers("patience", order.id)
    if answer.slots:
        tx.save_slots(order.id, answer.slots)
    known = replace(with_terms(order, answer), change=None, pending=None, pending_message_id=None)
    case = tx.house.cases.get(change.conflict)
    slot = change.slot
    if case is None or slot is None:
        tx.save(known)
        return
    case = replace(case, unheard=False, silent=0)
    if order.slot is not None and slot.window == order.slot.window:
        # What it offered before is no promise: each window is asked for before it is proposed.
        offered = answer.slots or tx.house.slots.get(order.id, ())
        tx.save_case(case.answered(offered))
        tx.save(known, Entry("windows_told", order.id, {"count": len(offered)}))
        return
    fee = cost(order, change, answer)
    currency = home.settings.home.currency
    if answer.error is not None or (
        fee is not None and (fee.currency != currency or fee.amount < 0)
    ):
        reason = answer.error.message if answer.error else f"it asks {fee}"
        tx.save_case(case.refusing(slot.window))
        tx.save(known, Entry("window_refused", order.id, {"reason": reason[:300]}))
        return
    told = replace(change, fee=fee, quote=answer.quote, priced=True)
    tx.save_case(replace(case, slot=slot, fee=fee, priced=True))
    facts = {"kind": "move", "fee": str(fee or "")}
    tx.save(replace(known, change=told), Entry("change_priced", order.id, facts))
