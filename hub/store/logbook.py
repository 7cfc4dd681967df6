"""What a unit of work writes into the ledger: entries, checkpoints, and what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from hub.domain.values import dataclass
from hub.ledger.commitment import Opening, seal
from hub.ledger.leaf import leaf_hash
from hub.store import tables
from hub.store.codec import micros
from hub.store.diary import Diary
from hub.store.house import House
from hub.store.log import (
    SIGNED_AT_ONCE,
    checkpoint_row,
    fitting,
    marked,
    opened,
    opening_rows,
    openings_of,
)

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


class LogBook(Diary):
    """The ledger of a unit of work. Its entries are the commit's, or nobody's."""

    def __init__(self, house: House, connection: Connection, now: datetime) -> None:
        """Begin; ``now`` is the instant of everything in it (UTC)."""
        super().__init__(house, connection, now)
        self._decided = False
        self._signed = False

    def count(self, kind: str, subject: str, since: datetime) -> int:
        """Return how many entries about a subject earlier commits made since then.

        Of one ``kind``, or of any where it is "".
        """
        table = tables.core(tables.LedgerRow)
        counted = select(func.count()).select_from(table)
        counted = counted.where(table.c.subject == subject, table.c.at >= micros(since))
        if kind:
            counted = counted.where(table.c.kind == kind)
        return self.connection.execute(counted).scalar() or 0

    def append(self, entry: Entry) -> int:
        """Append to the ledger; return the entry's index.

        Facts that concern people are sealed (``hub.store.log.SEALED``), and kept beside it.
        """
        log = self.house.log
        index, at = log.frontier.size, self.at
        facts, openings = seal(marked(entry.facts), token_bytes)
        body = fitting(entry.kind, at, entry.subject, facts)
        leaf = leaf_hash(body.encode())
        self._replace(self.house, "log", log.grown(leaf, self.now))
        self._insert(
            tables.LedgerRow,
            index=index,
            at=at,
            kind=entry.kind,
            subject=entry.subject,
            body=body,
            leaf=leaf,
        )
        for row in opening_rows(index, openings):
            self._insert(tables.OpeningRow, **row)
        self._decided = self._decided or entry.kind in SIGNED_AT_ONCE
        return index

    def sign_log(self, waited: timedelta = timedelta(0)) -> None:
        """Make a checkpoint over the whole log when an entry has waited so long for one."""
        log, sign = self.house.log, self.house.sign
        if sign is None or log.since is None or self.now - log.since < waited:
            return
        row = checkpoint_row(log, sign)
        self._upsert(tables.CheckpointRow, row["size"], **row)
        self._replace(self.house, "log", log.as_signed())
        self._signed = True

    @property
    def signs(self) -> bool:
        """Whether its commit holds a checkpoint."""
        return self._decided or self._signed

    def flush(self) -> None:
        """Write what was changed; what a member decided is signed in the same commit."""
        if self._decided:
            self.sign_log()
        super().flush()

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
        statement = select(table.c["index"], table.c.body).where(
            table.c.kind == "told", table.c.subject == subject
        )
        entries = [
            (int(index), str(body))
            for index, body in self.connection.execute(
                statement.order_by(table.c["index"].desc()).limit(_TOLD_LOOKED_AT)
            )
        ]
        openings = openings_of(self.connection, [index for index, _ in entries])
        for row in self._inserts.get(tables.core(tables.OpeningRow), ()):
            made: Any = row
            opening = Opening(made["salt"], orjson.loads(made["value"]), made["of"])
            openings.setdefault(made["entry"], []).append(opening)
        entries += [
            (row["index"], str(row["body"]))  # type: ignore[misc]
            for row in self._inserts.get(table, ())
            if row["kind"] == "told" and row["subject"] == subject
        ]
        found: dict[str, Told] = {}
        for index, body in entries:
            facts = opened(body, openings.get(index, ()))["facts"]
            because = facts.get("because", {})
            # A rule that waits until shortly before the notice fires by a timer about it.
            if ref in (because.get("ref"), because.get("subject")):
                one = Told(facts["tag"], facts.get("title", ""), tuple(facts.get("members", ())))
                found.setdefault(one.tag, one)
        return list(found.values())
