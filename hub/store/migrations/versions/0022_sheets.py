"""Sheets of recovery words, given to contacts and kept for them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recovery_sheet",
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("crc", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("peer", "side"),
    )
