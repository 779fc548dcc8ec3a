"""Customers, contracts, the 050 inventory and number orders; an audit of more than lines."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _audit()
    _customers()
    _orders()
    _numbers()


def _e164(column: str) -> str:
    return (
        f"substr({column}, 1, 1) = '+' AND length({column}) BETWEEN 3 AND 16"
        f" AND rtrim(substr({column}, 2), '0123456789') = ''"
    )


def _check(condition: str, name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(name))


def _audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("contract", sa.Text),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("wall_at", sa.Float(53), nullable=False),
        sa.Column("business_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_subject_id", "audit_entries", ["subject", "id"])
    op.create_index("ix_audit_entries_contract_id", "audit_entries", ["contract", "id"])
    op.create_index("ix_audit_entries_who_id", "audit_entries", ["who", "id"])
    kept = "what, before, after, who, origin, wall_at, business_at"
    op.execute(
        f"INSERT INTO audit_entries (subject, {kept})"
        f" SELECT line, {kept} FROM setting_changes ORDER BY id"
    )
    op.drop_table("setting_changes")


def _customers() -> None:
    op.create_table(
        "serials",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_serials"),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("postal_code", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("mail", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        _check("kind IN ('consumer', 'corporate')", "ck_customers_kind_known"),
        _check("language IN ('ja', 'en')", "ck_customers_language_known"),
    )
    _contracts()


def _contracts() -> None:
    op.create_table(
        "contracts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("ma", sa.Text, nullable=False),
        sa.Column("prefecture", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("number_cap", sa.Integer, nullable=False),
        sa.Column("numbers_added", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contracts"),
        sa.ForeignKeyConstraint(
            ["customer"], ["customers.id"], name="fk_contracts_customer_customers"
        ),
        _check("profile IN ('docomo', 'au', 'rakuten', 'ntt')", "ck_contracts_profile_known"),
        _check("status IN ('active', 'closed')", "ck_contracts_status_known"),
        _check("numbers_added BETWEEN 0 AND number_cap", "ck_contracts_cap_kept"),
    )
    op.create_index("ix_contracts_customer_id", "contracts", ["customer", "id"])


def _orders() -> None:
    op.create_table(
        "number_orders",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("placed_at", sa.Float(53), nullable=False),
        sa.Column("letter", sa.Text, nullable=False),
        sa.Column("sealed_letter", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_number_orders"),
        sa.UniqueConstraint("contract", "key", name="uq_number_orders_contract_key"),
        sa.UniqueConstraint("id", "contract", name="uq_number_orders_id_contract"),
        sa.ForeignKeyConstraint(
            ["contract"], ["contracts.id"], name="fk_number_orders_contract_contracts"
        ),
        _check("count BETWEEN 1 AND 50", "ck_number_orders_count_range"),
        _check("letter IN ('ready', 'handed-out')", "ck_number_orders_letter_known"),
        _check(
            "(letter = 'ready') = (sealed_letter IS NOT NULL)",
            "ck_number_orders_letter_destroyed_when_handed_out",
        ),
    )
    op.create_table(
        "service_passwords",
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("sealed_hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_service_passwords"),
        sa.ForeignKeyConstraint(
            ["line"], ["lines.number"], name="fk_service_passwords_line_lines", ondelete="CASCADE"
        ),
    )


def _numbers() -> None:
    op.create_table(
        "number_blocks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("first", sa.Text, nullable=False),
        sa.Column("last", sa.Text, nullable=False),
        sa.Column("loaded_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_number_blocks"),
        _check(_e164("first"), "ck_number_blocks_first_e164"),
        _check(_e164("last"), "ck_number_blocks_last_e164"),
        _check("length(first) = length(last) AND first <= last", "ck_number_blocks_in_order"),
    )
    op.create_table(
        "numbers",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("block", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("contract", sa.Text),
        sa.Column("order_id", sa.Text),
        sa.Column("line", sa.Text),
        sa.Column("assigned_at", sa.Float(53)),
        sa.Column("cancelled_at", sa.Float(53)),
        sa.Column("until", sa.Float(53)),
        sa.Column("reference", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_numbers"),
        sa.ForeignKeyConstraint(
            ["block"], ["number_blocks.id"], name="fk_numbers_block_number_blocks"
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "contract"],
            ["number_orders.id", "number_orders.contract"],
            name="fk_numbers_order_id_number_orders",
        ),
        sa.ForeignKeyConstraint(["line"], ["lines.number"], name="fk_numbers_line_lines"),
        *_number_checks(),
    )
    for columns in (("state", "number"), ("state", "until"), ("contract", "number")):
        op.create_index(f"ix_numbers_{'_'.join(columns)}", "numbers", list(columns))
    op.create_index("ix_numbers_block_number", "numbers", ["block", "number"])
    _added_numbers()


def _number_checks() -> list[sa.CheckConstraint]:
    return [
        _check(_e164("number"), "ck_numbers_number_e164"),
        _check(
            "state IN ('free', 'reserved', 'assigned', 'quarantined')", "ck_numbers_state_known"
        ),
        _check(
            "(state IN ('assigned', 'quarantined')) = (contract IS NOT NULL)",
            "ck_numbers_held_by_a_contract",
        ),
        _check("(contract IS NULL) = (order_id IS NULL)", "ck_numbers_held_by_an_order"),
        _check("(state = 'assigned') = (line IS NOT NULL)", "ck_numbers_assigned_has_a_line"),
        _check("line IS NULL OR line = number", "ck_numbers_line_is_its_own"),
        _check(
            "state <> 'quarantined' OR (until IS NOT NULL AND until > cancelled_at)",
            "ck_numbers_quarantine_ends_later",
        ),
        _check("state <> 'assigned' OR until IS NULL", "ck_numbers_assigned_is_past_quarantine"),
    ]


def _added_numbers() -> None:
    op.create_table(
        "added_numbers",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("released_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("order_id", "number", name="pk_added_numbers"),
        sa.UniqueConstraint("order_id", "position", name="uq_added_numbers_order_id_position"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["number_orders.id"], name="fk_added_numbers_order_id_number_orders"
        ),
        sa.ForeignKeyConstraint(
            ["number"], ["numbers.number"], name="fk_added_numbers_number_numbers"
        ),
        _check("position BETWEEN 1 AND 50", "ck_added_numbers_position_range"),
    )
    unreleased = sa.text("released_at IS NULL")
    op.create_index(
        "ux_added_numbers_held",
        "added_numbers",
        ["number"],
        unique=True,
        sqlite_where=unreleased,
        postgresql_where=unreleased,
    )
