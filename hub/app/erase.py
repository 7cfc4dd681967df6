"""Erasing a member's or a time's data, while the hub does not run."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from hub.app.secrets import NTFY_FILE
from hub.clock import clock_from_environment
from hub.keyfiles.files import read_text, write
from hub.keyfiles.ledgerkey import LEDGER_KEY, read_ledger_key
from hub.store.database import lock_folder, open_database
from hub.store.erase import erase_before, erase_member, forget_bytes, in_clear
from hub.store.house import load_house
from hub.store.tx import Tx


def forget_member(data: Path, database: str, member: str, name: str) -> tuple[dict[str, int], int]:
    """Erase a member's data; return how much of what, and how many old entries name them in clear.

    Raises DataFolderInUse while a hub runs there.
    """
    with lock_folder(data):
        engine = open_database(data / database)
        try:
            done, left = _step(
                engine, data, lambda tx: (erase_member(tx, member, name), in_clear(tx, member))
            )
            forget_bytes(engine)
        finally:
            engine.dispose()
        _forget_topic(data / "secrets" / NTFY_FILE, member)
    return done, left


def forget_before(data: Path, database: str, before: datetime) -> dict[str, int]:
    """Erase what is over since before an instant; return how much of what.

    Raises DataFolderInUse while a hub runs there.
    """
    with lock_folder(data):
        engine = open_database(data / database)
        try:
            done = _step(engine, data, lambda tx: (erase_before(tx, before), 0))[0]
            forget_bytes(engine)
        finally:
            engine.dispose()
    return done


def _step(
    engine: Engine, data: Path, step: Callable[[Tx], tuple[dict[str, int], int]]
) -> tuple[dict[str, int], int]:
    now = clock_from_environment().now()
    with engine.connect().execution_options(immediate=True) as connection:
        house = load_house(connection, now)
        house.sign = read_ledger_key(data / "secrets" / LEDGER_KEY).sign
        tx = Tx(house, connection, now)
        result = step(tx)
        tx.flush()
        connection.commit()
    return result


def _forget_topic(file: Path, member: str) -> None:
    if file.exists():
        topics = json.loads(read_text(file))
        if topics.pop(member, None) is not None:
            write(file, json.dumps(topics, indent=1) + "\n")
