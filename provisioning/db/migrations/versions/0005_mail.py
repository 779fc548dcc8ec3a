"""The outbox of mails, and what the laboratory caught."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("occasion", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("due_at", sa.Float(53), nullable=False),
        sa.Column("changed_at", sa.Float(53), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("occasion", name="uq_outbox_occasion"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'unsure', 'failed')",
            name=op.f("ck_outbox_state_known"),
        ),
        sa.CheckConstraint(
            "state = 'unsure' OR (state IN ('waiting', 'sending')) = (sealed IS NOT NULL)",
            name=op.f("ck_outbox_body_erased_in_the_end"),
        ),
    )
    op.create_index("ix_outbox_state_due_at", "outbox", ["state", "due_at"])
    op.create_table(
        "caught_mails",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("own_id", sa.Text),
        sa.Column("received_at", sa.Float(53), nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("recipients", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_caught_mails"),
        sa.UniqueConstraint("own_id", name="uq_caught_mails_own_id"),
        sqlite_autoincrement=True,
    )
