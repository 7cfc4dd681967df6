"""A household that has lived with the hub for a year, written as the hub writes.

200 suggestions wait for an answer (two offers each, with windows to choose from), 50 devices have
said what they are, the log has 20,000 entries, and two orders a week were delivered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from benchmarks.harness import Bench
from hub.app.hub import DATABASE
from hub.domain.money import Money
from hub.domain.orders import DeliverySlot, Line, Order, Quote, Subscriber, Window
from hub.domain.stock import StockLevel
from hub.domain.suggestions import Because, Disclosure, Option, Suggestion
from hub.store.access import Access
from hub.store.database import open_database
from hub.store.house import House, load_house
from hub.store.tx import Entry, Tx

SUGGESTIONS = 200
DEVICES = 50
ITEMS = 20
_ENTRIES_A_DAY = 55
_SHOPS = tuple(
    (Subscriber(f"shop-{n}.example.org", f"http://127.0.0.1:9/{n}"), name)
    for n, name in enumerate(("Green Valley", "Corner Shop"))
)
_NUMBERS = count()


def announce_devices(bench: Bench) -> None:
    """Announce 50 devices as Home Assistant discovery does, retained, each with its state."""
    for number in range(DEVICES):
        topic = f"bench/sensor-{number}"
        config = {
            "name": f"Temperature {number}",
            "unique_id": f"sensor-{number}",
            "object_id": f"sensor_{number}",
            "state_topic": topic,
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "device": {"identifiers": [f"d{number}"], "name": f"Sensor {number}"},
        }
        bench.retain(f"homeassistant/sensor/sensor-{number}/config", json.dumps(config))
        bench.retain(topic, f"{18 + number / 10:.1f}")


def live_a_year(data: Path, member: str, items: list[str]) -> str:
    """Fill a data folder, which must be new; return the secret of a signed-in browser."""
    data.mkdir(mode=0o700)
    now = datetime.now(UTC).replace(microsecond=0)
    engine = open_database(data / DATABASE)
    try:
        with engine.connect().execution_options(immediate=True) as connection:
            house = load_house(connection, now)
            for tx in _days(house, connection, now, items):
                tx.flush()
            connection.commit()
        secret, _ = Access(engine).create_session(member, now)
        return secret
    finally:
        engine.dispose()


def _days(house: House, connection: object, now: datetime, items: list[str]) -> Iterator[Tx]:
    for day in range(365, 0, -1):
        tx = Tx(house, connection, now - timedelta(days=day))  # type: ignore[arg-type]
        for number in range(_ENTRIES_A_DAY):
            item = items[number % len(items)]
            facts = {"item": item, "previous": 1.0, "current": 0.4, "unit": "l", "source": "scale"}
            tx.append(Entry("stock_changed", item, facts))
        if day % 7 in (2, 5):
            closed = _suggestion(tx, items, "completed")
            tx.save(closed.moved("approved", chosen="0").moved("carried_out", outcome="Delivered."))
        yield tx
    tx = Tx(house, connection, now)  # type: ignore[arg-type]
    for quarter in range(7 * 96):
        at = now - timedelta(minutes=15 * (7 * 96 - quarter))
        for place, item in enumerate(items):
            left = 5 - (quarter + 7 * place) % 96 / 24
            tx.save_stock(StockLevel(item, left, "l", at, "scale"))
    for _ in range(SUGGESTIONS):
        tx.save(_suggestion(tx, items, "quoted"), Entry("proposed", "pantry", {}))
    yield tx


def _suggestion(tx: Tx, items: list[str], state: str) -> Suggestion:
    number = next(_NUMBERS)
    name = f"s{number:05}"
    wanted = [items[(number + n) % len(items)] for n in range(3)]
    options = tuple(_option(tx, name, str(n), wanted, state) for n in range(2))
    because = [Because(f"{item} is down to 0.4 l (par 1 l)", number) for item in wanted]
    return Suggestion(
        id=name,
        key=f"low_{number}:pantry",
        kind="grocery_order",
        rule_id=f"low_{number}",
        rule_version="1",
        rule_text="id: low\nwhen: {stock_below_par: {item: any}}\npropose: {kind: grocery_order}\n",
        subject="pantry",
        title=f"{', '.join(wanted)} are running low",
        body="",
        state="proposed",
        version=1,
        because=tuple(because),
        options=options,
        ask=("me",),
        created_at=tx.now + timedelta(seconds=number % 1000),
        deadline=tx.now + timedelta(days=2),
        asked=True,
    )


def _option(tx: Tx, suggestion: str, place: str, wanted: list[str], state: str) -> Option:
    shop, name = _SHOPS[int(place)]
    lines = tuple(
        Line(f"i-{item}", f"{item.title()}, organic, 1 l", 2, Money(Decimal("1.45"), "EUR"), item)
        for item in wanted
    )
    total = Money(Decimal("11.20"), "EUR")
    begin = tx.now.replace(minute=0, second=0) + timedelta(hours=20)
    slots = tuple(
        DeliverySlot(
            f"w{n}", Window(begin + timedelta(hours=2 * n), begin + timedelta(hours=2 * n + 2))
        )
        for n in range(4)
    )
    order = f"{suggestion}-{place}"
    tx.save(
        Order(
            id=order,
            transaction_id=f"t-{order}",
            suggestion_id=suggestion,
            provider=shop,
            provider_name=name,
            state=state if place == "0" or state == "quoted" else "cancelled",  # type: ignore[arg-type]
            lines=lines,
            slot=slots[0],
            quote=Quote(total),
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    if state == "quoted":
        tx.save_slots(order, slots)
    return Option(
        id=place,
        order_id=order,
        provider_id=shop.subscriber_id,
        provider_name=name,
        lines=lines,
        total=total,
        window=slots[0].window,
        disclosures=(Disclosure("address", name, "delivery"), Disclosure("name", name, "delivery")),
        because=("the cheapest of 2", "comes tomorrow"),
    )
