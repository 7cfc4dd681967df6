"""Rows of recovery sheets, given to contacts and kept for them, over one connection."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from hub.domain.sheets import Given, Kept
from hub.store import peertables, tables
from hub.store.codec import dump, load
from hub.store.sums import summed

_SHEET = tables.core(peertables.SheetRow)


class SheetStore:
    """Reads and writes of one connection; who opened it commits."""

    def __init__(self, connection: Connection) -> None:
        self._do = connection.execute

    def given(self) -> list[Given]:
        """Return what contacts were given of ours."""
        return [load(Given, body) for body in self._bodies("given")]

    def given_to(self, peer: str) -> Given | None:
        """Return what one hub was given."""
        return next((one for one in self.given() if one.peer == peer), None)

    def kept(self) -> list[Kept]:
        """Return what is kept for contacts."""
        return [load(Kept, body) for body in self._bodies("kept")]

    def kept_for(self, peer: str) -> Kept | None:
        """Return what is kept for one hub."""
        return next((one for one in self.kept() if one.peer == peer), None)

    def save(self, sheet: Given | Kept) -> None:
        """Keep it as it is now, in place of the one before."""
        side = "given" if isinstance(sheet, Given) else "kept"
        row = summed(_SHEET, peer=sheet.peer, side=side, body=dump(sheet))
        new = insert(_SHEET).values(row)
        self._do(new.on_conflict_do_update(index_elements=["peer", "side"], set_=row))

    def drop(self, sheet: Given | Kept) -> None:
        """Forget one."""
        side = "given" if isinstance(sheet, Given) else "kept"
        self._do(delete(_SHEET).where(_SHEET.c.peer == sheet.peer, _SHEET.c.side == side))

    def forget(self, peer: str) -> None:
        """Forget what is between us and a hub."""
        self._do(delete(_SHEET).where(_SHEET.c.peer == peer))

    def _bodies(self, side: str) -> list[str]:
        statement = select(_SHEET.c.body).where(_SHEET.c.side == side).order_by(_SHEET.c.peer)
        return list(self._do(statement).scalars())
