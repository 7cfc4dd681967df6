"""Housekeeping: what nobody needs any more goes, so that an SD card does not fill up.

The ledger stays whole. What a household can look back at is kept for more than a year.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select

from hub.domain.orders import ORDER_LIFE
from hub.domain.suggestions import SUGGESTION_LIFE
from hub.store import tables
from hub.store.codec import micros
from hub.store.house import HISTORY_DAYS, quarter_of
from hub.store.tx import Tx

KEYS_KEPT = timedelta(days=30)
"""A broker redelivers within days (``mqtt.session_expiry``), a provider within hours."""
CLOSED_KEPT = timedelta(days=400)
MOST_PARKED = 1_000


def tidy(tx: Tx) -> None:
    """Delete what is old: keys, used tokens, history, cooldowns, parked messages, closed lives."""
    before = micros(tx.now - KEYS_KEPT)
    inbox, spent = tables.core(tables.Inbox), tables.core(tables.SpentToken)
    outbox, parked = tables.core(tables.OutboxRow), tables.core(tables.ParkedRow)
    tx.connection.execute(delete(inbox).where(inbox.c.received_at < before))
    tx.connection.execute(delete(spent).where(spent.c.at < before))
    tx.connection.execute(
        delete(outbox).where(outbox.c.state == "dead", outbox.c.created_at < before)
    )
    newest = select(parked.c.id).order_by(parked.c.at.desc(), parked.c.id.desc())
    tx.connection.execute(delete(parked).where(parked.c.id.not_in(newest.limit(MOST_PARKED))))
    _closed(tx)
    tx.forget_cooldowns()
    tx.forget_history(quarter_of(tx.now) - HISTORY_DAYS * 24 * 4)


def _closed(tx: Tx) -> None:
    before = micros(tx.now - CLOSED_KEPT)
    suggestions, orders = tables.core(tables.SuggestionRow), tables.core(tables.OrderRow)
    slots = tables.core(tables.OfferedSlots)
    closed = [state for state in SUGGESTION_LIFE.moves if SUGGESTION_LIFE.ended(state)]
    ended = [state for state in ORDER_LIFE.moves if ORDER_LIFE.ended(state)]
    tx.connection.execute(
        delete(orders).where(orders.c.state.in_(ended), orders.c.created_at < before)
    )
    tx.connection.execute(
        delete(suggestions).where(
            suggestions.c.state.in_(closed), suggestions.c.created_at < before
        )
    )
    activities = tables.core(tables.ActivityRow)
    past = activities.c.state.in_(("over", "cancelled")), activities.c.start < before
    tx.connection.execute(delete(activities).where(*past))
    meals = tables.core(tables.MealRow)
    eaten = meals.c.state.in_(("over", "cancelled")), meals.c.start < before
    tx.connection.execute(delete(meals).where(*eaten))
    live = select(orders.c.id).where(orders.c.state.not_in(ended))
    tx.connection.execute(delete(slots).where(slots.c.order_id.not_in(live)))
