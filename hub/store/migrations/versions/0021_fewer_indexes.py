"""Indexes by which nothing is looked up, and which each message that leaves had to write."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_disclosure_about", "disclosure")
    op.drop_index("ix_sent_message_at", "sent_message")
