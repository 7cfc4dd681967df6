"""What can run out: stock that is sold, and capacity that is held for a time and comes back.

Each method is part of the caller's transaction, of which there is one at a time: what was counted
still holds when it is taken.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from hub.domain.orders import Window
from integrations.beckn.provider.listing import Listing

SCHEMA = """
CREATE TABLE IF NOT EXISTS stock (
    item_id TEXT PRIMARY KEY, left INTEGER NOT NULL CHECK (left >= 0), listed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS holds (
    order_id TEXT NOT NULL, resource TEXT NOT NULL, begins REAL NOT NULL, ends REAL NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), PRIMARY KEY (order_id, resource));
CREATE INDEX IF NOT EXISTS holds_of ON holds (resource, begins);
"""


class Shelves:
    """Stock and capacity; to be used within a step of the store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Use the tables of ``SCHEMA`` in ``db``."""
        self._db = db
        self.version = 0
        """Goes up with everything that changes here (and with what is then undone)."""

    def restock(self, listing: Listing) -> None:
        """Take new articles and changed stocks of the file over; the rest stays as sold."""
        self.version += 1
        for goods in listing.goods:
            self._db.execute(
                "INSERT INTO stock VALUES (?1, ?2, ?2) ON CONFLICT (item_id) DO UPDATE"
                " SET left = excluded.listed, listed = excluded.listed"
                " WHERE stock.listed <> excluded.listed",
                (goods.id, goods.stock),
            )

    def left(self) -> dict[str, int]:
        """Return how many pieces there are of each article."""
        return dict(self._db.execute("SELECT item_id, left FROM stock").fetchall())

    def take(self, item_id: str, count: int) -> bool:
        """Take pieces out of stock (a negative count returns them); False when too few are left."""
        self.version += 1
        taken = self._db.execute(
            "UPDATE stock SET left = left - ?2 WHERE item_id = ?1 AND left >= ?2", (item_id, count)
        )
        return taken.rowcount == 1

    def held(self, resource: str, window: Window, but: str = "") -> int:
        """Return how much of a resource is held at some time of ``window``, but for an order.

        Holds that do not overlap one another count together: rather too few are sold than too many.
        """
        (amount,) = self._db.execute(
            "SELECT coalesce(sum(amount), 0) FROM holds"
            " WHERE resource = ? AND begins < ? AND ends > ? AND order_id <> ?",
            (resource, window.end.timestamp(), window.start.timestamp(), but),
        ).fetchone()
        return int(amount)

    def all_held(self, now: datetime) -> dict[str, int]:
        """Return how much is held of each resource that is bound to one window, from now on."""
        rows = self._db.execute(
            "SELECT resource, sum(amount) FROM holds WHERE ends > ? GROUP BY resource",
            (now.timestamp(),),
        )
        return {resource: int(amount) for resource, amount in rows}

    def hold(
        self, order_id: str, resource: str, window: Window, amount: int, capacity: int
    ) -> bool:
        """Hold ``amount`` of a resource for ``window``; False when it would be above capacity."""
        self.version += 1
        if self.held(resource, window, order_id) + amount > capacity:
            return False
        self._db.execute(
            "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?, ?)",
            (order_id, resource, window.start.timestamp(), window.end.timestamp(), amount),
        )
        return True

    def release(self, order_id: str) -> None:
        """Give back all that an order holds."""
        self.version += 1
        self._db.execute("DELETE FROM holds WHERE order_id = ?", (order_id,))

    def tidy(self, before: datetime) -> None:
        """Forget what was held until ``before``."""
        self._db.execute("DELETE FROM holds WHERE ends < ?", (before.timestamp(),))
