"""API tokens with scopes, and answers kept for Idempotency-Key."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53)),
        sa.Column("revoked_at", sa.Float(53)),
        sa.Column("last_used_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("digest", name="uq_api_tokens_digest"),
        sa.CheckConstraint("length(scopes) > 0", name=op.f("ck_api_tokens_some_scope")),
    )
    op.create_table(
        "api_answers",
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("location", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("kept_until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key", name="pk_api_answers"),
        sa.CheckConstraint(
            "(status IS NULL) = (body IS NULL)", name=op.f("ck_api_answers_whole_answer")
        ),
    )
    op.create_index("ix_api_answers_kept_until", "api_answers", ["kept_until"])
