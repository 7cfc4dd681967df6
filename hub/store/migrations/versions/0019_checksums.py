"""Checksums of rows; ``database.migrate`` computes those of the rows there are."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = (
    "activity",
    "announcement",
    "api_token",
    "calendar",
    "calendar_feed",
    "checkpoint",
    "conflict_case",
    "consent",
    "contact",
    "cosignature",
    "cursor",
    "device",
    "device_login",
    "disclosure",
    "meal",
    "notice",
    "offered_slots",
    "orders",
    "outbox",
    "pairing",
    "passkey",
    "peer",
    "peer_in",
    "peer_invitation",
    "peer_out",
    "plan",
    "push_subscription",
    "rule_set",
    "sign_in_code",
    "signed_message",
    "signed_talk",
    "spent_token",
    "suggestion",
    "survey",
    "web_session",
    "witness",
)


def upgrade() -> None:
    for name in TABLES:
        op.add_column(name, sa.Column("crc", sa.Integer(), nullable=True))
