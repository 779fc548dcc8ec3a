"""Who we are to the peers of trunks that ask for a password.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create what their users and passwords are kept in."""
    op.create_table(
        "trunk_logins",
        sa.Column("trunk", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("sealed_password", sa.LargeBinary, nullable=False),
        sa.Column("registers", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("trunk", name="pk_trunk_logins"),
        sa.ForeignKeyConstraint(
            ["trunk"], ["trunks.name"], name="fk_trunk_logins_trunk_trunks", ondelete="CASCADE"
        ),
    )
