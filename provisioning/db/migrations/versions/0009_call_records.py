"""Call records, and the triggers that keep them as they were written."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SQLITE = (
    "CREATE TRIGGER call_records_are_not_changed BEFORE UPDATE ON call_records"
    " BEGIN SELECT RAISE(ABORT, 'a call record is never changed'); END",
    "CREATE TRIGGER call_records_are_not_erased BEFORE DELETE ON call_records"
    " WHEN NOT EXISTS (SELECT 1 FROM call_record_erasures)"
    " BEGIN SELECT RAISE(ABORT, 'a call record is erased by retention alone'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION keep_call_records() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM call_record_erasures) THEN RETURN OLD; END IF;"
    " RAISE EXCEPTION 'a call record is never changed, and erased by retention alone'"
    " USING ERRCODE = 'restrict_violation'; END $$",
    "CREATE TRIGGER call_records_are_kept BEFORE UPDATE OR DELETE ON call_records"
    " FOR EACH ROW EXECUTE FUNCTION keep_call_records()",
    "CREATE TRIGGER call_records_are_not_truncated BEFORE TRUNCATE ON call_records"
    " FOR EACH STATEMENT EXECUTE FUNCTION keep_call_records()",
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
        sa.Column("sip_call_id", sa.Text, nullable=False),
        sa.Column("calling", sa.Text),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("destination", sa.Text),
        sa.Column("presented", sa.Text),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("line", sa.Text),
        sa.Column("access", sa.Text),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("payer", sa.Text),
        sa.Column("started_at", sa.Float(53), nullable=False),
        sa.Column("answered_at", sa.Float(53)),
        sa.Column("ended_at", sa.Float(53), nullable=False),
        sa.Column("business_started_at", sa.Float(53), nullable=False),
        sa.Column("business_answered_at", sa.Float(53)),
        sa.Column("business_ended_at", sa.Float(53), nullable=False),
        sa.Column("seconds", sa.Float(53), nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("sip_status", sa.Integer),
        sa.Column("q850", sa.Integer),
        sa.Column("trunk", sa.Text),
        sa.Column("interrupted", sa.Boolean, nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "call_records",
        *_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_call_records"),
        sa.UniqueConstraint("call_id", "leg", name="uq_call_records_call_id_leg"),
        sa.CheckConstraint("leg >= 1", name=op.f("ck_call_records_leg_counts")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_call_records_seconds_run_forward")),
    )
    op.create_index("ix_call_records_line_id", "call_records", ["line", "id"])
    op.create_index("ix_call_records_business_started_at", "call_records", ["business_started_at"])
    op.create_table(
        "call_record_erasures",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_record_erasures"),
        sa.CheckConstraint("id = 1", name=op.f("ck_call_record_erasures_one_row")),
    )
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)
