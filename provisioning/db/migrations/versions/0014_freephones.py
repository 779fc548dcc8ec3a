"""Freephone numbers, their versions, lines, splits and fees.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_E164 = (
    "substr(number, 1, 1) = '+' AND length(number) BETWEEN 3 AND 16"
    " AND rtrim(substr(number, 2), '0123456789') = ''"
)


def upgrade() -> None:
    """Create what they are kept in."""
    op.create_table(
        "freephones",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_freephones"),
        sa.ForeignKeyConstraint(
            ["contract"], ["contracts.id"], name="fk_freephones_contract_contracts"
        ),
        sa.CheckConstraint(
            f"({_E164}) AND ((number LIKE '+81120%' AND length(number) = 12)"
            " OR (number LIKE '+81800%' AND length(number) = 13))",
            name=op.f("ck_freephones_number_freephone"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_freephones_version_counts")),
    )
    op.create_index("ix_freephones_contract_number", "freephones", ["contract", "number"])
    _create_versions()
    _create_lines()
    _create_turns()
    _create_fees()


def _of_a_freephone(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["number"],
        ["freephones.number"],
        name=f"fk_{table}_number_freephones",
        ondelete="CASCADE",
    )


def _create_versions() -> None:
    op.create_table(
        "freephone_versions",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("wall_at", sa.Float(53), nullable=False),
        sa.Column("business_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("number", "version", name="pk_freephone_versions"),
        _of_a_freephone("freephone_versions"),
        sa.CheckConstraint("version >= 1", name=op.f("ck_freephone_versions_version_counts")),
    )


def _create_lines() -> None:
    op.create_table(
        "freephone_lines",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", "line", name="pk_freephone_lines"),
        _of_a_freephone("freephone_lines"),
        sa.ForeignKeyConstraint(["line"], ["lines.number"], name="fk_freephone_lines_line_lines"),
    )
    op.create_index("ix_freephone_lines_line", "freephone_lines", ["line"])


def _create_turns() -> None:
    op.create_table(
        "freephone_turns",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("weights", sa.Text, nullable=False),
        sa.Column("saved", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", "group_name", name="pk_freephone_turns"),
        _of_a_freephone("freephone_turns"),
    )


def _create_fees() -> None:
    op.create_table(
        "freephone_fees",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("yen", sa.Integer, nullable=False),
        sa.Column("begins_at", sa.Float(53), nullable=False),
        sa.Column("ends_at", sa.Float(53)),
        sa.Column("occasion", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_freephone_fees"),
        sa.ForeignKeyConstraint(
            ["contract"], ["contracts.id"], name="fk_freephone_fees_contract_contracts"
        ),
        sa.UniqueConstraint(
            "occasion", "item", "kind", name="uq_freephone_fees_occasion_item_kind"
        ),
        sa.CheckConstraint(
            "kind IN ('monthly', 'work', 'issue')", name=op.f("ck_freephone_fees_kind_known")
        ),
        sa.CheckConstraint("yen >= 0", name=op.f("ck_freephone_fees_yen_counted")),
        sa.CheckConstraint(
            "ends_at IS NULL OR ends_at >= begins_at", name=op.f("ck_freephone_fees_ends_later")
        ),
        sa.CheckConstraint(
            "kind = 'monthly' OR ends_at = begins_at", name=op.f("ck_freephone_fees_paid_once")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_freephone_fees_contract_id", "freephone_fees", ["contract", "id"])
