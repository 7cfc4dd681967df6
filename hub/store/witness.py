"""Rows of witnesses and of what they signed of our log, over one connection."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from hub.domain.values import dataclass
from hub.domain.witness import Witness
from hub.store import peertables, tables
from hub.store.codec import dump, instant, load, micros
from hub.store.sums import summed

MOST_KEPT = 1000
"""Countersignatures of one hub that are kept: the newest."""
_WITNESS = tables.core(peertables.WitnessRow)
_COSIGNED = tables.core(peertables.CosignatureRow)
_CHECKPOINT = tables.core(tables.CheckpointRow)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A hub's signature of our checkpoint of ``size`` entries; ``key`` is its public key."""

    peer: str
    size: int
    at: datetime
    key: str
    line: str


class WitnessStore:
    """Reads and writes of one connection; who opened it commits."""

    def __init__(self, connection: Connection) -> None:
        self._do = connection.execute

    def witness(self, peer: str, contact: str = "") -> Witness:
        """Return what is between us and a hub, also when there is nothing yet."""
        body = self._do(select(_WITNESS.c.body).where(_WITNESS.c.peer == peer)).scalar()
        return Witness(peer, contact) if body is None else load(Witness, body)

    def witnesses(self) -> list[Witness]:
        """Return what is between us and each hub."""
        statement = select(_WITNESS.c.body).order_by(_WITNESS.c.peer)
        return [load(Witness, body) for body in self._do(statement).scalars()]

    def save(self, witness: Witness) -> None:
        """Keep it as it is now."""
        row = summed(_WITNESS, peer=witness.peer, body=dump(witness))
        new = insert(_WITNESS).values(row)
        self._do(new.on_conflict_do_update(index_elements=["peer"], set_=row))

    def keep(self, signed: Cosigned) -> None:
        """Keep a countersignature; the oldest of that hub go."""
        row = summed(
            _COSIGNED,
            peer=signed.peer,
            size=signed.size,
            at=micros(signed.at),
            key=signed.key,
            line=signed.line,
        )
        new = insert(_COSIGNED).values(row)
        self._do(new.on_conflict_do_update(index_elements=["peer", "size"], set_=row))
        here = _COSIGNED.c.peer == signed.peer
        oldest = (
            select(_COSIGNED.c.size)
            .where(here)
            .order_by(_COSIGNED.c.size.desc())
            .offset(MOST_KEPT)
            .limit(1)
        )
        least = self._do(oldest).scalar()
        if least is not None:
            self._do(delete(_COSIGNED).where(here, _COSIGNED.c.size <= least))

    def of_size(self, size: int) -> list[Cosigned]:
        """Return who signed our checkpoint of that size."""
        statement = select(_COSIGNED).where(_COSIGNED.c.size == size).order_by(_COSIGNED.c.peer)
        return [
            Cosigned(row.peer, row.size, instant(row.at), row.key, row.line)
            for row in self._do(statement)
        ]

    def newest_signed(self, least: int = 0, since: datetime | None = None) -> int | None:
        """Return the size of our newest countersigned checkpoint of at least ``least`` entries.

        With ``since`` only what was countersigned then or later counts.
        """
        statement = select(func.max(_COSIGNED.c.size)).where(_COSIGNED.c.size >= least)
        if since is not None:
            statement = statement.where(_COSIGNED.c.at >= micros(since))
        size: int | None = self._do(statement).scalar()
        return size

    def checkpoint(self, size: int | None = None) -> tuple[int, str] | None:
        """Return size and signed note of our newest checkpoint, or of the one of that size."""
        statement = select(_CHECKPOINT.c.size, _CHECKPOINT.c.note)
        if size is not None:
            statement = statement.where(_CHECKPOINT.c.size == size)
        row = self._do(statement.order_by(_CHECKPOINT.c.size.desc()).limit(1)).first()
        return None if row is None else (row.size, row.note)
