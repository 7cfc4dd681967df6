"""The unit of work: everything one step changes, committed together or not at all.

``save`` is the only way to change a suggestion or an order, and it tells the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from hub.domain.activities import Activity, Planned
from hub.domain.effects import (
    AskMember,
    CallHome,
    ChangeList,
    Effect,
    SendMail,
    SendOrderRequest,
    SendPeerMessage,
    TellMember,
)
from hub.domain.meals import SocialMeal
from hub.domain.orders import ORDER_LIFE, DeliverySlot, Order
from hub.domain.suggestions import SUGGESTION_LIFE, Suggestion
from hub.domain.values import dataclass
from hub.store import tables
from hub.store.codec import dump, load, micros
from hub.store.consents import Consents
from hub.store.diary import lasting, taken
from hub.store.house import House
from hub.store.logbook import Entry
from hub.store.present import storable
from hub.store.sums import summed

__all__ = ["EFFECTS", "Entry", "Tx", "Waiting"]
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An effect that waits to be done, as the pump takes it."""

    id: int
    key: str
    subject: str
    effect: Effect
    attempts: int = 0
    not_before: int = 0
    expires: int | None = None
    leased: bool = False


EFFECTS: dict[str, type[Effect]] = {
    "ask": AskMember,
    "home": CallHome,
    "list": ChangeList,
    "tell": TellMember,
    "order": SendOrderRequest,
    "peer": SendPeerMessage,
    "mail": SendMail,
}
_KIND_OF: dict[type, str] = {effect: kind for kind, effect in EFFECTS.items()}


class Tx(Consents):
    """One unit of work on ``house``, to be written to ``connection``. Only the writer makes one."""

    def __init__(self, house: House, connection: Connection, now: datetime) -> None:
        """Begin; ``now`` is the instant of everything in it (UTC)."""
        super().__init__(house, connection, now)
        self.effects: list[Waiting] = []

    def attempt(self, step: Callable[[], object]) -> None:
        """Do a part that may fail alone; see ``Unit.attempt``."""
        emitted = len(self.effects)
        try:
            super().attempt(step)
        except Exception:
            del self.effects[emitted:]
            raise

    # -- suggestions and orders ---------------------------------------------------------------

    def new_id(self) -> str:
        """Return a random identifier (UUID 4, as Beckn wants for its messages)."""
        return str(uuid4())

    def save(self, thing: Suggestion | Order | Planned | SocialMeal, *entries: Entry) -> list[int]:
        """Save one of them, and tell the ledger; return the entries' indexes."""
        if isinstance(thing, Suggestion):
            self._save_suggestion(thing)
        elif isinstance(thing, Planned):
            self._save_activity(thing)
        elif isinstance(thing, SocialMeal):
            self._save_meal(thing)
        else:
            self._save_order(thing)
        self.page_changed = True
        return [self.append(entry) for entry in entries]

    def _save_suggestion(self, suggestion: Suggestion) -> None:
        house = self.house
        if SUGGESTION_LIFE.ended(suggestion.state):
            if suggestion.kind == "social_meal":
                self.touch_cases()
            self._drop(house.suggestions, suggestion.id)
            if house.open_keys.get(suggestion.key) == suggestion.id:
                self._drop(house.open_keys, suggestion.key)
        else:
            self._set(house.suggestions, suggestion.id, suggestion)
            self._set(house.open_keys, suggestion.key, suggestion.id)
        self._upsert(
            tables.SuggestionRow,
            suggestion.id,
            id=suggestion.id,
            key=suggestion.key,
            state=suggestion.state,
            created_at=micros(suggestion.created_at),
            body=dump(suggestion),
        )

    def _save_order(self, order: Order) -> None:
        house = self.house
        self.touch(taken(house.orders.get(order.id)), taken(order))
        if ORDER_LIFE.ended(order.state):
            self._drop(house.orders, order.id)
            self._drop(house.by_transaction, order.transaction_id)
            self._drop(house.slots, order.id)
            self._delete(tables.OfferedSlots, order.id, order_id=order.id)
            self.consents_over(order.id)
        else:
            self._set(house.orders, order.id, order)
            self._set(house.by_transaction, order.transaction_id, order.id)
        self._upsert(
            tables.OrderRow,
            order.id,
            id=order.id,
            transaction_id=order.transaction_id,
            suggestion_id=order.suggestion_id,
            state=order.state,
            created_at=micros(order.created_at or self.now),
            body=dump(order),
        )

    def _save_activity(self, planned: Planned) -> None:
        what = planned.what
        known = what if isinstance(what, Activity) else None
        before = self.house.activities.get(what.key)
        self.touch(*lasting(before), *lasting(planned))
        if known is not None and known.open:
            self._set(self.house.activities, what.key, planned)
        else:
            self._drop(self.house.activities, what.key)
        self._upsert(
            tables.ActivityRow,
            what.key,
            id=what.key,
            uid=what.uid,
            sequence=what.sequence,
            state=known.state if known else "cancelled",
            start=micros(known.details.window.start if known else what.stamp),
            body=dump(planned),
        )

    def _save_meal(self, meal: SocialMeal) -> None:
        self.touch_cases()
        if meal.ended:
            self._drop(self.house.meals, meal.id)
        else:
            self._set(self.house.meals, meal.id, meal)
        self._upsert(
            tables.MealRow,
            meal.id,
            id=meal.id,
            uid=meal.uid,
            state=meal.state,
            start=micros(meal.window.start),
            body=dump(meal),
        )

    def meal(self, meal_id: str) -> SocialMeal | None:
        """Return a meal by its id, also one that is over or called off."""
        return self.house.meals.get(meal_id) or self._read(tables.MealRow, meal_id, SocialMeal)

    def activity(self, key: str) -> Planned | None:
        """Return an activity by its key, also one that is over or cancelled."""
        return self.house.activities.get(key) or self._read(tables.ActivityRow, key, Planned)

    def save_slots(self, order_id: str, slots: tuple[DeliverySlot, ...]) -> None:
        """Keep the delivery slots offered for an order."""
        self._set(self.house.slots, order_id, slots)
        self._upsert(tables.OfferedSlots, order_id, order_id=order_id, body=dump(slots))

    def suggestion(self, suggestion_id: str) -> Suggestion | None:
        """Return a suggestion, also a closed one."""
        live = self.house.suggestions.get(suggestion_id)
        if live is not None:
            return live
        return self._read(tables.SuggestionRow, suggestion_id, Suggestion)

    def order(self, order_id: str) -> Order | None:
        """Return an order, also an ended one."""
        return self.house.orders.get(order_id) or self._read(tables.OrderRow, order_id, Order)

    def order_by_transaction(self, transaction_id: str) -> Order | None:
        """Return the order of a Beckn transaction, also an ended one."""
        order_id = self.house.by_transaction.get(transaction_id)
        if order_id is not None:
            return self.house.orders[order_id]
        table = tables.core(tables.OrderRow)
        for row in self._upserts.get(table, {}).values():
            # Ended in this very transaction: what the database says of it is out of date.
            if row["transaction_id"] == transaction_id:
                return load(Order, str(row["body"]))
        body = self.connection.execute(
            select(table.c.body).where(table.c.transaction_id == transaction_id)
        ).scalar()
        return None if body is None else load(Order, body)

    def _read(self, table: type[SQLModel], identity: str, kind: type[V]) -> V | None:
        pending = self._upserts.get(tables.core(table), {}).get(identity)
        body = pending["body"] if pending else None
        if body is None:
            columns = tables.core(table).c
            body = self.connection.execute(
                select(columns.body).where(columns.id == identity)
            ).scalar()
        return None if body is None else load(kind, str(body))

    def orders_of(self, suggestion_id: str) -> list[Order]:
        """Return the live orders behind a suggestion."""
        return [o for o in self.house.orders.values() if o.suggestion_id == suggestion_id]

    # -- the outbox ---------------------------------------------------------------------------

    def emit(
        self,
        effect: Effect,
        key: str,
        subject: str,
        *,
        not_before: datetime | None = None,
        expires: datetime | None = None,
    ) -> None:
        """Have an effect done after the commit. ``key`` identifies it for ever."""
        number = self.house.counters["outbox"]
        self._set(self.house.counters, "outbox", number + 1)
        waiting = Waiting(
            number,
            key,
            subject,
            effect,
            not_before=micros(not_before) if not_before else 0,
            expires=micros(expires) if expires else None,
        )
        self._insert(
            tables.OutboxRow,
            id=number,
            kind=_KIND_OF[type(effect)],
            key=key,
            subject=subject,
            body=dump(effect),
            state="waiting",
            attempts=0,
            not_before=waiting.not_before,
            expires=waiting.expires,
            error="",
            created_at=self.at,
        )
        self.effects.append(waiting)

    def done(self, number: int) -> None:
        """Delete a row of the outbox: its effect took place, or is no longer wanted."""
        self._delete(tables.OutboxRow, number, id=number)

    def note_attempt(
        self, number: int, *, state: str, attempts: int = 0, not_before: int = 0, error: str = ""
    ) -> None:
        """Note that a row was leased, will be tried again, or was given up (``dead``)."""
        table = tables.core(tables.OutboxRow)
        self.connection.execute(
            table.update()
            .where(table.c.id == number)
            .values(
                state=state,
                attempts=attempts,
                not_before=not_before,
                error=storable(error[:512]),
            )
        )

    # -- tokens -----------------------------------------------------------------------------

    def spent(self, token_id: str) -> str | None:
        """Return the outcome of an action token that was used, None when it was not."""
        table = tables.core(tables.SpentToken)
        statement = select(table.c.outcome).where(table.c.id == token_id)
        return self.connection.execute(statement).scalar()

    def spend(self, token_id: str, suggestion_id: str, outcome: str) -> None:
        """Note that an action token was used."""
        table = tables.core(tables.SpentToken)
        row = summed(table, id=token_id, suggestion_id=suggestion_id, outcome=outcome, at=self.at)
        self.connection.execute(insert(table).values(**row).on_conflict_do_nothing())

    # -- what is read outside -----------------------------------------------------------------

    def cursor(self, name: str) -> str:
        """Return how far something outside was read, "" when it never was."""
        table = tables.core(tables.CursorRow)
        noted = self._upserts.get(table, {}).get(name)
        if noted is not None:
            return str(noted["value"])
        found = self.connection.execute(select(table.c.value).where(table.c.name == name)).scalar()
        return "" if found is None else str(found)

    def set_cursor(self, name: str, value: str) -> None:
        """Note how far something outside was read."""
        self._upsert(tables.CursorRow, name, name=name, value=value)
