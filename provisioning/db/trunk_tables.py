"""Trunks, where their accounts are registered, and addresses that stand for a password."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from provisioning.db.tables import bindings_of, metadata

trunks = Table(
    "trunks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("caller_class", Text, nullable=False),
    Column("account", Text),
    Column("realm", Text),
    Column("sealed_ha1", LargeBinary),
    Column("trusted", Boolean, nullable=False),
    Column("prefecture", Text),
    Column("calls", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    CheckConstraint(
        "caller_class IN ('fixed', 'mobile', 'phs', 'ip-phone', 'international', 'payphone',"
        " 'satellite')",
        name="caller_class_known",
    ),
    CheckConstraint("origin IN ('seed', 'office')", name="origin_known"),
    CheckConstraint("calls >= 1", name="calls_counted"),
    CheckConstraint(
        "(account IS NULL) = (realm IS NULL) AND (account IS NULL) = (sealed_ha1 IS NULL)",
        name="account_has_secret",
    ),
    UniqueConstraint("account"),
)

trunk_peers = Table(
    "trunk_peers",
    metadata,
    Column("trunk", Text, ForeignKey("trunks.name", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("peer", Text, nullable=False),
    UniqueConstraint("peer"),
)
"""That no two trunks have one source is seen to by the office: two peers of one trunk may."""

trunk_prefixes = Table(
    "trunk_prefixes",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("trunk", Text, ForeignKey("trunks.name", ondelete="CASCADE"), nullable=False),
    CheckConstraint("substr(prefix, 1, 1) IN ('0', '+')", name="prefix_of_a_number"),
)

trunk_logins = Table(
    "trunk_logins",
    metadata,
    Column("trunk", Text, ForeignKey("trunks.name", ondelete="CASCADE"), primary_key=True),
    Column("username", Text, nullable=False),
    Column("sealed_password", LargeBinary, nullable=False),
    Column("registers", Boolean, nullable=False),
)
"""Who we are to a trunk's peers."""

trunk_bindings = Table("trunk_bindings", metadata, *bindings_of("trunks.account"))

account_sources = Table(
    "account_sources",
    metadata,
    Column("username", Text, ForeignKey("accounts.username", ondelete="CASCADE"), primary_key=True),
    Column("network", Text, primary_key=True),
)
"""Networks from which an account of a line with the option `ngn-uni` needs no password."""
