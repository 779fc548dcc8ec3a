"""Customers, contracts, the 050 inventory and number orders, as their stores see them."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from provisioning.db.tables import e164, metadata

serials = Table(
    "serials",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("postal_code", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("mail", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("language", Text, nullable=False),
    CheckConstraint("kind IN ('consumer', 'corporate')", name="kind_known"),
    CheckConstraint("language IN ('ja', 'en')", name="language_known"),
)

contracts = Table(
    "contracts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer", Text, ForeignKey("customers.id"), nullable=False),
    Column("plan", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("ma", Text, nullable=False),
    Column("prefecture", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("number_cap", Integer, nullable=False),
    Column("numbers_added", Integer, nullable=False),
    CheckConstraint("profile IN ('docomo', 'au', 'rakuten', 'ntt')", name="profile_known"),
    CheckConstraint("status IN ('active', 'closed')", name="status_known"),
    CheckConstraint("numbers_added BETWEEN 0 AND number_cap", name="cap_kept"),
    Index(None, "customer", "id"),
)

number_blocks = Table(
    "number_blocks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("first", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("loaded_at", Float(53), nullable=False),
    CheckConstraint(e164("first"), name="first_e164"),
    CheckConstraint(e164("last"), name="last_e164"),
    CheckConstraint("length(first) = length(last) AND first <= last", name="in_order"),
)

number_orders = Table(
    "number_orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contract", Text, ForeignKey("contracts.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("placed_at", Float(53), nullable=False),
    Column("letter", Text, nullable=False),
    Column("sealed_letter", LargeBinary),
    UniqueConstraint("contract", "key"),
    UniqueConstraint("id", "contract"),
    CheckConstraint("count BETWEEN 1 AND 50", name="count_range"),
    CheckConstraint("letter IN ('ready', 'handed-out')", name="letter_known"),
    CheckConstraint(
        "(letter = 'ready') = (sealed_letter IS NOT NULL)", name="letter_destroyed_when_handed_out"
    ),
)

numbers = Table(
    "numbers",
    metadata,
    Column("number", Text, primary_key=True),
    Column("block", Text, ForeignKey("number_blocks.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("contract", Text),
    Column("order_id", Text),
    Column("line", Text, ForeignKey("lines.number")),
    Column("assigned_at", Float(53)),
    Column("cancelled_at", Float(53)),
    Column("until", Float(53)),
    Column("reference", Text),
    ForeignKeyConstraint(["order_id", "contract"], ["number_orders.id", "number_orders.contract"]),
    CheckConstraint(e164("number"), name="number_e164"),
    CheckConstraint("state IN ('free', 'reserved', 'assigned', 'quarantined')", name="state_known"),
    CheckConstraint(
        "(state IN ('assigned', 'quarantined')) = (contract IS NOT NULL)", name="held_by_a_contract"
    ),
    CheckConstraint("(contract IS NULL) = (order_id IS NULL)", name="held_by_an_order"),
    CheckConstraint("(state = 'assigned') = (line IS NOT NULL)", name="assigned_has_a_line"),
    CheckConstraint("line IS NULL OR line = number", name="line_is_its_own"),
    CheckConstraint(
        "state <> 'quarantined' OR (until IS NOT NULL AND until > cancelled_at)",
        name="quarantine_ends_later",
    ),
    CheckConstraint("state <> 'assigned' OR until IS NULL", name="assigned_is_past_quarantine"),
    Index(None, "state", "number"),
    Index(None, "state", "until"),
    Index(None, "contract", "number"),
    Index(None, "block", "number"),
)

added_numbers = Table(
    "added_numbers",
    metadata,
    Column("order_id", Text, ForeignKey("number_orders.id"), primary_key=True),
    Column("number", Text, ForeignKey("numbers.number"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("released_at", Float(53)),
    UniqueConstraint("order_id", "position"),
    CheckConstraint("position BETWEEN 1 AND 50", name="position_range"),
    # A number added and not yet past its quarantine is in one order alone, whoever asks.
    Index(
        "ux_added_numbers_held",
        "number",
        unique=True,
        sqlite_where=text("released_at IS NULL"),
        postgresql_where=text("released_at IS NULL"),
    ),
)

service_passwords = Table(
    "service_passwords",
    metadata,
    Column("line", Text, ForeignKey("lines.number", ondelete="CASCADE"), primary_key=True),
    Column("sealed_hash", LargeBinary, nullable=False),
)
