"""A household on a real SQLite file, from the config folder of the repository.

It takes steps as the writer does, each in a transaction of its own, under a clock that tests turn.
``Grocer`` answers as a provider would, by hand.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import select

from devices.book import DeviceBook
from devices.cap import CapNotices
from devices.meaning import DevicesFile, Meaning
from devices.native import Native
from devices.pantry import PantryFile
from hub.domain.decisions import Decision, DecisionResult
from hub.domain.effects import SendOrderRequest
from hub.domain.money import Money, money
from hub.domain.orders import (
    Action,
    Catalog,
    CatalogItem,
    DeliverySlot,
    Order,
    OrderAnswer,
    OrderRequest,
    ProviderError,
    Quote,
    Subscriber,
    Window,
)
from hub.domain.suggestions import Suggestion
from hub.domain.yamltext import read_model
from hub.flow.conflicts import look
from hub.flow.decide import decide
from hub.flow.dispatch import order_wanted
from hub.flow.home import Home
from hub.flow.observe import receive, set_stock
from hub.flow.settle import settle
from hub.flow.tick import begin, next_due, tick, wait_anew
from hub.ports import InMessage
from hub.settings import Settings
from hub.store import tables
from hub.store.crc import Text
from hub.store.damage import rows as damaged_rows
from hub.store.database import open_database
from hub.store.house import House, load_house
from hub.store.tx import Tx, Waiting
from hub.store.views import Views
from rules.ruleset import RuleSet

CONFIG = Path(__file__).parents[2] / "config"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
GREEN = Subscriber("green-valley.example", "http://127.0.0.1:9/green")
CORNER = Subscriber("corner-shop.example", "http://127.0.0.1:9/corner")
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

SETTINGS: dict[str, Any] = {
    "home": {
        "name": "Linden 5",
        "timezone": "Europe/Berlin",
        "address": "Lindenstr. 5, Berlin",
        "area_code": "10115",
    },
    "members": [
        {"id": "ana", "name": "Ana", "ntfy": {"topic": "ana-topic"}},
        {"id": "ben", "name": "Ben", "apprise": ["json://127.0.0.1:9"]},
        {"id": "kim", "name": "Kim", "role": "child"},
    ],
}


class TurnedClock:
    """A clock that stands until it is turned."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def seconds_until(self, instant: datetime) -> float:
        return max(0.0, (instant - self.at).total_seconds())

    def turn(self, **by: float) -> None:
        self.at += timedelta(**by)


def make_home(
    *,
    settings: Mapping[str, Any] | None = None,
    rules: str | None = None,
    providers: Sequence[Subscriber] = (GREEN, CORNER),
) -> Home:
    """Build what steps know, from ``config/``; ``rules`` stands in for its rule files."""
    known = Settings.model_validate({**SETTINGS, **(settings or {})})
    pantry = _read(PantryFile, CONFIG / "pantry.yaml").to_items()
    devices = _read(DevicesFile, CONFIG / "devices.yaml")
    texts = [("rules.yaml", rules)] if rules is not None else _rule_files()
    names = {one.id: one.name for one in known.members}
    ruleset, problems = RuleSet.build(texts, members=known.members, pantry=pantry.values())
    assert [str(one) for one in problems] == []
    book = DeviceBook([Native(), CapNotices(known.mqtt.notice_topics)])
    return Home(
        known, pantry, Meaning(devices, pantry, names), ruleset, book, {"grocery": tuple(providers)}
    )


def _read(model: type[M], path: Path) -> M:
    found, problems = read_model(model, path.read_text(), str(path))
    assert found is not None, [str(one) for one in problems]
    return found


def _rule_files() -> list[tuple[str, str]]:
    return [(str(file), file.read_text()) for file in sorted((CONFIG / "rules").glob("*.yaml"))]


class Household:
    """One household: its database, its present state, its clock."""

    def __init__(self, path: Path, home: Home, clock: TurnedClock | None = None) -> None:
        self.path = path
        self.home = home
        self.clock = clock or TurnedClock()
        self.engine = open_database(path)
        self.views = Views(self.engine)
        self.house = self.load()
        self.mids = 0
        self.damaged = False
        """Set where a test damages the database on purpose."""
        self.do(lambda tx: begin(tx, home))

    def load(self) -> House:
        with self.engine.connect() as connection:
            return load_house(connection, self.clock.now())

    def close(self) -> None:
        """Close the database; whoever wrote a row without its checksum is found here."""
        if not self.damaged:
            self._hold_against_checksums()
        self.engine.dispose()

    def _hold_against_checksums(self) -> None:
        raw = self.engine.raw_connection()
        connection = raw.dbapi_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.text_factory = Text
        _, faults = damaged_rows(connection)
        connection.text_factory = str
        raw.close()
        assert faults == []

    def restart(self) -> None:
        """Begin anew from the database, as after kill -9."""
        self.close()
        self.engine = open_database(self.path)
        self.views = Views(self.engine)
        self.house = self.load()
        self.do(lambda tx: begin(tx, self.home))
        self.do(lambda tx: wait_anew(tx, self.home))

    # -- steps --------------------------------------------------------------------------------

    def do(self, step: Callable[[Tx], T]) -> T:
        """Take one step in a transaction of its own."""
        with self.engine.connect().execution_options(immediate=True) as connection:
            tx = Tx(self.house, connection, self.clock.now())
            try:
                result = step(tx)
                look(tx, self.home)
                tx.flush()
                connection.commit()
            except BaseException:
                tx.undo()
                connection.rollback()
                raise
        return result

    def hear(self, topic: str, payload: object, **facts: Any) -> None:
        """Take an MQTT message in."""
        message = self.message(topic, payload, **facts)
        decoded = self.home.book.decode(message.topic, message.payload, message.received_at)
        self.do(lambda tx: receive(tx, self.home, message, decoded))

    def message(self, topic: str, payload: object, **facts: Any) -> InMessage:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.mids = self.mids % 65535 + 1
        known = {"qos": 1, "mid": self.mids, "dup": False, "retain": False, "connection": 1}
        return InMessage(topic, data, received_at=self.clock.now(), **{**known, **facts})

    def level(self, item: str, quantity: float) -> None:
        """Have a scale tell an item's level."""
        unit = self.home.pantry[item].unit
        stock = {"item": item, "quantity": quantity, "unit": unit}
        self.hear("commonhearth/v1/scales/stock", stock)

    def count(self, item: str, quantity: float) -> None:
        self.do(lambda tx: set_stock(tx, self.home, item, quantity, "ana"))

    def tick(self, **by: float) -> None:
        self.clock.turn(**by)
        self.do(lambda tx: tick(tx, self.home))

    def answer(self, answer: OrderAnswer) -> bool:
        return self.do(lambda tx: settle(tx, self.home, answer))

    def decide(
        self, verb: str, suggestion: Suggestion | None = None, **facts: Any
    ) -> DecisionResult:
        """Answer a suggestion as it is now; ``facts`` differ from that."""
        about = suggestion or self.open()[0]
        known: dict[str, Any] = {
            "suggestion_id": about.id,
            "version": about.version,
            "verb": verb,
            "member": "ana",
            "via": "web",
            "option": about.options[0].id if verb == "approve" and about.options else None,
        }
        return self.do(lambda tx: decide(tx, self.home, Decision(**{**known, **facts})))

    # -- looking ------------------------------------------------------------------------------

    def open(self) -> list[Suggestion]:
        """Return suggestions that wait for a decision or are being carried out."""
        return list(self.house.suggestions.values())

    def suggestion(self, suggestion_id: str) -> Suggestion:
        found = self.views.suggestion(suggestion_id)
        assert found is not None
        return found

    def order(self, order_id: str) -> Order:
        found = self.views.order(order_id)
        assert found is not None
        return found

    def outbox(self) -> list[Waiting]:
        return self.views.waiting(0, 100_000)

    def requests(self, action: Action | None = None) -> list[OrderRequest]:
        """Return the Beckn messages that wait to be sent."""
        found = [row.effect for row in self.outbox()]
        sent = [effect.request for effect in found if isinstance(effect, SendOrderRequest)]
        return [request for request in sent if action in (None, request.action)]

    def wanted(self, effect: SendOrderRequest) -> bool:
        """Tell whether the pump would still send it."""
        return order_wanted(self.house, effect)

    def due(self) -> bool:
        """Tell whether the clock has something to do now."""
        at = next_due(self.house)
        return at is not None and at <= self.clock.now()

    def ledger(self) -> list[str]:
        return [entry.kind for entry in self.views.ledger(limit=100_000)]

    def rows(self, model: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(tables.core(model))))

    def send(self) -> list[Waiting]:
        """Empty the outbox, as if all of it were done; return what was in it."""
        rows = self.outbox()
        self.do(lambda tx: [tx.done(row.id) for row in rows])
        return rows


def same(one: House, other: House) -> None:
    """Assert that two houses are the same, part by part (what is not kept left out)."""
    for part in fields(House):
        if part.name not in ("seen", "counters", "sign", "hashes", "granted"):
            assert getattr(one, part.name) == getattr(other, part.name), part.name
    first, second = (
        {about: set(grants) for about, grants in each.granted.items()} for each in (one, other)
    )
    assert first == second


@dataclass
class Grocer:
    """A provider whose answers a test hands over one by one."""

    who: Subscriber
    name: str
    milk: str
    slots: int = 2

    def catalog(self, now: datetime) -> Catalog:
        packs = (
            ("milk", "Milk 1 l", 1, "l"),
            ("eggs", "Eggs 10", 10, "pc"),
            ("butter", "Butter 250 g", 250, "g"),
            ("rice", "Rice 1 kg", 1, "kg"),
        )
        items = tuple(
            CatalogItem(f"{self.name}-{key}", name, self.price(key), Decimal(size), unit)
            for key, name, size, unit in packs
        )
        return Catalog(self.name, self.name, items, self.windows(now))

    def price(self, key: str) -> Money:
        return money(self.milk, "EUR") if key == "milk" else money("2.00", "EUR")

    def windows(self, now: datetime) -> tuple[DeliverySlot, ...]:
        evening = now.replace(hour=17, minute=0, second=0, microsecond=0)
        return tuple(
            DeliverySlot(
                f"slot-{day}",
                Window(evening + timedelta(days=day), evening + timedelta(days=day, hours=2)),
            )
            for day in range(self.slots)
        )

    def reply(self, request: OrderRequest, now: datetime, **facts: Any) -> OrderAnswer:
        """Answer as a provider does who takes everything; ``facts`` differ from that."""
        known: dict[str, Any] = {}
        if request.action == "discover":
            known["catalogs"] = (self.catalog(now),)
        elif request.action in ("select", "init"):
            total = sum((line.price.amount * line.count for line in request.lines), Decimal(0))
            valid = now + timedelta(hours=1)
            known = {
                "lines": request.lines,
                "slot": request.slot,
                "quote": Quote(Money(total, "EUR"), valid_until=valid),
            }
        elif request.action == "confirm":
            known = {"order_id": f"{self.name}-1", "state": "confirmed"}
        elif request.action == "status":
            known = {"state": "confirmed", "order_id": f"{self.name}-1"}
        return OrderAnswer(
            request.action,
            self.who,
            request.transaction_id,
            timestamp=now,
            **{"message_id": request.message_id, **known, **facts},
        )


class Market:
    """Two grocers at a household's service: answers whatever waits in its outbox."""

    def __init__(self, household: Household) -> None:
        self.household = household
        self.grocers = {
            GREEN.subscriber_id: Grocer(GREEN, "green", "1.20"),
            CORNER.subscriber_id: Grocer(CORNER, "corner", "0.90"),
        }

    def reply(self, request: OrderRequest, **facts: Any) -> OrderAnswer:
        grocer = self.grocers[request.to.subscriber_id]
        return grocer.reply(request, self.household.clock.now(), **facts)

    def answer(self, request: OrderRequest, **facts: Any) -> bool:
        return self.household.answer(self.reply(request, **facts))

    def serve(self, *actions: Action, who: Subscriber | None = None, **facts: Any) -> int:
        """Take these messages out of the outbox and answer them; return how many."""
        rows = [
            row
            for row in self.household.outbox()
            if isinstance(row.effect, SendOrderRequest)
            and row.effect.request.action in actions
            and (who is None or row.effect.request.to == who)
        ]
        for row in rows:
            self.household.do(lambda tx, row=row: tx.done(row.id))
            self.answer(row.effect.request, **facts)  # type: ignore[union-attr]
        return len(rows)

    def offers(self) -> Suggestion:
        """Bring a suggestion to where both have offered and members are asked."""
        self.serve("discover")
        self.serve("select")
        return self.household.open()[0]


def refusal(code: str = "40002", message: str = "sold out") -> ProviderError:
    return ProviderError(code, message)


def later(order: OrderAnswer, total: str) -> OrderAnswer:
    """Return an answer with another total."""
    assert order.quote is not None
    return replace(order, quote=replace(order.quote, total=money(total, "EUR")))
