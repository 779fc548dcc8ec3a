"""Boxes, messages and greetings of voicemail.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create what they are kept in."""
    _create_boxes()
    op.create_table(
        "voicemail_messages",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("caller", sa.Text),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.Column("seconds", sa.Float(53), nullable=False),
        sa.Column("interrupted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_voicemail_messages"),
        sa.ForeignKeyConstraint(
            ["line"],
            ["voicemail_boxes.line"],
            name="fk_voicemail_messages_line_voicemail_boxes",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "mark IN ('new', 'saved')", name=op.f("ck_voicemail_messages_mark_known")
        ),
        sa.CheckConstraint("seconds > 0", name=op.f("ck_voicemail_messages_seconds_of_sound")),
    )
    op.create_index(
        "ix_voicemail_messages_line_recorded_at", "voicemail_messages", ["line", "recorded_at"]
    )
    op.create_index("ix_voicemail_messages_expires_at", "voicemail_messages", ["expires_at"])


def _create_boxes() -> None:
    name = "ck_voicemail_boxes_"
    op.create_table(
        "voicemail_boxes",
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("option_name", sa.Text, nullable=False),
        sa.Column("on_always", sa.Boolean, nullable=False),
        sa.Column("on_unreachable", sa.Boolean, nullable=False),
        sa.Column("on_busy", sa.Boolean, nullable=False),
        sa.Column("on_no_answer", sa.Boolean, nullable=False),
        sa.Column("ring_time_s", sa.Integer, nullable=False),
        sa.Column("greeting", sa.Text, nullable=False),
        sa.Column("own", sa.Text),
        sa.Column("own_store", sa.Text),
        sa.Column("pin_hash", sa.Text),
        sa.Column("pin_errors", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_voicemail_boxes"),
        sa.ForeignKeyConstraint(
            ["line", "option_name"],
            ["line_options.line", "line_options.name"],
            name="fk_voicemail_boxes_line_line_options",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("option_name = 'voicemail'", name=op.f(f"{name}option_is_voicemail")),
        sa.CheckConstraint("ring_time_s BETWEEN 0 AND 180", name=op.f(f"{name}ring_time_range")),
        sa.CheckConstraint(
            "greeting IN ('number', 'plain', 'own')", name=op.f(f"{name}greeting_known")
        ),
        sa.CheckConstraint(
            "greeting <> 'own' OR own IS NOT NULL", name=op.f(f"{name}own_greeting_is_there")
        ),
        sa.CheckConstraint(
            "(own IS NULL) = (own_store IS NULL)", name=op.f(f"{name}own_greeting_has_a_place")
        ),
        sa.CheckConstraint("pin_errors >= 0", name=op.f(f"{name}pin_errors_count")),
    )
