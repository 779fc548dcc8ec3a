"""A number of a block has a row from its first order or reservation on.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Remove the rows of numbers that were never ordered: their block says that they are free."""
    op.execute(
        "DELETE FROM numbers WHERE state = 'free' AND until IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM added_numbers WHERE added_numbers.number = numbers.number)"
    )
