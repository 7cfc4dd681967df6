"""The unit of work: everything one step changes, committed together or not at all.

``save`` is the only way to change a suggestion or an order, and it tells the ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import orjson
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from hub.domain.effects import AskMember, Effect, SendOrderRequest, TellMember
from hub.domain.notices import Notice
from hub.domain.orders import ORDER_LIFE, DeliverySlot, Order
from hub.domain.stock import StockLevel
from hub.domain.suggestions import SUGGESTION_LIFE, Suggestion
from hub.ledger.leaf import canonical, leaf_hash
from hub.ports import InMessage
from hub.store import tables
from hub.store.codec import dump, load, micros
from hub.store.house import EntityNow, House, TimerKey, quarter_of
from hub.store.unit import Unit

V = TypeVar("V")
_PARKED_BYTES = 1024
_TOLD_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger is told of a change: ``kind`` in the past tense, about ``subject``."""

    kind: str
    subject: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """A notification that members got: its tag, its title and whose it was."""

    tag: str
    title: str
    members: tuple[str, ...]


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


EFFECTS: dict[str, type[AskMember | TellMember | SendOrderRequest]] = {
    "ask": AskMember,
    "tell": TellMember,
    "order": SendOrderRequest,
}
_KIND_OF: dict[type, str] = {effect: kind for kind, effect in EFFECTS.items()}


def message_key(message: InMessage) -> bytes:
    """Return 16 bytes that name a message's topic and payload."""
    digest = hashlib.blake2b(message.payload, digest_size=16, key=b"")
    digest.update(message.topic.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _storable(text: str) -> str:
    """Return text that SQLite can keep: a lone surrogate has no UTF-8."""
    return text.encode("utf-8", "replace").decode()


class Tx(Unit):
    """One unit of work on ``house``, to be written to ``connection``. Only the writer makes one."""

    def __init__(self, house: House, connection: Connection, now: datetime) -> None:
        """Begin; ``now`` is the instant of everything in it (UTC)."""
        super().__init__(connection)
        self.house = house
        self.now = now
        self.effects: list[Waiting] = []
        self.page_changed = False
        self.timers_changed = False
        self.topics_changed = False

    def attempt(self, step: Callable[[], object]) -> None:
        """Do a part that may fail alone; see ``Unit.attempt``."""
        emitted = len(self.effects)
        try:
            super().attempt(step)
        except Exception:
            del self.effects[emitted:]
            raise

    # -- receiving ----------------------------------------------------------------------------

    def seen_mqtt(self, message: InMessage) -> bool:
        """Tell whether this QoS 1 message was committed before and is only being redelivered.

        A redelivery has the DUP flag, the packet id and the content of the first delivery
        (MQTT 5, 3.3.1.1 and 4.4). Otherwise the message is noted under its packet id.
        """
        key = message_key(message)
        if message.dup and self.house.inbox_mqtt.get(message.mid) == key:
            return True
        self._set(self.house.inbox_mqtt, message.mid, key)
        self._upsert(tables.InboxMqtt, message.mid, mid=message.mid, key=key)
        return False

    def forget_mqtt(self) -> None:
        """Forget packet ids: the broker began a new session and redelivers nothing."""
        for mid in list(self.house.inbox_mqtt):
            self._drop(self.house.inbox_mqtt, mid)
        self._upserts.pop(tables.core(tables.InboxMqtt), None)
        self.connection.execute(delete(tables.core(tables.InboxMqtt)))

    def first_time(self, key: str) -> bool:
        """Note a message that names itself; False when it was committed before."""
        table = tables.core(tables.Inbox)
        done = self.connection.execute(
            insert(table).values(key=key, received_at=micros(self.now)).on_conflict_do_nothing()
        )
        return bool(done.rowcount)

    def park(self, topic: str, payload: bytes, reason: str, where: str = "") -> None:
        """Keep what was not understood, once a fault: the first 1 KiB, and a count."""
        self._insert(
            tables.ParkedRow,
            at=micros(self.now),
            topic=_storable(topic[:512]),
            reason=_storable(reason[:512]),
            where=_storable(where[:256]),
            payload=payload[:_PARKED_BYTES],
            count=1,
        )
        self.page_changed = True

    # -- what is known ------------------------------------------------------------------------

    def save_stock(self, level: StockLevel) -> None:
        """Set an item's level and its history."""
        self._set(self.house.stock, level.item, level)
        self._upsert(
            tables.Stock,
            level.item,
            item=level.item,
            quantity=level.quantity,
            unit=level.unit,
            at=micros(level.at),
            source=level.source,
            expected=level.expected,
        )
        quarter = quarter_of(level.at)
        if level.item not in self.house.history:
            self._set(self.house.history, level.item, {})
        self._set(self.house.history[level.item], quarter, level.quantity)
        self._upsert(
            tables.StockHistory,
            (level.item, quarter),
            item=level.item,
            quarter=quarter,
            quantity=level.quantity,
        )
        self.page_changed = True

    def save_entity(self, entity: str, state: EntityNow) -> None:
        """Set an entity's present state."""
        self._set(self.house.entities, entity, state)
        self._upsert(
            tables.EntityState,
            entity,
            entity=entity,
            value=orjson.dumps(state.value).decode(),
            unit=state.unit,
            attributes=orjson.dumps(state.attributes).decode(),
            available=state.available,
            at=micros(state.at),
        )
        self.page_changed = True

    def forget_entity(self, entity: str) -> None:
        """Drop the state of an entity that is gone."""
        self._drop(self.house.entities, entity)
        self._delete(tables.EntityState, entity, entity=entity)
        self.page_changed = True

    def save_announcement(self, source: str, payload: bytes) -> None:
        """Keep a device's own description, to be read again at start; empty: it is gone."""
        self.topics_changed = True
        if not payload:
            self._drop(self.house.announcements, source)
            self._delete(tables.AnnouncementRow, source, source=source)
        elif self.house.announcements.get(source) != payload:
            self._set(self.house.announcements, source, payload)
            self._upsert(
                tables.AnnouncementRow, source, source=source, payload=payload, at=micros(self.now)
            )
        self.page_changed = True

    def save_notice(self, ref: str, notice: Notice) -> None:
        """Put a notice on the board."""
        self._set(self.house.notices, ref, notice)
        self._upsert(
            tables.NoticeRow,
            ref,
            ref=ref,
            body=dump(notice),
            expires=micros(notice.expires) if notice.expires else None,
        )
        self.page_changed = True

    def drop_notice(self, ref: str) -> None:
        """Take a notice off the board."""
        self._drop(self.house.notices, ref)
        self._delete(tables.NoticeRow, ref, ref=ref)
        self.page_changed = True

    # -- suggestions and orders ---------------------------------------------------------------

    def new_id(self) -> str:
        """Return a random identifier (UUID 4, as Beckn wants for its messages)."""
        return str(uuid4())

    def save(self, thing: Suggestion | Order, *entries: Entry) -> list[int]:
        """Save a suggestion or an order, and tell the ledger; return the entries' indexes."""
        if isinstance(thing, Suggestion):
            self._save_suggestion(thing)
        else:
            self._save_order(thing)
        self.page_changed = True
        return [self.append(entry) for entry in entries]

    def _save_suggestion(self, suggestion: Suggestion) -> None:
        house = self.house
        if SUGGESTION_LIFE.ended(suggestion.state):
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
        if ORDER_LIFE.ended(order.state):
            self._drop(house.orders, order.id)
            self._drop(house.by_transaction, order.transaction_id)
            self._drop(house.slots, order.id)
            self._delete(tables.OfferedSlots, order.id, order_id=order.id)
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

    # -- the ledger ---------------------------------------------------------------------------

    def append(self, entry: Entry) -> int:
        """Append to the ledger; return the entry's index."""
        index = self.house.counters["ledger"]
        self._set(self.house.counters, "ledger", index + 1)
        at = micros(self.now)
        body = canonical(entry.kind, at, entry.subject, entry.facts)
        self._insert(
            tables.LedgerRow,
            index=index,
            at=at,
            kind=entry.kind,
            subject=entry.subject,
            body=body,
            leaf=leaf_hash(body.encode()),
        )
        return index

    def last_facts(self, kind: str) -> dict[str, object] | None:
        """Return the facts of the newest ledger entry of a kind, None when there is none."""
        table = tables.core(tables.LedgerRow)
        body = self.connection.execute(
            select(table.c.body).where(table.c.kind == kind).order_by(table.c.index.desc()).limit(1)
        ).scalar()
        facts = None if body is None else orjson.loads(body).get("facts")
        return facts if isinstance(facts, dict) else None

    def told(self, subject: str, ref: str) -> list[Told]:
        """Return what members were told of a notice, from the ledger (``told`` entries)."""
        table = tables.core(tables.LedgerRow)
        statement = select(table.c.body).where(table.c.kind == "told", table.c.subject == subject)
        bodies = list(
            self.connection.execute(
                statement.order_by(table.c["index"].desc()).limit(_TOLD_LOOKED_AT)
            ).scalars()
        )
        bodies += [
            str(row["body"])
            for row in self._inserts.get(table, ())
            if row["kind"] == "told" and row["subject"] == subject
        ]
        found: dict[str, Told] = {}
        for body in bodies:
            facts = orjson.loads(body)["facts"]
            because = facts["because"]
            # A rule that waits until shortly before the notice fires by a timer about it.
            if ref in (because.get("ref"), because.get("subject")):
                one = Told(facts["tag"], facts["title"], tuple(facts["members"]))
                found.setdefault(one.tag, one)
        return list(found.values())

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
            created_at=micros(self.now),
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
                error=_storable(error[:512]),
            )
        )

    # -- tokens, timers, cooldowns ------------------------------------------------------------

    def spent(self, token_id: str) -> str | None:
        """Return the outcome of an action token that was used, None when it was not."""
        table = tables.core(tables.SpentToken)
        statement = select(table.c.outcome).where(table.c.id == token_id)
        return self.connection.execute(statement).scalar()

    def spend(self, token_id: str, suggestion_id: str, outcome: str) -> None:
        """Note that an action token was used."""
        table = tables.core(tables.SpentToken)
        self.connection.execute(
            insert(table)
            .values(id=token_id, suggestion_id=suggestion_id, outcome=outcome, at=micros(self.now))
            .on_conflict_do_nothing()
        )

    def set_timer(self, kind: str, name: str, subject: str, due: datetime | None) -> None:
        """Have ``tick`` woken at ``due``, once a kind, name and subject; None takes it back."""
        key: TimerKey = (kind, name, subject)
        if due is None:
            if key not in self.house.timers:
                return
            self._drop(self.house.timers, key)
            self._delete(tables.TimerRow, key, kind=kind, name=name, subject=subject)
        else:
            if self.house.timers.get(key) == due:
                return
            self._set(self.house.timers, key, due)
            self._upsert(
                tables.TimerRow, key, kind=kind, name=name, subject=subject, due=micros(due)
            )
        self.timers_changed = True

    def drop_timers(self, kind: str, name: str) -> None:
        """Take every timer of this kind and name back."""
        for key in [key for key in self.house.timers if key[:2] == (kind, name)]:
            self.set_timer(*key, None)

    def cool_down(self, rule_id: str, subject: str, seconds: float) -> None:
        """Keep a rule silent about a subject for a while."""
        if seconds <= 0:
            return
        until = self.now + timedelta(seconds=seconds)
        self._set(self.house.cooldowns, (rule_id, subject), until)
        self._upsert(
            tables.CooldownRow,
            (rule_id, subject),
            rule_id=rule_id,
            subject=subject,
            until=micros(until),
        )

    def forget_cooldowns(self) -> None:
        """Drop cooldowns that are over."""
        for key, until in list(self.house.cooldowns.items()):
            if until <= self.now:
                self._drop(self.house.cooldowns, key)
                self._delete(tables.CooldownRow, key, rule_id=key[0], subject=key[1])

    def forget_history(self, before: int) -> None:
        """Drop points of the stock's history before a quarter (see ``quarter_of``)."""
        for item, points in list(self.house.history.items()):
            if any(quarter < before for quarter in points):
                # A new one, not a smaller one: undone, it must be in order of time again.
                kept = {quarter: level for quarter, level in points.items() if quarter >= before}
                if kept:
                    self._set(self.house.history, item, kept)
                else:
                    self._drop(self.house.history, item)
        table = tables.core(tables.StockHistory)
        self.connection.execute(delete(table).where(table.c.quarter < before))
