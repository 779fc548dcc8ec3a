"""Boxes, messages and greetings of voicemail.

Revision ID: 0012
Revises: 0011
"""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create what they are kept in."""
