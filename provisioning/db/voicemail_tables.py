"""Boxes and messages of voicemail; the sound lies in files that the rows name."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    true,
)

from provisioning.db.tables import metadata

voicemail_boxes = Table(
    "voicemail_boxes",
    metadata,
    Column("line", Text, primary_key=True),
    Column("option_name", Text, nullable=False),
    Column("on_always", Boolean, nullable=False),
    Column("on_unreachable", Boolean, nullable=False),
    Column("on_busy", Boolean, nullable=False),
    Column("on_no_answer", Boolean, nullable=False),
    Column("ring_time_s", Integer, nullable=False),
    Column("greeting", Text, nullable=False),
    Column("own", Text),
    Column("own_store", Text),
    Column("pin_hash", Text),
    Column("pin_errors", Integer, nullable=False),
    Column("takes_messages", Boolean, nullable=False, server_default=true()),
    ForeignKeyConstraint(
        ["line", "option_name"],
        ["line_options.line", "line_options.name"],
        name="fk_voicemail_boxes_line_line_options",
        ondelete="CASCADE",
    ),
    CheckConstraint("option_name = 'voicemail'", name="option_is_voicemail"),
    CheckConstraint("ring_time_s BETWEEN 0 AND 180", name="ring_time_range"),
    CheckConstraint("greeting IN ('number', 'plain', 'own')", name="greeting_known"),
    CheckConstraint("greeting <> 'own' OR own IS NOT NULL", name="own_greeting_is_there"),
    CheckConstraint("(own IS NULL) = (own_store IS NULL)", name="own_greeting_has_a_place"),
    CheckConstraint("pin_errors >= 0", name="pin_errors_count"),
)
"""`own` names the owner's greeting; it is kept while another one is chosen."""

voicemail_messages = Table(
    "voicemail_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("line", Text, ForeignKey("voicemail_boxes.line", ondelete="CASCADE"), nullable=False),
    Column("store", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("caller", Text),
    Column("call_id", Text, nullable=False),
    Column("recorded_at", Float(53), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    Column("seconds", Float(53), nullable=False),
    Column("interrupted", Boolean, nullable=False),
    CheckConstraint("mark IN ('new', 'saved')", name="mark_known"),
    CheckConstraint("seconds > 0", name="seconds_of_sound"),
    Index(None, "line", "recorded_at"),
    Index(None, "expires_at"),
)
"""`store` names the folder of the file; `recorded_at` and `expires_at` are business time."""
