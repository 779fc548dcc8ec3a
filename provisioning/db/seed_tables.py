"""What seeds made besides lines: a later seed may take it back, and takes nothing else."""

from sqlalchemy import CheckConstraint, Column, Table, Text

from provisioning.db.tables import metadata

seed_marks = Table(
    "seed_marks",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    CheckConstraint("kind IN ('customer', 'contract', 'login')", name="kind_known"),
)
