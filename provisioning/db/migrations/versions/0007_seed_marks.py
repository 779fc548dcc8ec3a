"""What seeds made besides lines: customers, contracts and self-care logins."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "seed_marks",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_seed_marks"),
        sa.CheckConstraint(
            "kind IN ('customer', 'contract', 'login')", name=op.f("ck_seed_marks_kind_known")
        ),
    )
