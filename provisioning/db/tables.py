"""The schema as the stores see it; `migrations/` builds it, and a test proves both agree."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
metadata = MetaData(naming_convention=NAMING)


def e164(column: str) -> str:
    """A portable check that `column` holds `+` and 2 to 15 digits (ITU-T E.164)."""
    digits = f"substr({column}, 2)"
    return (
        f"substr({column}, 1, 1) = '+' AND length({column}) BETWEEN 3 AND 16"
        f" AND rtrim({digits}, '0123456789') = ''"
    )


lines = Table(
    "lines",
    metadata,
    Column("number", Text, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("ma", Text, nullable=False),
    Column("prefecture", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("freephone", Text),
    Column("language", Text, nullable=False),
    Column("origin", Text, nullable=False, server_default="office"),
    CheckConstraint(e164("number"), name="number_e164"),
    CheckConstraint(f"freephone IS NULL OR ({e164('freephone')})", name="freephone_e164"),
    CheckConstraint("profile IN ('docomo', 'au', 'rakuten', 'ntt')", name="profile_known"),
    CheckConstraint("kind IN ('consumer', 'corporate')", name="kind_known"),
    CheckConstraint("status IN ('active', 'suspended')", name="status_known"),
    CheckConstraint("language IN ('ja', 'en')", name="language_known"),
    CheckConstraint("origin IN ('seed', 'former-seed', 'office')", name="origin_known"),
    UniqueConstraint("number", "freephone"),
)

line_options = Table(
    "line_options",
    metadata,
    Column("line", Text, ForeignKey("lines.number", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
)

accounts = Table(
    "accounts",
    metadata,
    Column("username", Text, primary_key=True),
    Column("line", Text, ForeignKey("lines.number", ondelete="CASCADE"), nullable=False),
    Column("access", Text, nullable=False),
    Column("realm", Text, nullable=False),
    Column("sealed_ha1", LargeBinary, nullable=False),
    CheckConstraint("access IN ('os', 'link')", name="access_known"),
    Index(None, "line"),
)


def bindings_of(owner: str) -> list[SchemaItem]:
    """The columns of a table of registrations, whose users are the column `owner`."""
    return [
        Column("username", Text, ForeignKey(owner, ondelete="CASCADE"), primary_key=True),
        Column("contact", Text, primary_key=True),
        Column("call_id", Text, nullable=False),
        Column("cseq", BigInteger, nullable=False),
        Column("expires_at", Float(53), nullable=False),
        Column("flow", Text, nullable=False),
        Column("q", Float(53), nullable=False),
        Column("path", Text, nullable=False),
        Column("instance", Text),
        Column("user_agent", Text, nullable=False),
        Column("position", Integer, nullable=False),
        CheckConstraint("q BETWEEN 0 AND 1", name="q_range"),
        CheckConstraint("cseq BETWEEN 0 AND 4294967295", name="cseq_range"),
    ]


bindings = Table("bindings", metadata, *bindings_of("accounts.username"))

ring_times = Table(
    "ring_times",
    metadata,
    Column("line", Text, ForeignKey("lines.number", ondelete="CASCADE"), primary_key=True),
    Column("seconds", Integer, nullable=False),
    CheckConstraint("seconds BETWEEN 0 AND 180", name="seconds_range"),
)

diversions = Table(
    "diversions",
    metadata,
    Column("line", Text, ForeignKey("lines.number", ondelete="CASCADE"), primary_key=True),
    Column("condition", Text, primary_key=True),
    Column("target", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    CheckConstraint(
        "condition IN ('always', 'unreachable', 'busy', 'no_answer')", name="condition_known"
    ),
    CheckConstraint(e164("target"), name="target_e164"),
    CheckConstraint("target <> line", name="target_is_another_line"),
)

number_displays = Table(
    "number_displays",
    metadata,
    Column("line", Text, primary_key=True),
    Column("freephone", Text, nullable=False),
    Column("option_name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["line", "freephone"],
        ["lines.number", "lines.freephone"],
        name="fk_number_displays_line_lines",
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(
        ["line", "option_name"],
        ["line_options.line", "line_options.name"],
        name="fk_number_displays_line_line_options",
        ondelete="CASCADE",
    ),
    CheckConstraint("option_name = 'tokutei-notify'", name="option_is_tokutei_notify"),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("contract", Text),
    Column("what", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("wall_at", Float(53), nullable=False),
    Column("business_at", Float(53), nullable=False),
    Index(None, "subject", "id"),
    Index(None, "contract", "id"),
    Index(None, "who", "id"),
)

business_clock = Table(
    "business_clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("frozen_at", Float(53)),
    Column("offset_s", Float(53), nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
