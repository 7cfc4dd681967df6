"""Erasing what a friend's household told: what is over goes, what is still to happen stays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, select

from hub.domain.activities import Activity, Planned
from hub.domain.contacts import Contact
from hub.domain.suggestions import SUGGESTION_LIFE, Suggestion
from hub.store import peertables, tables
from hub.store.codec import load, micros
from hub.store.tx import Tx

_OVER = ("over", "cancelled")
_CLOSED = [state for state in SUGGESTION_LIFE.moves if SUGGESTION_LIFE.ended(state)]
_ACTIVITIES, _TALK = tables.core(tables.ActivityRow), tables.core(peertables.SignedTalk)


def erase_contact(tx: Tx, contact: Contact, until: datetime) -> tuple[dict[str, int], int]:
    """Erase what a contact told until an instant; return how much of what, and what stays.

    Of activities that are over its invitations go whole, from the others its doors and what its
    hub signed. What stays counts activities still to happen. The log keeps its hashes: the openings
    of what it told go.
    """
    told = [
        (row.state in _OVER, planned)
        for row in tx.connection.execute(select(_ACTIVITIES))
        if _is_of(planned := load(Planned, row.body), contact)
    ]
    over = [planned for ended, planned in told if ended]
    theirs = [one.what.key for one in over if _organizer(one) in contact.addresses]
    shared = [one for one in over if one.share(contact.id) and one.what.key not in theirs]
    for one in shared:
        tx.save(one.with_share(contact.id, None))
    uids = {one.what.uid for one in over}
    done = {
        "activities": _drop(tx, _ACTIVITIES, _ACTIVITIES.c.id, theirs),
        "shared rides": len(shared),
        "signed messages": _signed(tx, contact, uids, until),
        "questions": _questions(tx, theirs),
        "sealed facts": _openings(tx, (contact.id, *theirs), until),
    }
    return {name: number for name, number in done.items() if number}, len(told) - len(over)


def _is_of(planned: Planned, contact: Contact) -> bool:
    what = planned.what
    there = {what.organizer.address}
    if isinstance(what, Activity):
        there.update(one.address for one in what.attendees)
    return planned.share(contact.id) is not None or not there.isdisjoint(contact.addresses)


def _organizer(planned: Planned) -> str:
    return planned.what.organizer.address


def _drop(tx: Tx, table: Table, column: ColumnElement[str], values: Collection[str]) -> int:
    return tx.connection.execute(delete(table).where(column.in_(values))).rowcount


def _signed(tx: Tx, contact: Contact, uids: Collection[str], until: datetime) -> int:
    theirs = _TALK.c.id.startswith(f"in:{contact.peer}:", autoescape=True)
    where = _TALK.c.uid.in_(uids), _TALK.c.at <= micros(until), theirs
    return tx.connection.execute(delete(_TALK).where(*where)).rowcount


def _questions(tx: Tx, keys: Collection[str]) -> int:
    table = tables.core(tables.SuggestionRow)
    closed = select(table).where(table.c.state.in_(_CLOSED))
    about = [
        row.id
        for row in tx.connection.execute(closed)
        if load(Suggestion, row.body).subject in keys
    ]
    return _drop(tx, table, table.c.id, about)


def _openings(tx: Tx, subjects: Collection[str], until: datetime) -> int:
    ledger, opening = tables.core(tables.LedgerRow), tables.core(tables.OpeningRow)
    entries = select(ledger.c["index"]).where(
        ledger.c.subject.in_(subjects), ledger.c.at <= micros(until)
    )
    return tx.connection.execute(delete(opening).where(opening.c.entry.in_(entries))).rowcount
