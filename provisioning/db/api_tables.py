"""Rows of the API's own: tokens with their scopes, and answers kept for Idempotency-Key."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from provisioning.db.tables import metadata

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("expires_at", Float(53)),
    Column("revoked_at", Float(53)),
    Column("last_used_at", Float(53)),
    CheckConstraint("length(scopes) > 0", name="some_scope"),
    UniqueConstraint("digest"),
)
"""A token's secret is 256 random bits, so that its plain SHA-256 is enough to know it again."""

api_answers = Table(
    "api_answers",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("status", Integer),
    Column("location", Text),
    Column("body", Text),
    Column("kept_until", Float(53), nullable=False),
    CheckConstraint("(status IS NULL) = (body IS NULL)", name="whole_answer"),
    Index(None, "kept_until"),
)
"""One row a request that changed something: written with the change, answered afterwards.

`request` is a keyed digest of what was sent; `body` is the answer without its passwords.
"""
