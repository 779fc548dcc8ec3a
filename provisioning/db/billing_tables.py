"""Charges, and the records that wait to be rated."""

from sqlalchemy import (
    BigInteger,
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

from provisioning.db.tables import metadata

unrated_records = Table(
    "unrated_records",
    metadata,
    Column(
        "id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("call_records.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
)
"""A trigger of the database puts every answered leg here that somebody pays for."""

charges = Table(
    "charges",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("call_id", Text, nullable=False),
    Column("leg", Integer, nullable=False),
    Column("linked_id", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("access", Text),
    Column("service", Text, nullable=False),
    Column("number_class", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("tariff", Text, nullable=False),
    Column("price", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
    Column("unit_s", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("unit_sen", BigInteger, nullable=False),
    Column("net_sen", BigInteger, nullable=False),
    Column("rounding", Text, nullable=False),
    Column("tax_percent", Integer, nullable=False),
    Column("business_at", Float(53), nullable=False),
    UniqueConstraint("call_id", "leg"),
    CheckConstraint("leg >= 1", name="leg_counts"),
    CheckConstraint(
        "cause IN ('playback', 'forwarding', 'excluded', 'dialler', 'freephone')",
        name="cause_known",
    ),
    CheckConstraint(
        "unit_s > 0 AND units > 0 AND (units - 1) * unit_s * 1000 <= milliseconds"
        " AND milliseconds <= units * unit_s * 1000",
        name="units_are_the_started_ones",
    ),
    CheckConstraint("unit_sen >= 0 AND net_sen >= 0", name="nobody_is_paid"),
    CheckConstraint(
        "net_sen = units * unit_sen OR rounding <> 'exact'", name="rounded_by_a_rule_alone"
    ),
    CheckConstraint("tax_percent BETWEEN 0 AND 100", name="tax_is_a_rate"),
    Index(None, "line", "id"),
)
"""The unique constraint makes charging a leg twice impossible (BILL-06). Money is whole sen. A
record's time is over some day, and its charge stays: no foreign key. Triggers refuse updates."""
