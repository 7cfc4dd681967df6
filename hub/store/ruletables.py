"""The table of the rule sets that a household adopted."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class AdoptedSetRow(SQLModel, table=True):
    """Sets in force, with what has still to reach the files (``AdoptedSet`` as JSON)."""

    __tablename__ = "rule_set"
    id: str = Field(primary_key=True)
    body: str
