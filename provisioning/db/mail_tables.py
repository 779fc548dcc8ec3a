"""Tables of the outbox and of the laboratory's caught mails."""

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, LargeBinary, Table, Text

from provisioning.db.tables import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("occasion", Text, nullable=False, unique=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("recipient", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("due_at", Float(53), nullable=False),
    Column("changed_at", Float(53), nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint(
        "state IN ('waiting', 'sending', 'sent', 'unsure', 'failed')", name="state_known"
    ),
    CheckConstraint(
        "state = 'unsure' OR (state IN ('waiting', 'sending')) = (sealed IS NOT NULL)",
        name="body_erased_in_the_end",
    ),
    Index(None, "state", "due_at"),
)

caught_mails = Table(
    "caught_mails",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("own_id", Text, unique=True),
    Column("received_at", Float(53), nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,  # whoever waits for ids after one it saw must not see it again
)
