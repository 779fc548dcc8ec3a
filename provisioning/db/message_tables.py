"""Messages between lines; the text is sealed, and erased once the message is over."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from provisioning.db.tables import metadata

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("occasion", Text, nullable=False, unique=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("account", Text, nullable=False),
    Column("recipient", Text, ForeignKey("lines.number", ondelete="CASCADE"), nullable=False),
    Column("sender", Text),
    Column("withheld", Boolean, nullable=False),
    Column("sealed", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("changed_at", Float(53), nullable=False),
    Column("business_at", Float(53), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    CheckConstraint("state IN ('waiting', 'delivered', 'refused', 'expired')", name="state_known"),
    CheckConstraint("(state = 'waiting') = (sealed IS NOT NULL)", name="text_erased_in_the_end"),
    CheckConstraint("attempts >= 0", name="attempts_count"),
    Index(None, "recipient", "id"),
    Index(None, "recipient", "state"),
    Index(None, "state", "expires_at"),
    Index(None, "account", "state"),
    Index(None, "business_at"),
    sqlite_autoincrement=True,  # whoever reads on behind an id must not find another one there
)
"""`created_at` and `changed_at` are wall time, `business_at` and `expires_at` business time."""
