"""Opening the database: SQLite in WAL, ``synchronous=FULL``, one writer."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from hub.store import tables
from hub.store.crc import VERSION
from hub.store.prepared import raised
from hub.store.sums import sum_all, sum_schema

_HERE = Path(__file__).parent
_MOST_LOG = 4096
"""Pages (4 KiB) of the write-ahead log after which a commit empties it itself."""


class DataFolderInUse(Exception):
    """Another hub runs on this data folder."""


class UnknownDatabase(Exception):
    """The file is a database, but not one this version of the hub can use."""


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

    A connection with ``execution_options(immediate=True)`` begins as a writer and waits for
    its turn; others read a snapshot. Raises sqlalchemy.exc.DatabaseError when the file is not a
    database, UnknownDatabase when it is another program's or a newer hub's.
    """
    _for_its_owner(path)
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
        cursor.execute(f"PRAGMA journal_size_limit={_MOST_LOG * 4096}")
        # Somebody else empties the log in time (hub.worker.carrier); a commit only when nobody did.
        cursor.execute(f"PRAGMA wal_autocheckpoint={_MOST_LOG}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # pysqlite would begin lazily and read without a snapshot; we say it ourselves. Who reads
        # before writing must take the write lock first: a snapshot cannot become a writer once
        # somebody else (a sign-in, the command line) has written.
        immediate = connection.get_execution_options().get("immediate", False)
        command = "BEGIN IMMEDIATE" if immediate else "BEGIN"
        try:
            connection.connection.dbapi_connection.execute(command)
        except sqlite3.Error as error:
            raise raised(command, error) from error

    try:
        _bring_up_to_date(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _for_its_owner(path: Path) -> None:
    # SQLite gives its other files the mode of this one. What cannot be made or changed is told, if
    # it matters, where it is opened.
    with suppress(OSError):
        path.touch(mode=0o600)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _bring_up_to_date(engine: Engine, path: Path) -> None:
    names = inspect(engine).get_table_names()
    if not names:
        with engine.connect().execution_options(immediate=True) as connection:
            SQLModel.metadata.create_all(connection)
            connection.execute(
                insert(tables.core(tables.SchemaVersion)).on_conflict_do_nothing(),
                {"version_num": tables.HEAD},
            )
            sum_schema(connection)
            connection.commit()
        return
    if tables.SchemaVersion.__tablename__ not in names:
        raise UnknownDatabase(f"{path} is a database of another program; expected the hub's")
    with engine.connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version == tables.HEAD:
        return
    if version is not None and version > tables.HEAD:
        raise UnknownDatabase(
            f"{path} was written by a newer hub (schema {version}, this one knows {tables.HEAD}); "
            "install that version again"
        )
    migrate(engine)


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring an older database to a version with Alembic (loaded only here: it costs memory).

    All in one transaction: a database is of one version, also after a crash in between.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations"))
    with engine.connect().execution_options(immediate=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        if connection.execute(text(VERSION)).scalar() == tables.HEAD:
            sum_all(connection)
        connection.commit()
