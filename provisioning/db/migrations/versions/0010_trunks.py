"""Trunks toward other carriers.

Revision ID: 0010
Revises: 0009
"""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create what trunks are kept in."""
