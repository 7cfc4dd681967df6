"""From an event to what the household's rules make of it."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from decimal import Decimal

from hub.domain.events import (
    ActivityChanged,
    DeviceEventOccurred,
    Event,
    NoticeEnded,
    NoticeIssued,
    StateChanged,
    StockChanged,
)
from hub.flow.home import Home
from hub.flow.meals.ideas import fired
from hub.flow.suggest import suggest
from hub.flow.view import HouseView
from hub.flow.withdraw import notice_ended, notice_replaced
from hub.store.tx import Entry, Tx


def react(tx: Tx, home: Home, event: Event) -> None:
    """Evaluate the rules that mention the event; suggest, set timers, and park rules' faults."""
    if isinstance(event, NoticeEnded):
        notice_ended(tx, home, event)
    elif isinstance(event, NoticeIssued) and event.replaced:
        notice_replaced(tx, home, event)
    evaluation = home.rules.evaluate(event, HouseView(tx.house, home, tx.now), tx.now)
    for timer in evaluation.timers:
        tx.set_timer("rule", timer.rule_id, timer.subject, timer.due)
    for firing in evaluation.firings:
        if firing.kind == "social_meal" and fired(tx, home, firing, observed(event)):
            continue
        suggest(tx, home, firing, observed(event))
    for fault in evaluation.faults:
        tx.park("config/rules", b"", str(fault))


def observed(event: Event) -> Entry:
    """Return an event as the ledger keeps it."""
    if isinstance(event, NoticeIssued | NoticeEnded):
        notice = event.notice
        facts: dict[str, object] = {
            "ref": str(notice.ref),
            "event": notice.event,
            "service": notice.service,
        }
        return Entry(_name(event), notice.service or notice.event, facts)
    if isinstance(event, ActivityChanged):
        return Entry(_name(event), event.activity, {"change": event.change})
    facts = {
        field.name: _plain(getattr(event, field.name))
        for field in fields(event)
        if field.name not in ("attributes", "data")
    }
    subject = ""
    if isinstance(event, StockChanged):
        subject = event.item
    elif isinstance(event, StateChanged | DeviceEventOccurred):
        subject = event.entity
    return Entry(_name(event), subject, facts)


def _name(event: Event) -> str:
    letters = type(event).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in letters).lstrip("_")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
