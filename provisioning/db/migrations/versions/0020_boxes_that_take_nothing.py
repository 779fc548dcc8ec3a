"""Boxes whose callers are greeted and leave nothing (au's 1610).

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Every box there is takes messages."""
    op.add_column(
        "voicemail_boxes",
        sa.Column("takes_messages", sa.Boolean, nullable=False, server_default=sa.true()),
    )
