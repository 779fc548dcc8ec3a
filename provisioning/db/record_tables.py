"""Call records, which nothing changes once they are written (BILL-01)."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from provisioning.db.tables import metadata

OF_FREEPHONES = text(
    "service IN ('freephone', 'freephone-refused', 'freephone-off-hours', 'freephone-busy')"
)
"""Callers' legs to freephone numbers: an index of their own, which other calls need not keep."""

call_records = Table(
    "call_records",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("call_id", Text, nullable=False),
    Column("leg", Integer, nullable=False),
    Column("linked_id", Text, nullable=False),
    Column("sip_call_id", Text, nullable=False),
    Column("calling", Text),
    Column("called", Text, nullable=False),
    Column("destination", Text),
    Column("presented", Text),
    Column("prefix", Text, nullable=False),
    Column("line", Text),
    Column("access", Text),
    Column("service", Text, nullable=False),
    Column("payer", Text),
    Column("started_at", Float(53), nullable=False),
    Column("answered_at", Float(53)),
    Column("ended_at", Float(53), nullable=False),
    Column("business_started_at", Float(53), nullable=False),
    Column("business_answered_at", Float(53)),
    Column("business_ended_at", Float(53), nullable=False),
    Column("seconds", Float(53), nullable=False),
    Column("cause", Text, nullable=False),
    Column("sip_status", Integer),
    Column("q850", Integer),
    Column("trunk", Text),
    Column("interrupted", Boolean, nullable=False),
    CheckConstraint("leg >= 1", name="leg_counts"),
    CheckConstraint("seconds >= 0", name="seconds_run_forward"),
    UniqueConstraint("call_id", "leg"),
    Index(None, "line", "id"),
    Index(None, "business_started_at"),
    Index(
        "ix_call_records_of_freephones",
        "payer",
        "business_started_at",
        postgresql_where=OF_FREEPHONES,
        sqlite_where=OF_FREEPHONES,
    ),
)
"""A line that goes leaves its records, hence no foreign key. Triggers of the database refuse every
UPDATE, and every DELETE while `call_record_erasures` is empty."""

call_record_erasures = Table(
    "call_record_erasures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""Holds a row only within the units of work that may erase records."""


@contextmanager
def erasing(connection: Connection) -> Iterator[None]:
    """Within it the unit of work of `connection` may erase call records, and no other one."""
    connection.execute(call_record_erasures.insert(), {"id": 1})
    yield
    connection.execute(call_record_erasures.delete())
