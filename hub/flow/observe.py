"""From what a device said to the household's state, and on to its rules.

Changes are written, repeats are not: a sensor that says the same each second costs no row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from devices.types import Announcement, Decoded, Pending
from hub.domain.events import DeviceEventOccurred, StateChanged, StockChanged
from hub.domain.noticeboard import Change, apply
from hub.domain.notices import Notice
from hub.domain.observations import (
    AvailabilityReading,
    EventReading,
    Reading,
    Rejected,
    StateReading,
    StockChange,
    StockReading,
)
from hub.domain.stock import StockLevel
from hub.flow.home import Home
from hub.flow.presence import touch_presence
from hub.flow.quarantine import apart, meet, screened, state_of
from hub.flow.react import react
from hub.ports import InMessage
from hub.store.house import EntityNow
from hub.store.tx import Tx


def receive(tx: Tx, home: Home, message: InMessage, decoded: Decoded) -> None:
    """Take one decoded MQTT message in, once, however often it is delivered."""
    if message.qos and tx.seen_mqtt(message):
        return
    if decoded.key is not None and not tx.first_time(decoded.key):
        return
    for number, item in enumerate(screened(tx, home, decoded)):
        if isinstance(item, StateReading | EventReading | StockReading | StockChange):
            event_id = f"{decoded.key or message.topic}:{message.received_at.isoformat()}:{number}"
            _reading(tx, home, item, message.received_at, message, event_id)
        elif isinstance(item, AvailabilityReading):
            _availability(tx, home, item)
        elif isinstance(item, Notice):
            change_board(tx, home, apply(tx.house.notices, item, tx.now))
        elif isinstance(item, Announcement):
            _announcement(tx, item)
        elif isinstance(item, Rejected):
            tx.park(message.topic, message.payload, item.reason, item.where)
        elif isinstance(item, Pending):
            tx.park(message.topic, message.payload, "a template was not rendered", "")


def observe_readings(tx: Tx, home: Home, readings: Iterable[Reading]) -> None:
    """Take readings in that no message brought, e.g. *unavailable* by silence."""
    for reading in readings:
        if isinstance(reading, AvailabilityReading):
            _availability(tx, home, reading)
        else:
            _reading(tx, home, reading, tx.now, None, f"{reading}:{tx.now.isoformat()}")


def change_board(tx: Tx, home: Home, change: Change) -> None:
    """Write what a notice changed on the board, and let rules react."""
    for ref in change.removed:
        tx.drop_notice(ref)
    for ref, notice in change.put.items():
        tx.save_notice(ref, notice)
    for event in change.events:
        react(tx, home, event)


def set_stock(tx: Tx, home: Home, item: str, quantity: float, source: str) -> StockLevel:
    """Note a level somebody counted. KeyError for an unknown item, ValueError when negative."""
    pantry = home.pantry[item]
    if not 0 <= quantity <= 1e9:
        raise ValueError(f"expected 0 or more {pantry.unit}, got {quantity}")
    _level(tx, home, item, quantity, pantry.unit, source, tx.now)
    return tx.house.stock[item]


def _reading(
    tx: Tx,
    home: Home,
    reading: StateReading | EventReading | StockReading | StockChange,
    received_at: datetime,
    message: InMessage | None,
    event_id: str,
) -> None:
    if _kept_apart(tx, home, reading, received_at):
        return
    # A device whose clock runs ahead must not lock its own later readings out.
    at = min(reading.phenomenon_time or received_at, received_at)
    if isinstance(reading, StateReading):
        entity = home.book.entity(reading.entity)
        tx.house.seen[reading.entity] = received_at
        _state(tx, home, reading, at)
    elif isinstance(reading, EventReading):
        entity = home.book.entity(reading.entity)
        tx.house.seen[reading.entity] = received_at
        react(
            tx,
            home,
            DeviceEventOccurred(reading.entity, reading.event_type, reading.data, at, event_id),
        )
    else:
        entity = None
    for meant in home.meaning.apply(reading, entity):
        if isinstance(meant, StockReading):
            _level(tx, home, meant.item, meant.quantity, meant.unit, meant.source, at)
        elif isinstance(meant, StockChange):
            known = tx.house.stock.get(meant.item)
            quantity = max(0.0, (known.quantity if known else 0.0) + meant.delta)
            # Differences from one source add up in any order; a later count includes them.
            when = max(at, known.at) if known and known.source == meant.source else at
            _level(tx, home, meant.item, quantity, meant.unit, meant.source, when)
        elif message is not None:
            tx.park(message.topic, message.payload, meant.reason, meant.where)


def _kept_apart(tx: Tx, home: Home, reading: Reading, at: datetime) -> bool:
    """Tell whether a device is not accepted; what one that waits says last is kept for its page."""
    name = reading.source if isinstance(reading, StockReading) else getattr(reading, "entity", "")
    if not apart(tx.house, home, name):
        return False
    entity = home.book.entity(name)
    if entity is not None and home.settings.devices.quarantine:
        meet(tx, home, entity)
    state = state_of(tx.house, home, entity)
    if state == "accepted":
        return False
    if state == "waiting" and isinstance(reading, StateReading | StockReading):
        if isinstance(reading, StateReading):
            attributes = dict(reading.attributes or {})
            now = EntityNow(reading.value, reading.unit, attributes, True, at)
        else:
            now = EntityNow(reading.quantity, reading.unit, {}, True, at)
        known = tx.house.entities.get(name)
        if known is None or replace(known, at=at) != now:
            tx.save_entity(name, now)
    return True


def _state(tx: Tx, home: Home, reading: StateReading, at: datetime) -> None:
    known = tx.house.entities.get(reading.entity)
    attributes = dict(reading.attributes or {})
    if known is not None:
        if _older(tx, at, known.at) and reading.phenomenon_time is not None:
            return
        if known.value == reading.value and known.attributes == attributes and known.available:
            return
    now = EntityNow(reading.value, reading.unit, attributes, True, at)
    tx.save_entity(reading.entity, now)
    touch_presence(tx, home, reading.entity, attributes)
    if known is None or known.value != reading.value:
        previous = known.value if known else None
        react(tx, home, StateChanged(reading.entity, previous, reading.value, at, attributes))


def _availability(tx: Tx, home: Home, reading: AvailabilityReading) -> None:
    known = tx.house.entities.get(reading.entity)
    if known is None:
        known = EntityNow(None, None, {}, not reading.available, tx.now)
    if known.available != reading.available:
        tx.save_entity(reading.entity, replace(known, available=reading.available))
        if apart(tx.house, home, reading.entity):
            return
        touch_presence(tx, home, reading.entity, known.attributes)


def _level(
    tx: Tx, home: Home, item: str, quantity: float, unit: str, source: str, at: datetime
) -> None:
    known = tx.house.stock.get(item)
    if known is not None and (_older(tx, at, known.at) or quantity == known.quantity):
        return
    previous = known.quantity if known else None
    expected = known.expected if known else 0.0
    if previous is not None and quantity > previous:
        # What was expected has come, as far as the level rose.
        expected = max(0.0, expected - (quantity - previous))
    tx.save_stock(StockLevel(item, quantity, unit, at, source, expected))
    react(tx, home, StockChanged(item, previous, quantity, unit, at, source))


def _older(tx: Tx, at: datetime, known_at: datetime) -> bool:
    """Tell whether something newer is known; what is known of the future is of a wrong clock."""
    return at < known_at <= tx.now


def _announcement(tx: Tx, item: Announcement) -> None:
    tx.save_announcement(item.source, item.payload if item.entities else b"")
    for entity in item.removed:
        tx.forget_entity(entity)
