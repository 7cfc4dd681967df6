"""What the hub knows at present, in memory: loaded at start, changed only by a unit of work.

The database is the truth; this is its present part, so that a message costs no query. Only the
writer thread changes it. Closed suggestions and ended orders are not kept here.
"""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime

import orjson
from sqlalchemy import Connection, func, select

from hub.domain.activities import Planned
from hub.domain.calendars import OtherCalendar
from hub.domain.cases import Case
from hub.domain.consent import Grant
from hub.domain.freebusy import Survey
from hub.domain.meals import MEAL_LIFE, SocialMeal
from hub.domain.notices import Notice
from hub.domain.observations import Scalar
from hub.domain.orders import ORDER_LIFE, DeliverySlot, Order
from hub.domain.plans import Plan
from hub.domain.quarantine import KnownDevice
from hub.domain.stock import StockLevel, StockPoint, lasting
from hub.domain.suggestions import Suggestion
from hub.domain.values import dataclass
from hub.store import tables
from hub.store.codec import instant, load
from hub.store.log import CommittedHashes, LogNow, Sign, load_log

QUARTER = 900
HISTORY_DAYS = 7
LIVE_SUGGESTIONS = ("proposed", "approved")
GIVEN = "given"
"""The state of a consent that may still hold."""


@dataclass(frozen=True, slots=True)
class EntityNow:
    """The present state of an entity; ``at`` is when it became so."""

    value: Scalar
    unit: str | None
    attributes: dict[str, object]
    available: bool
    at: datetime


TimerKey = tuple[str, str, str]
"""Kind, name and subject of a timer."""


@dataclass(slots=True)
class House:
    """The present state; see the tables of the same names."""

    stock: dict[str, StockLevel] = field(default_factory=dict)
    history: dict[str, dict[int, float]] = field(default_factory=dict)
    entities: dict[str, EntityNow] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    suggestions: dict[str, Suggestion] = field(default_factory=dict)
    open_keys: dict[str, str] = field(default_factory=dict)
    """Causes that have an open suggestion already, and its id."""
    orders: dict[str, Order] = field(default_factory=dict)
    by_transaction: dict[str, str] = field(default_factory=dict)
    slots: dict[str, tuple[DeliverySlot, ...]] = field(default_factory=dict)
    activities: dict[str, Planned] = field(default_factory=dict)
    """Those still to happen, by ``Activity.key``."""
    meals: dict[str, SocialMeal] = field(default_factory=dict)
    """Those that are not over, by id."""
    grants: dict[str, Grant] = field(default_factory=dict)
    """Consents that may still hold; those of an order that is over are not kept here."""
    granted: dict[str, tuple[Grant, ...]] = field(default_factory=dict, compare=False, repr=False)
    """The same by what they are about, "" for those that are about anything."""
    calendars: dict[str, OtherCalendar] = field(default_factory=dict)
    """Calendars kept elsewhere, by name."""
    surveys: dict[str, Survey] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    """Absences and meals cooked at home, until a while after they are over."""
    cases: dict[str, Case] = field(default_factory=dict)
    """Conflicts in the agenda, by the block that would be moved."""
    devices: dict[str, KnownDevice] = field(default_factory=dict)
    """Devices that were accepted or refused, or wait for it, by owner."""
    cooldowns: dict[tuple[str, str], datetime] = field(default_factory=dict)
    timers: dict[TimerKey, datetime] = field(default_factory=dict)
    inbox_mqtt: dict[int, bytes] = field(default_factory=dict)
    announcements: dict[str, bytes] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=lambda: {"outbox": 1})
    log: LogNow = field(default_factory=LogNow)
    sign: Sign | None = None
    """Signs the log's checkpoints; without it none is made. Not kept: the key is a file."""
    hashes: CommittedHashes = field(default_factory=CommittedHashes, compare=False, repr=False)
    """The log's hashes, for proofs that the writer makes."""
    seen: dict[str, datetime] = field(default_factory=dict)
    """When each entity was last heard of. Not kept over a restart: it changes with each message."""

    def open_with(self, key: str) -> Suggestion | None:
        """Return the suggestion of a cause that is open or being carried out."""
        return self.suggestions.get(self.open_keys.get(key, ""))

    def points(self, item: str) -> list[StockPoint]:
        """Return an item's history, oldest first."""
        return [
            StockPoint(datetime.fromtimestamp(quarter * QUARTER, UTC), quantity)
            for quarter, quantity in list(self.history.get(item, {}).items())
        ]

    def hours_left(self, item: str, now: datetime) -> float | None:
        """Return in how many hours an item is used up, where that is known."""
        history = list(self.history.get(item, {}).items())
        if not history:
            return None
        since = datetime.fromtimestamp(history[0][0] * QUARTER, UTC)
        return lasting([quantity for _, quantity in history], since, now)

    def grants_for(self, about: str) -> tuple[Grant, ...]:
        """Return the consents that may hold for what is about this: its own, and standing ones."""
        standing = self.granted.get("", ())
        return (*standing, *self.granted.get(about, ())) if about else standing

    def next_due(self) -> datetime | None:
        """Return when the earliest timer is due."""
        # A copy, made in one go: other threads may ask while the writer sets timers.
        return min(list(self.timers.values()), default=None)


def quarter_of(at: datetime) -> int:
    """Return the number of the quarter of an hour that holds ``at``."""
    return int(at.timestamp()) // QUARTER


def load_house(connection: Connection, now: datetime) -> House:
    """Read the present state from the database."""
    house = House()
    for row in connection.execute(select(tables.core(tables.Stock))):
        house.stock[row.item] = StockLevel(
            row.item, row.quantity, row.unit, instant(row.at), row.source, row.expected
        )
    history = tables.core(tables.StockHistory)
    oldest = quarter_of(now) - HISTORY_DAYS * 24 * 4
    for row in connection.execute(
        select(history).where(history.c.quarter >= oldest).order_by(history.c.quarter)
    ):
        house.history.setdefault(row.item, {})[row.quarter] = row.quantity
    for row in connection.execute(select(tables.core(tables.EntityState))):
        house.entities[row.entity] = EntityNow(
            orjson.loads(row.value),
            row.unit,
            orjson.loads(row.attributes),
            row.available,
            instant(row.at),
        )
    for row in connection.execute(select(tables.core(tables.NoticeRow))):
        house.notices[row.ref] = load(Notice, row.body)
    suggestions = tables.core(tables.SuggestionRow)
    for row in connection.execute(
        select(suggestions).where(suggestions.c.state.in_(LIVE_SUGGESTIONS))
    ):
        house.suggestions[row.id] = load(Suggestion, row.body)
        house.open_keys[row.key] = row.id
    orders = tables.core(tables.OrderRow)
    live = [state for state in ORDER_LIFE.moves if not ORDER_LIFE.ended(state)]
    for row in connection.execute(select(orders).where(orders.c.state.in_(live))):
        house.orders[row.id] = load(Order, row.body)
        house.by_transaction[row.transaction_id] = row.id
    slots = tables.core(tables.OfferedSlots)
    for row in connection.execute(
        select(slots).where(
            slots.c.order_id.in_(select(orders.c.id).where(orders.c.state.in_(live)))
        )
    ):
        house.slots[row.order_id] = load(tuple[DeliverySlot, ...], row.body)
    activities = tables.core(tables.ActivityRow)
    for row in connection.execute(
        select(activities).where(activities.c.state.in_(("tentative", "confirmed")))
    ):
        house.activities[row.id] = load(Planned, row.body)
    meals = tables.core(tables.MealRow)
    to_come = [state for state in MEAL_LIFE.moves if not MEAL_LIFE.ended(state)]
    for row in connection.execute(select(meals).where(meals.c.state.in_(to_come))):
        house.meals[row.id] = load(SocialMeal, row.body)
    grants = tables.core(tables.GrantRow)
    for row in connection.execute(select(grants).where(grants.c.state == GIVEN)):
        grant = house.grants[row.id] = load(Grant, row.body)
        house.granted[grant.about] = (*house.granted.get(grant.about, ()), grant)
    for row in connection.execute(select(tables.core(tables.CalendarRow))):
        house.calendars[row.name] = load(OtherCalendar, row.body)
    for row in connection.execute(select(tables.core(tables.SurveyRow))):
        house.surveys[row.id] = load(Survey, row.body)
    for row in connection.execute(select(tables.core(tables.PlanRow))):
        house.plans[row.id] = load(Plan, row.body)
    for row in connection.execute(select(tables.core(tables.CaseRow))):
        house.cases[row.id] = load(Case, row.body)
    for row in connection.execute(select(tables.core(tables.DeviceRow))):
        house.devices[row.owner] = KnownDevice(row.owner, row.name, row.state, instant(row.at))
    for row in connection.execute(select(tables.core(tables.CooldownRow))):
        house.cooldowns[row.rule_id, row.subject] = instant(row.until)
    for row in connection.execute(select(tables.core(tables.TimerRow))):
        house.timers[row.kind, row.name, row.subject] = instant(row.due)
    for row in connection.execute(select(tables.core(tables.InboxMqtt))):
        house.inbox_mqtt[row.mid] = row.key
    for row in connection.execute(select(tables.core(tables.AnnouncementRow))):
        house.announcements[row.source] = row.payload
    house.log = load_log(connection)
    # A row goes once its effect is done; an id that is free again may be used again.
    outbox = tables.core(tables.OutboxRow)
    house.counters["outbox"] = (connection.execute(select(func.max(outbox.c.id))).scalar() or 0) + 1
    return house
