"""API tokens with scopes, and answers kept for Idempotency-Key."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
