"""Carries what was committed from the write-ahead log into the database file, beside the writer.

SQLite does it by itself, in whichever commit finds a thousand pages in the log: one message in
seventy would wait for two more fsyncs and its pages written twice. Here a thread does it in a quiet
moment. A log that grows all the same is emptied in the commit, as ever (``wal_autocheckpoint``).
"""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Engine

log = logging.getLogger(__name__)

ENOUGH = 1_000
"""Pages (4 KiB) in the log, about, after which they are carried over."""

QUIET_SECONDS = 0.02
"""Without a commit so long, it is a quiet moment; under load there is none, and after
``LONGEST_SECONDS`` it is done all the same."""

LONGEST_SECONDS = 0.5

_PAGES_A_COMMIT = 4
"""Pages a commit writes besides those of its rows: roots of tables and indexes."""


class Carrier:
    """A thread that empties the log of ``engine``'s database; ``run_once`` is what it does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pages = 0
        self._commits = 0
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="carrier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is in the log stays there until the database is closed."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def committed(self, rows: int) -> None:
        """Note a commit of so many rows; called by the one thread that writes."""
        self._commits += 1
        self._pages += rows + _PAGES_A_COMMIT
        if self._pages >= ENOUGH:
            self._pages = 0
            self._wanted.set()

    def run_once(self) -> tuple[int, int]:
        """Carry pages over; return how many the log holds and how many of them are done.

        It waits for nobody: pages that a reader still looks at are left for the next time.
        """
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            _, there, done = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            cursor.close()
        finally:
            connection.close()
        return there, done

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            if self._stopping.is_set():
                return
            self._wanted.clear()
            self._await_quiet()
            try:
                self.run_once()
            except Exception:
                # The commit that finds the log too long does it.
                log.exception("the write-ahead log could not be emptied")

    def _await_quiet(self) -> None:
        for _ in range(round(LONGEST_SECONDS / QUIET_SECONDS)):
            before = self._commits
            if self._stopping.wait(QUIET_SECONDS) or self._commits == before:
                return
