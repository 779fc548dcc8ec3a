"""The usage of freephone numbers, and the sessions of their customer control.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

OF_FREEPHONES = sa.text(
    "service IN ('freephone', 'freephone-refused', 'freephone-off-hours', 'freephone-busy')"
)


def upgrade() -> None:
    """Create the index that usage is counted by, and what sessions are kept in."""
    op.create_index(
        "ix_call_records_of_freephones",
        "call_records",
        ["payer", "business_started_at"],
        postgresql_where=OF_FREEPHONES,
        sqlite_where=OF_FREEPHONES,
    )
    op.create_table(
        "freephone_sessions",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("made_at", sa.Float(53), nullable=False),
        sa.Column("seen_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_freephone_sessions"),
        sa.ForeignKeyConstraint(
            ["number"],
            ["freephones.number"],
            name="fk_freephone_sessions_number_freephones",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_freephone_sessions_number", "freephone_sessions", ["number"])
