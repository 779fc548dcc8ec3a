"""Freephone numbers: what is contracted, how it came to that, and where splits stand."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from provisioning.db.tables import e164, metadata

freephones = Table(
    "freephones",
    metadata,
    Column("number", Text, primary_key=True),
    Column("contract", Text, ForeignKey("contracts.id"), nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint(
        f"({e164('number')}) AND ((number LIKE '+81120%' AND length(number) = 12)"
        " OR (number LIKE '+81800%' AND length(number) = 13))",
        name="number_freephone",
    ),
    CheckConstraint("version >= 1", name="version_counts"),
    Index(None, "contract", "number"),
)

freephone_versions = Table(
    "freephone_versions",
    metadata,
    Column("number", Text, ForeignKey("freephones.number", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("wall_at", Float(53), nullable=False),
    Column("business_at", Float(53), nullable=False),
    CheckConstraint("version >= 1", name="version_counts"),
)
"""Every set-up a number had, as a JSON document; the latest one holds."""

freephone_lines = Table(
    "freephone_lines",
    metadata,
    Column("number", Text, ForeignKey("freephones.number", ondelete="CASCADE"), primary_key=True),
    Column("line", Text, ForeignKey("lines.number"), primary_key=True),
    Index(None, "line"),
)
"""The lines a number's calls may reach: none of them can be removed."""

freephone_turns = Table(
    "freephone_turns",
    metadata,
    Column("number", Text, ForeignKey("freephones.number", ondelete="CASCADE"), primary_key=True),
    Column("group_name", Text, primary_key=True),
    Column("weights", Text, primary_key=True),
    Column("saved", Text, nullable=False),
)
"""Where the split of a group stands under some weights (FREE-08).

It survives a restart, and nodes share it. Both lists are JSON.
"""

freephone_fees = Table(
    "freephone_fees",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("contract", Text, ForeignKey("contracts.id"), nullable=False),
    Column("number", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("yen", Integer, nullable=False),
    Column("begins_at", Float(53), nullable=False),
    Column("ends_at", Float(53)),
    Column("occasion", Text, nullable=False),
    CheckConstraint("kind IN ('monthly', 'work', 'issue')", name="kind_known"),
    CheckConstraint("yen >= 0", name="yen_counted"),
    CheckConstraint("ends_at IS NULL OR ends_at >= begins_at", name="ends_later"),
    CheckConstraint("kind = 'monthly' OR ends_at = begins_at", name="paid_once"),
    UniqueConstraint("occasion", "item", "kind"),
    Index(None, "contract", "id"),
    sqlite_autoincrement=True,
)
"""What a contract owes for a number, before tax (FREE-13): kept when the number is given up.

`occasion` names the change that made it, so that no change is paid for twice.
"""

freephone_controls = Table(
    "freephone_controls",
    metadata,
    Column("number", Text, ForeignKey("freephones.number", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("locks", Integer, nullable=False),
    Column("locked_at", Float(53)),
    CheckConstraint("tries BETWEEN 0 AND 3", name="tries_counted"),
    CheckConstraint("locks >= 0", name="locks_counted"),
    CheckConstraint("locked_at IS NULL OR tries = 3", name="locked_after_three"),
)
"""The customer control's password (FREE-12): `tries` counts those in a row that were not right, or
are being judged; `locks` how often it was locked; `locked_at` is business time."""

freephone_sessions = Table(
    "freephone_sessions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("number", Text, ForeignKey("freephones.number", ondelete="CASCADE"), nullable=False),
    Column("made_at", Float(53), nullable=False),
    Column("seen_at", Float(53), nullable=False),
    Index(None, "number"),
)
"""Who is logged in to a number's customer control, by the hash of a cookie; wall time."""
