"""Where a split stands, kept for each of the weights that a schedule gives it.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_SPLIT = sa.table("freephone_turns", *map(sa.column, ("number", "group_name", "weights", "saved")))


def upgrade() -> None:
    """Make the weights part of the key; the splits go on where they stand."""
    rows = [dict(row._mapping) for row in op.get_bind().execute(sa.select(_SPLIT))]
    op.drop_table("freephone_turns")
    op.create_table(
        "freephone_turns",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("weights", sa.Text, nullable=False),
        sa.Column("saved", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", "group_name", "weights", name="pk_freephone_turns"),
        sa.ForeignKeyConstraint(
            ["number"],
            ["freephones.number"],
            name="fk_freephone_turns_number_freephones",
            ondelete="CASCADE",
        ),
    )
    if rows:
        op.bulk_insert(_SPLIT, rows)
