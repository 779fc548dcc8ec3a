"""Diversions by condition, each with its own target; the ring time in a table of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "ring_times",
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_ring_times"),
        sa.ForeignKeyConstraint(
            ["line"], ["lines.number"], name="fk_ring_times_line_lines", ondelete="CASCADE"
        ),
        _check("seconds BETWEEN 0 AND 180", "ck_ring_times_seconds_range"),
    )
    op.execute("INSERT INTO ring_times SELECT line, ring_time_s FROM diversions")
    op.execute(
        "CREATE TABLE moved AS SELECT line, target, active FROM diversions WHERE target IS NOT NULL"
    )
    op.drop_table("diversions")
    _diversions()
    op.execute("INSERT INTO diversions SELECT line, 'no_answer', target, active FROM moved")
    # All conditions of an ntt line have one target.
    for condition in ("always", "busy"):
        op.execute(
            f"INSERT INTO diversions SELECT line, '{condition}', target, FALSE FROM moved"
            " WHERE line IN (SELECT number FROM lines WHERE profile = 'ntt')"
        )
    op.drop_table("moved")


def _diversions() -> None:
    op.create_table(
        "diversions",
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("condition", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("line", "condition", name="pk_diversions"),
        sa.ForeignKeyConstraint(
            ["line"], ["lines.number"], name="fk_diversions_line_lines", ondelete="CASCADE"
        ),
        _check(
            "condition IN ('always', 'unreachable', 'busy', 'no_answer')",
            "ck_diversions_condition_known",
        ),
        _check(
            "substr(target, 1, 1) = '+' AND length(target) BETWEEN 3 AND 16"
            " AND rtrim(substr(target, 2), '0123456789') = ''",
            "ck_diversions_target_e164",
        ),
        _check("target <> line", "ck_diversions_target_is_another_line"),
    )


def _check(condition: str, name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(name))
