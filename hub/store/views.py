"""Reads for pages, the pump and the command line: WAL readers, beside the writer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, func, select

from hub.domain.meals import SocialMeal
from hub.domain.orders import DeliverySlot, Order
from hub.domain.suggestions import Suggestion
from hub.domain.values import dataclass
from hub.store import tables
from hub.store.codec import instant, load, micros
from hub.store.log import opened, openings_of
from hub.store.tx import EFFECTS, Waiting


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of the ledger; ``body`` is its JSON with every fact that can still be read."""

    index: int
    at: datetime
    kind: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message that was not understood."""

    id: int
    at: datetime
    topic: str
    reason: str
    where: str
    payload: bytes
    count: int


class Views:
    """Short reads. Each opens its own connection, so any thread may call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def engine(self) -> Engine:
        """Where it reads from."""
        return self._engine

    def _rows(self, statement: object) -> Sequence[tuple[object, ...]]:
        with self._engine.connect() as connection:
            return connection.execute(statement).fetchall()  # type: ignore[call-overload, no-any-return]

    def suggestions(
        self, *, open_only: bool = False, decided: bool = False, limit: int
    ) -> list[Suggestion]:
        """Return suggestions, newest first; ``decided`` ones wait for no answer any more."""
        table = tables.core(tables.SuggestionRow)
        statement = select(table.c.body).order_by(table.c.created_at.desc()).limit(limit)
        if open_only:
            statement = statement.where(table.c.state == "proposed")
        elif decided:
            statement = statement.where(table.c.state != "proposed")
        return [load(Suggestion, str(body)) for (body,) in self._rows(statement)]

    def suggestion(self, suggestion_id: str) -> Suggestion | None:
        """Return one suggestion."""
        body = self._body(tables.core(tables.SuggestionRow), suggestion_id)
        return None if body is None else load(Suggestion, body)

    def orders(self, *, limit: int) -> list[Order]:
        """Return orders that went beyond an offer, newest first."""
        table = tables.core(tables.OrderRow)
        statement = select(table.c.body).order_by(table.c.created_at.desc()).limit(limit)
        return [load(Order, str(body)) for (body,) in self._rows(statement)]

    def order(self, order_id: str) -> Order | None:
        """Return one order."""
        body = self._body(tables.core(tables.OrderRow), order_id)
        return None if body is None else load(Order, body)

    def meals(self, *, limit: int) -> list[SocialMeal]:
        """Return meals with friends, the latest first."""
        table = tables.core(tables.MealRow)
        statement = select(table.c.body).order_by(table.c.start.desc(), table.c.id).limit(limit)
        return [load(SocialMeal, str(body)) for (body,) in self._rows(statement)]

    def meal(self, meal_id: str) -> SocialMeal | None:
        """Return one meal."""
        body = self._body(tables.core(tables.MealRow), meal_id)
        return None if body is None else load(SocialMeal, body)

    def _body(self, table: Table, identity: str) -> str | None:
        rows = self._rows(select(table.c.body).where(table.c.id == identity))
        return str(rows[0][0]) if rows else None

    def spent(self, since: datetime) -> list[tuple[datetime, str, str, str]]:
        """Return what was ordered for good since then: when, of whom, amount and currency.

        An order counts from its confirmation on, unless it was cancelled or failed.
        """
        table = tables.core(tables.OrderRow)
        body = table.c.body
        statement = select(
            table.c.created_at,
            func.json_extract(body, "$.provider_name"),
            func.json_extract(body, "$.quote.total.amount"),
            func.json_extract(body, "$.quote.total.currency"),
        ).where(
            table.c.state.in_(("confirmed", "in_progress", "completed")),
            table.c.created_at >= micros(since),
            func.json_extract(body, "$.quote.total.amount").is_not(None),
        )
        with self._engine.connect() as connection:
            return [
                (instant(at), str(provider), str(total), str(currency))
                for at, provider, total, currency in connection.execute(statement)
            ]

    def slots(self, order_id: str) -> tuple[DeliverySlot, ...]:
        """Return the delivery slots offered for an order."""
        table = tables.core(tables.OfferedSlots)
        rows = self._rows(select(table.c.body).where(table.c.order_id == order_id))
        return load(tuple[DeliverySlot, ...], str(rows[0][0])) if rows else ()

    def parked(self, limit: int) -> list[ParkedMessage]:
        """Return what was not understood, newest first."""
        table = tables.core(tables.ParkedRow)
        c = table.c
        statement = select(c.id, c.at, c.topic, c.reason, c.where, c.payload, c["count"])
        statement = statement.order_by(c.at.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [
                ParkedMessage(number, instant(at), topic, reason, where, payload, count)
                for number, at, topic, reason, where, payload, count in connection.execute(
                    statement
                )
            ]

    def ledger(self, *, after: int = -1, limit: int = 1000) -> list[LedgerEntry]:
        """Return entries of the ledger in order, from the one after ``after``."""
        table = tables.core(tables.LedgerRow)
        c = table.c
        statement = select(c["index"], c.at, c.kind, c.subject, c.body)
        statement = statement.where(c["index"] > after).order_by(c["index"])
        with self._engine.connect() as connection:
            return _entries(connection, statement.limit(limit))

    def newest(self, *, before: int | None, limit: int, subject: str | None) -> list[LedgerEntry]:
        """Return entries of the ledger, newest first, from the one before ``before``."""
        table = tables.core(tables.LedgerRow)
        c = table.c
        statement = select(c["index"], c.at, c.kind, c.subject, c.body)
        if before is not None:
            statement = statement.where(c["index"] < before)
        if subject is not None:
            statement = statement.where(c.subject == subject)
        statement = statement.order_by(c["index"].desc()).limit(limit)
        with self._engine.connect() as connection:
            return _entries(connection, statement)

    def fired(self) -> dict[str, datetime]:
        """Return when each rule last suggested or told something, by its id."""
        suggestions = tables.core(tables.SuggestionRow)
        ledger = tables.core(tables.LedgerRow)
        rule = func.substr(suggestions.c.key, 1, func.instr(suggestions.c.key, ":") - 1)
        asked = select(rule, func.max(suggestions.c.created_at)).group_by(rule)
        name = func.json_extract(ledger.c.body, "$.facts.rule")
        told = select(name, func.max(ledger.c.at)).where(ledger.c.kind == "told").group_by(name)
        found: dict[str, datetime] = {}
        with self._engine.connect() as connection:
            for statement in (asked, told):
                for rule_id, at in connection.execute(statement):
                    if rule_id and at is not None:
                        found[rule_id] = max(found.get(rule_id, instant(at)), instant(at))
        return found

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        """Return rows of the outbox that are still to be done, by id."""
        table = tables.core(tables.OutboxRow)
        statement = (
            select(table)
            .where(table.c.id > after, table.c.state != "dead")
            .order_by(table.c.id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [
                Waiting(
                    r.id,
                    r.key,
                    r.subject,
                    load(EFFECTS[r.kind], r.body),
                    r.attempts,
                    r.not_before,
                    r.expires,
                    r.state == "leased",
                )
                for r in connection.execute(statement)
            ]

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of what a household watches."""
        outbox = tables.core(tables.OutboxRow)
        suggestion = tables.core(tables.SuggestionRow)
        with self._engine.connect() as connection:
            return {
                "outbox_waiting": _count(connection, outbox, outbox.c.state != "dead"),
                "outbox_dead": _count(connection, outbox, outbox.c.state == "dead"),
                "suggestions_open": _count(
                    connection, suggestion, suggestion.c.state == "proposed"
                ),
                "parked": connection.execute(
                    select(func.count()).select_from(tables.core(tables.ParkedRow))
                ).scalar()
                or 0,
            }


def _entries(connection: Connection, statement: Select[Any]) -> list[LedgerEntry]:
    found = connection.execute(statement).fetchall()
    openings = openings_of(connection, [row[0] for row in found])
    return [
        LedgerEntry(
            index,
            instant(at),
            kind,
            subject,
            orjson.dumps(opened(body, openings.get(index, ()))).decode(),
        )
        for index, at, kind, subject, body in found
    ]


def _count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(table).where(condition)
    return connection.execute(statement).scalar() or 0


def secret_hash(secret: str) -> str:
    """Return how a secret is kept: secrets of 128 bits and more need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
