"""Opening the database: SQLite in WAL, ``synchronous=FULL``, one writer."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlmodel import SQLModel

from hub.store import tables

_HERE = Path(__file__).parent


class DataFolderInUse(Exception):
    """Another hub runs on this data folder."""


def lock_folder(data: Path) -> IO[str]:
    """Take the data folder for this process; keep the returned file open while running.

    Raises DataFolderInUse, naming the folder and the other process.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = (data / "hub.lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.seek(0)
        holder = handle.read().strip() or "unknown"
        handle.close()
        raise DataFolderInUse(f"{data} is used by another hub (process {holder})") from error
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def open_database(path: Path) -> Engine:
    """Open (and make or migrate) the database at ``path``; the folder must exist.

    Raises sqlalchemy.exc.DatabaseError when the file is not a database.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 30, "check_same_thread": False, "isolation_level": None},
        pool_size=4,
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: a commit that was acknowledged to the broker must survive a power cut.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-2000")
        cursor.execute("PRAGMA journal_size_limit=16777216")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # pysqlite would begin lazily and read without a snapshot; we say it ourselves.
        connection.exec_driver_sql("BEGIN")

    _bring_up_to_date(engine)
    return engine


def _bring_up_to_date(engine: Engine) -> None:
    names = inspect(engine).get_table_names()
    if not names:
        with engine.begin() as connection:
            SQLModel.metadata.create_all(connection)
            connection.execute(
                tables.core(tables.SchemaVersion).insert(),
                {"version_num": tables.HEAD},
            )
        return
    with engine.begin() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version != tables.HEAD:
        migrate(engine)


def migrate(engine: Engine) -> None:
    """Bring an older database to HEAD with Alembic (loaded only here: it costs memory)."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
