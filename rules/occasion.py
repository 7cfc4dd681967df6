"""One event as rules look at it: each fact is read from the view at most once, when needed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.domain.events import (
    ActivityChanged,
    DeviceEventOccurred,
    Event,
    NoticeIssued,
    StateChanged,
    StockChanged,
)
from hub.domain.notices import Notice
from hub.domain.observations import Scalar
from rules.compile import engine
from rules.index import Bucket
from rules.view import View
from rules.words import activity_words, bounded, notice_words, now_words


class Occasion:
    """An event, the house around it and the instant it is judged at.

    ``notice`` is what a notice rule is about. The CEL context is filled once, with what the
    conditions of ``bucket`` read, however many rules there are.
    """

    def __init__(
        self,
        event: Event,
        view: View,
        now: datetime,
        bucket: Bucket,
        *,
        notice: Notice | None = None,
    ) -> None:
        self.event = event
        self.view = view
        self.now = now
        self.bucket = bucket
        self.notice = event.notice if isinstance(event, NoticeIssued) else notice
        self._context: Any = None
        self._missing: frozenset[str] = frozenset()
        self._hours: float | None = None
        self._hours_read = False
        self.have = math.inf
        self.expected = 0.0
        self.par: float | None = None
        if isinstance(event, StockChanged):
            level, kept = view.stock(event.item), view.item(event.item)
            self.expected = level.expected if level else 0.0
            self.have = event.current + self.expected
            self.par = float(kept.par) if kept and kept.par is not None else None

    def hours_left(self) -> float | None:
        """Return the hours until the event's item is used up; None when that is not known."""
        if not self._hours_read and isinstance(self.event, StockChanged):
            self._hours = self.view.hours_left(self.event.item)
            self._hours_read = True
        return self._hours

    def context(self) -> Any:
        """Return the CEL context with the bucket's words, filled on first use."""
        if self._context is None:
            values = self._values()
            self._missing = frozenset(name for name, value in values.items() if value is None)
            self._context = engine().Context()
            self._context.update(values)
        return self._context

    def lacks(self, words: frozenset[str]) -> frozenset[str]:
        """Return which of a condition's words are not known now."""
        return words & self._missing

    def _values(self) -> dict[str, Any]:
        wanted = self.bucket.words
        values: dict[str, Any] = {}
        if "now" in wanted:
            values["now"] = now_words(self.now, self.view.zone)
        if "stock" in wanted:
            values["stock"] = {
                item: level.quantity
                for item in self.bucket.items
                if (level := self.view.stock(item)) is not None
            }
        if "somebody_home" in wanted:
            values["somebody_home"] = self.view.somebody_home()
        if isinstance(self.event, StockChanged):
            values.update(self._stock_values(self.event, wanted))
        elif isinstance(self.event, StateChanged):
            values.update(state_words(self.event.entity, self.event.current, self.event.previous))
        elif isinstance(self.event, DeviceEventOccurred):
            values["entity"] = self.event.entity
            values["event"] = {
                "type": bounded(self.event.event_type),
                "data": bounded(self.event.data),
            }
        elif isinstance(self.event, ActivityChanged):
            values["activity"] = activity_words(self.event, self.now)
        elif "entity" in wanted or "state" in wanted:
            subject = getattr(self.event, "subject", "")
            values.update(state_words(subject, self.view.state(subject), None))
        if self.notice is not None:
            values["notice"] = notice_words(self.notice, self.now)
        return {name: value for name, value in values.items() if name in wanted}

    def _stock_values(self, event: StockChanged, wanted: frozenset[str]) -> Mapping[str, Any]:
        kept = self.view.item(event.item)
        target = kept.target if kept else None
        return {
            "item": event.item,
            "name": kept.name if kept else event.item,
            "quantity": float(event.current),
            "expected": self.expected,
            "unit": event.unit,
            "par": self.par,
            "target": float(target) if target is not None else None,
            "hours_left": self.hours_left() if "hours_left" in wanted else None,
        }


def state_words(entity: str, state: Scalar, previous: Scalar) -> dict[str, Any]:
    """Return an entity's words, with numbers as numbers even where the device sends text."""
    return {"entity": entity, "state": _plain(state), "previous": _plain(previous)}


def _plain(value: Scalar) -> Any:
    if isinstance(value, str):
        number = as_number(value)
        return number if number is not None else bounded(value)
    return bounded(value)


def as_number(value: Scalar) -> float | None:
    """Return a state as a finite number; None when it is none (truth is no number)."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
