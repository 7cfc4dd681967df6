"""What a unit of work keeps of what is heard and known: inbox, levels, entities, clocks."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from hub.domain.calendars import OtherCalendar
from hub.domain.freebusy import Survey
from hub.domain.notices import Notice
from hub.domain.quarantine import KnownDevice
from hub.domain.stock import StockLevel
from hub.ports import InMessage
from hub.store import tables
from hub.store.codec import dump, micros
from hub.store.house import EntityNow, House, TimerKey, quarter_of
from hub.store.unit import Unit

_PARKED_BYTES = 1024
MOST_PARKED_A_DAY = 5_000
"""Faults kept between two tidyings: what a device sends may be another fault each time."""


def message_key(message: InMessage) -> bytes:
    """Return 16 bytes that name a message's topic and payload."""
    digest = hashlib.blake2b(message.payload, digest_size=16, key=b"")
    digest.update(message.topic.encode("utf-8", "surrogatepass"))
    return digest.digest()


def storable(text: str) -> str:
    """Return text that SQLite can keep: a lone surrogate has no UTF-8."""
    return text.encode("utf-8", "replace").decode()


class Present(Unit):
    """What is heard and known, changed in memory and in rows together."""

    def __init__(self, house: House, connection: Connection, now: datetime) -> None:
        """Begin; ``now`` is the instant of everything in it (UTC)."""
        super().__init__(connection)
        self.house = house
        self.now = now
        self.at = micros(now)
        """``now`` as rows keep it."""
        self.page_changed = False
        self.timers_changed = False
        self.topics_changed = False

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
            insert(table).values(key=key, received_at=self.at).on_conflict_do_nothing()
        )
        return bool(done.rowcount)

    def park(self, topic: str, payload: bytes, reason: str, where: str = "") -> None:
        """Keep what was not understood, once a fault: the first 1 KiB, and a count."""
        self._insert(
            tables.ParkedRow,
            at=self.at,
            topic=storable(topic[:512]),
            reason=storable(reason[:512]),
            where=storable(where[:256]),
            payload=payload[:_PARKED_BYTES],
            count=1,
        )
        self.page_changed = True

    def flush(self) -> None:
        """Write what was changed; of what was parked the newest is kept."""
        super().flush()
        parked = tables.core(tables.ParkedRow)
        if parked in self._inserts:
            last = select(func.max(parked.c.id)).scalar_subquery()
            self.connection.execute(delete(parked).where(parked.c.id <= last - MOST_PARKED_A_DAY))

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
            self._upsert(tables.AnnouncementRow, source, source=source, payload=payload, at=self.at)
        self.page_changed = True

    def save_device(self, device: KnownDevice) -> None:
        """Keep what became of a device."""
        self._set(self.house.devices, device.owner, device)
        self._upsert(
            tables.DeviceRow,
            device.owner,
            owner=device.owner,
            name=storable(device.name),
            state=device.state,
            at=micros(device.at),
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

    # -- what others tell of their time -------------------------------------------------------

    def save_calendar(self, calendar: OtherCalendar) -> None:
        """Keep what a calendar elsewhere holds."""
        self._set(self.house.calendars, calendar.name, calendar)
        self._upsert(tables.CalendarRow, calendar.name, name=calendar.name, body=dump(calendar))
        self.page_changed = True

    def forget_calendar(self, name: str) -> None:
        """Forget a calendar that is read no more."""
        self._drop(self.house.calendars, name)
        self._delete(tables.CalendarRow, name, name=name)
        self.page_changed = True

    def save_survey(self, survey: Survey) -> None:
        """Keep a question to contacts that waits for answers."""
        self._set(self.house.surveys, survey.id, survey)
        self._upsert(tables.SurveyRow, survey.id, id=survey.id, body=dump(survey))

    def forget_survey(self, survey_id: str) -> None:
        """Forget a question whose answers were passed on."""
        self._drop(self.house.surveys, survey_id)
        self._delete(tables.SurveyRow, survey_id, id=survey_id)

    # -- timers and cooldowns -----------------------------------------------------------------

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
