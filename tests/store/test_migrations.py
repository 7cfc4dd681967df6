"""An old database becomes what the code expects, and a strange one is left alone."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

import hub.store.database
from hub.domain.consent import Disclosed
from hub.ledger.leaf import canonical, leaf_hash
from hub.store import tables
from hub.store.codec import dump
from hub.store.consents import disclosures
from hub.store.database import (
    DataFolderInUse,
    UnknownDatabase,
    lock_folder,
    migrate,
    open_database,
)
from hub.store.log import load_log
from hub.store.views import Views

OURS = {table.name for table in SQLModel.metadata.tables.values()}


def migrated(path: Path):
    engine = create_engine(f"sqlite:///{path}")
    migrate(engine)
    return engine


def shape(engine):
    """Return columns, keys and indexes of each table, as SQLite sees them."""
    found = {}
    inspector = inspect(engine)
    for name in inspector.get_table_names():
        columns = [
            (c["name"], str(c["type"]), c["nullable"], c["primary_key"])
            for c in inspector.get_columns(name)
        ]
        unique = sorted(tuple(u["column_names"]) for u in inspector.get_unique_constraints(name))
        indexes = sorted(
            (
                i["name"],
                tuple(i["column_names"]),
                i["unique"],
                str(i["dialect_options"].get("sqlite_where")),
            )
            for i in inspector.get_indexes(name)
        )
        found[name] = (columns, unique, indexes)
    return found


def test_migrations_lead_to_what_the_code_describes(tmp_path: Path) -> None:
    by_steps, at_once = migrated(tmp_path / "a.db"), open_database(tmp_path / "b.db")
    assert shape(by_steps) == shape(at_once)
    assert set(shape(by_steps)) == OURS
    with by_steps.connect() as connection:
        context = MigrationContext.configure(connection)
        metadata = SQLModel.metadata
        differences = [
            one
            for one in compare_metadata(context, metadata)
            if getattr(one[1], "name", "") != "alembic_version"
        ]
    assert differences == []


def test_the_last_migration_is_the_one_the_code_expects() -> None:
    folder = Path(hub.store.database.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [tables.HEAD]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    open_database(tmp_path / "a.db").dispose()
    before = shape(open_database(tmp_path / "a.db"))
    assert shape(open_database(tmp_path / "a.db")) == before


def test_a_commit_outlives_a_power_cut(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "a.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("CREATE TABLE song (title TEXT)")
    with pytest.raises(UnknownDatabase, match="of another program"):
        open_database(tmp_path / "a.db")


def test_a_newer_hubs_database_is_left_alone(tmp_path: Path) -> None:
    open_database(tmp_path / "a.db").dispose()
    with sqlite3.connect(tmp_path / "a.db") as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnknownDatabase, match="written by a newer hub"):
        open_database(tmp_path / "a.db")


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"these are not the bytes of a database" * 100)
    with pytest.raises(DatabaseError):
        open_database(tmp_path / "a.db")


def test_one_hub_a_folder(tmp_path: Path) -> None:
    held = lock_folder(tmp_path / "data")
    with pytest.raises(DataFolderInUse, match="used by another hub"):
        lock_folder(tmp_path / "data")
    held.close()
    lock_folder(tmp_path / "data").close()


def test_a_hub_of_before_checkpoints_keeps_its_log(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    engine = create_engine(f"sqlite:///{path}")
    migrate(engine, "0001")
    entry = canonical("told", 5, "milk", {"members": ["ana"], "title": "Milk"})
    with engine.begin() as connection:
        assert inspect(connection).has_table("checkpoint") is False
        connection.execute(
            text('INSERT INTO ledger VALUES (0, 5, "told", "milk", :body, :leaf)'),
            {"body": entry, "leaf": leaf_hash(entry.encode())},
        )
    engine.dispose()
    engine = open_database(path)
    with engine.connect() as connection:
        log = load_log(connection)
    assert (log.frontier.size, log.signed) == (1, 0)
    assert log.frontier.root == leaf_hash(entry.encode())
    (kept,) = Views(engine).ledger()
    assert json.loads(kept.body) == json.loads(entry)
    engine.dispose()


def test_what_left_keeps_its_hash_and_when_it_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    engine = create_engine(f"sqlite:///{path}")
    migrate(engine, "0019")
    at, later = datetime(2026, 5, 1, 8, tzinfo=UTC), datetime(2026, 5, 1, 8, 0, 1, 5, tzinfo=UTC)
    sent = Disclosed("m1", at, "shop", "Shop", "order", ("name",), ("g",), "o", "ab" * 32, later)
    waiting = Disclosed("m2", at, "shop", "Shop", "offer", ("items",), ("hub.yaml",), "o")
    with engine.begin() as connection:
        for one in (sent, waiting):
            connection.execute(
                text('INSERT INTO disclosure VALUES (:id, 5, "shop", "o", :body, NULL)'),
                {"id": one.id, "body": dump(one)},
            )
    engine.dispose()
    engine = open_database(path)
    with engine.connect() as connection:
        assert disclosures(connection) == [sent, waiting]
        bodies = connection.execute(text("SELECT body FROM disclosure")).scalars()
        assert all("abab" not in body for body in bodies)
    engine.dispose()
