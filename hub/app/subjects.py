"""What the ledger's entries are about, read from the database for a command line without a hub."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select

from hub.app.friends import listed as friends_listed
from hub.domain.activities import Activity, Planned
from hub.settings import Settings
from hub.store import tables
from hub.store.codec import load
from hub.store.views import Views
from hub.web.backend import EntityView, PantryView
from hub.web.friends import FriendView


class _Friends:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listed(self) -> Sequence[FriendView]:
        return friends_listed(self._engine)


class _Activities:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listed(self) -> Sequence[Activity]:
        table = tables.core(tables.ActivityRow)
        with self._engine.connect() as connection:
            bodies = connection.execute(select(table.c.body)).scalars()
            return [load(Planned, body).activity for body in bodies]


class StoredSubjects:
    """Names from the database and ``settings`` (``hub.web.naming.Subjects``).

    What only a running hub knows, devices and the pantry's names, is called by its id.
    """

    def __init__(self, views: Views, settings: Settings) -> None:
        """Read what ``views`` reads."""
        self.settings = settings
        self.friends, self.activities = _Friends(views.engine), _Activities(views.engine)
        self.meals, self.order, self.suggestion = views, views.order, views.suggestion

    def entities(self) -> Sequence[EntityView]:
        """Return none: they are announced to a hub that runs."""
        return ()

    def pantry(self) -> Sequence[PantryView]:
        """Return none: levels are a running hub's."""
        return ()
