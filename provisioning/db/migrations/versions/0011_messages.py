"""Messages between lines.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create what messages are kept in."""
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("occasion", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("sender", sa.Text),
        sa.Column("withheld", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("changed_at", sa.Float(53), nullable=False),
        sa.Column("business_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("occasion", name="uq_messages_occasion"),
        sa.UniqueConstraint("message_id", name="uq_messages_message_id"),
        sa.ForeignKeyConstraint(
            ["recipient"],
            ["lines.number"],
            name="fk_messages_recipient_lines",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'refused', 'expired')",
            name=op.f("ck_messages_state_known"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (sealed IS NOT NULL)",
            name=op.f("ck_messages_text_erased_in_the_end"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_messages_attempts_count")),
        sqlite_autoincrement=True,
    )
    _create_indexes()


def _create_indexes() -> None:
    op.create_index("ix_messages_recipient_id", "messages", ["recipient", "id"])
    op.create_index("ix_messages_recipient_state", "messages", ["recipient", "state"])
    op.create_index("ix_messages_state_expires_at", "messages", ["state", "expires_at"])
    op.create_index("ix_messages_account_state", "messages", ["account", "state"])
    op.create_index("ix_messages_business_at", "messages", ["business_at"])
