"""Alembic's migrations; the last one is ``hub.store.tables.HEAD``."""
