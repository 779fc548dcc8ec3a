"""The outbox of mails, and what the laboratory caught."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing yet."""
