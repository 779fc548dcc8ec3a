"""Customers, contracts, the 050 inventory and number orders."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing yet."""
