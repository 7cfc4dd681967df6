"""Runs migrations on the connection that ``hub.store.database.migrate`` hands over."""

from alembic import context
from sqlmodel import SQLModel

from hub.store import tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    # SQLite changes tables by copying them.
    render_as_batch=True,
    # The hub's own transaction: a database is of one version, also after a crash in between.
    transactional_ddl=False,
    version_table=str(tables.SchemaVersion.__tablename__),
)
context.run_migrations()
