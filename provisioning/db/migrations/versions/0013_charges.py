"""What calls cost, and the records that wait to be rated.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

PAYABLE = "payer IS NOT NULL AND answered_at IS NOT NULL"
SQLITE = (
    "CREATE TRIGGER call_records_are_rated AFTER INSERT ON call_records"
    " WHEN NEW.payer IS NOT NULL AND NEW.answered_at IS NOT NULL"
    " BEGIN INSERT INTO unrated_records (id) VALUES (NEW.id); END",
    "CREATE TRIGGER charges_are_not_changed BEFORE UPDATE ON charges"
    " BEGIN SELECT RAISE(ABORT, 'a charge is never changed'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION await_rating() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    f" INSERT INTO unrated_records (id) SELECT id FROM written WHERE {PAYABLE};"
    " RETURN NULL; END $$",
    "CREATE TRIGGER call_records_are_rated AFTER INSERT ON call_records"
    " REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION await_rating()",
    "CREATE FUNCTION keep_charges() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION 'a charge is never changed' USING ERRCODE = 'restrict_violation'; END $$",
    "CREATE TRIGGER charges_are_not_changed BEFORE UPDATE ON charges"
    " FOR EACH ROW EXECUTE FUNCTION keep_charges()",
)


def upgrade() -> None:
    """Create what they are kept in; what was recorded before is rated, too."""
    _create_queue()
    op.create_table("charges", *_columns(), *_constraints())
    op.create_index("ix_charges_line_id", "charges", ["line", "id"])
    op.execute(f"INSERT INTO unrated_records (id) SELECT id FROM call_records WHERE {PAYABLE}")
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def _create_queue() -> None:
    op.create_table(
        "unrated_records",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_unrated_records"),
        sa.ForeignKeyConstraint(
            ["id"],
            ["call_records.id"],
            name="fk_unrated_records_id_call_records",
            ondelete="CASCADE",
        ),
    )


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("leg", sa.Integer, nullable=False),
        sa.Column("linked_id", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("access", sa.Text),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("number_class", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("tariff", sa.Text, nullable=False),
        sa.Column("price", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("milliseconds", sa.BigInteger, nullable=False),
        sa.Column("unit_s", sa.Integer, nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("unit_sen", sa.BigInteger, nullable=False),
        sa.Column("net_sen", sa.BigInteger, nullable=False),
        sa.Column("rounding", sa.Text, nullable=False),
        sa.Column("tax_percent", sa.Integer, nullable=False),
        sa.Column("business_at", sa.Float(53), nullable=False),
    ]


def _constraints() -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id", name="pk_charges"),
        sa.UniqueConstraint("call_id", "leg", name="uq_charges_call_id_leg"),
        sa.CheckConstraint("leg >= 1", name=op.f("ck_charges_leg_counts")),
        sa.CheckConstraint(
            "cause IN ('playback', 'forwarding', 'excluded', 'dialler', 'freephone')",
            name=op.f("ck_charges_cause_known"),
        ),
        sa.CheckConstraint(
            "unit_s > 0 AND units > 0 AND (units - 1) * unit_s * 1000 <= milliseconds"
            " AND milliseconds <= units * unit_s * 1000",
            name=op.f("ck_charges_units_are_the_started_ones"),
        ),
        sa.CheckConstraint(
            "unit_sen >= 0 AND net_sen >= 0", name=op.f("ck_charges_nobody_is_paid")
        ),
        sa.CheckConstraint(
            "net_sen = units * unit_sen OR rounding <> 'exact'",
            name=op.f("ck_charges_rounded_by_a_rule_alone"),
        ),
        sa.CheckConstraint("tax_percent BETWEEN 0 AND 100", name=op.f("ck_charges_tax_is_a_rate")),
    ]
