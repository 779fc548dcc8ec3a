"""The tables of the self-care login; every secret in them is a hash or a keyed digest."""

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Index, Integer, Table, Text

from provisioning.db.tables import metadata

selfcare_logins = Table(
    "selfcare_logins",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contract", Text, ForeignKey("contracts.id"), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("made_at", Float(53), nullable=False),
)

selfcare_tickets = Table(
    "selfcare_tickets",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("login", Text, ForeignKey("selfcare_logins.id", ondelete="CASCADE")),
    Column("purpose", Text, nullable=False),
    Column("code_mac", Text),
    Column("tries", Integer, nullable=False),
    Column("issued_at", Float(53), nullable=False),
    Column("bucket", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("new_mail", Text),
    CheckConstraint("purpose IN ('login', 'mail')", name="purpose_known"),
    CheckConstraint("tries >= 0", name="tries_range"),
    CheckConstraint("login IS NOT NULL OR code_mac IS NULL", name="decoy_has_no_code"),
    CheckConstraint("purpose = 'login' OR new_mail IS NOT NULL", name="mail_names_its_address"),
    Index(None, "login"),
    Index(None, "issued_at"),
)

selfcare_sessions = Table(
    "selfcare_sessions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("login", Text, ForeignKey("selfcare_logins.id", ondelete="CASCADE"), nullable=False),
    Column("made_at", Float(53), nullable=False),
    Column("seen_at", Float(53), nullable=False),
    Index(None, "login"),
)

selfcare_devices = Table(
    "selfcare_devices",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("login", Text, ForeignKey("selfcare_logins.id", ondelete="CASCADE"), nullable=False),
    Column("seen_at", Float(53), nullable=False),
    Index(None, "login"),
)

selfcare_tries = Table(
    "selfcare_tries",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Float(53), nullable=False),
    CheckConstraint("failures >= 0", name="failures_range"),
)
