"""The customer control of freephone numbers.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create what its passwords are kept in."""
    op.create_table(
        "freephone_controls",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("locks", sa.Integer, nullable=False),
        sa.Column("locked_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("number", name="pk_freephone_controls"),
        sa.ForeignKeyConstraint(
            ["number"],
            ["freephones.number"],
            name="fk_freephone_controls_number_freephones",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "tries BETWEEN 0 AND 3", name=op.f("ck_freephone_controls_tries_counted")
        ),
        sa.CheckConstraint("locks >= 0", name=op.f("ck_freephone_controls_locks_counted")),
        sa.CheckConstraint(
            "locked_at IS NULL OR tries = 3", name=op.f("ck_freephone_controls_locked_after_three")
        ),
    )
