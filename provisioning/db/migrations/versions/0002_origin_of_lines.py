"""Where a line comes from: a seed that leaves it out later takes its accounts away."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE lines ADD COLUMN origin TEXT DEFAULT 'office' NOT NULL"
        " CONSTRAINT ck_lines_origin_known CHECK (origin IN ('seed', 'former-seed', 'office'))"
    )
    # Until now only a seed could make a line.
    op.execute("UPDATE lines SET origin = 'seed'")
