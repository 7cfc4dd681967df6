"""What buyers say of a provider, and where its driver is: kept beside the orders."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hub.domain.orders import Rating, Score

SCHEMA = """
CREATE TABLE IF NOT EXISTS ratings (
    order_id TEXT PRIMARY KEY, stars INTEGER NOT NULL, words TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS complaints (
    message_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, words TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS positions (
    vehicle TEXT PRIMARY KEY, gps TEXT NOT NULL, at REAL NOT NULL);
"""

MOST_COMPLAINTS = 50
FRESH = timedelta(minutes=2)
"""How long a position that was told counts as the present one."""


class Notes:
    """Ratings, complaints and positions; to be used within a step of the store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Use the tables of ``SCHEMA`` in ``db``."""
        self._db = db

    def rate(self, order_id: str, rating: Rating, now: datetime) -> None:
        """Keep the rating of an order; a later one takes its place."""
        self._db.execute(
            "INSERT OR REPLACE INTO ratings VALUES (?, ?, ?, ?)",
            (order_id, rating.stars, rating.text, now.timestamp()),
        )

    def rating(self, order_id: str) -> Rating | None:
        """Return how an order was rated."""
        row = self._db.execute(
            "SELECT stars, words FROM ratings WHERE order_id = ?", (order_id,)
        ).fetchone()
        return Rating(*row) if row else None

    def score(self) -> Score | None:
        """Return the mean of all ratings, None before the first."""
        total, count = self._db.execute(
            "SELECT coalesce(sum(stars), 0), count(*) FROM ratings"
        ).fetchone()
        if not count:
            return None
        mean = (Decimal(total) / count).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return Score(mean, count)

    def complain(self, order_id: str, message_id: str, words: str, now: datetime) -> None:
        """Keep what a buyer says is wrong; the first MOST_COMPLAINTS of an order."""
        self._db.execute(
            "INSERT OR IGNORE INTO complaints SELECT ?1, ?2, ?3, ?4"
            " WHERE (SELECT count(*) FROM complaints WHERE order_id = ?2) < ?5",
            (message_id, order_id, words, now.timestamp(), MOST_COMPLAINTS),
        )

    def complaints(self, order_id: str) -> list[str]:
        """Return what was said to be wrong with an order, the oldest first."""
        rows = self._db.execute(
            "SELECT words FROM complaints WHERE order_id = ? ORDER BY at", (order_id,)
        )
        return [words for (words,) in rows]

    def move(self, vehicle: str, gps: str, now: datetime) -> None:
        """Note where a vehicle is."""
        self._db.execute(
            "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (vehicle, gps, now.timestamp())
        )

    def position(self, vehicle: str, now: datetime) -> tuple[str, datetime] | None:
        """Return where a vehicle was said to be, and when, unless that was long ago."""
        row = self._db.execute(
            "SELECT gps, at FROM positions WHERE vehicle = ?", (vehicle,)
        ).fetchone()
        if row is None or now.timestamp() - row[1] > FRESH.total_seconds():
            return None
        return row[0], datetime.fromtimestamp(row[1], UTC)
