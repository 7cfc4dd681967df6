"""Which passkey signed a browser in."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passkey_session",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("passkey", sa.String(), nullable=False),
        sa.Column("crc", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("session"),
    )
    op.create_index("ix_passkey_session_passkey", "passkey_session", ["passkey"])
