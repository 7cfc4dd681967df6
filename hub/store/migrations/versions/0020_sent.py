"""The hash of what was sent, and when, apart from what it told."""

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    sent = op.create_table(
        "sent_message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("crc", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sent_message_at", "sent_message", ["at"])
    told = sa.table("disclosure", *map(sa.column, ("id", "body")))
    connection = op.get_bind()
    for identity, text in connection.execute(sa.select(told.c.id, told.c.body)).all():
        body = json.loads(text)
        if body.get("sent_at") is None:
            continue
        since = datetime.fromisoformat(body["sent_at"]) - _EPOCH
        at = since // timedelta(microseconds=1)
        connection.execute(sent.insert().values(id=identity, at=at, digest=body["digest"]))
        body.update(digest="", sent_at=None)
        kept = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        connection.execute(told.update().where(told.c.id == identity).values(body=kept))
