"""Self-care logins: identities, codes, sessions and guess counters."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _logins()
    _tickets()
    _browsers()
    op.create_table(
        "selfcare_tries",
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_selfcare_tries"),
        _check("failures >= 0", "ck_selfcare_tries_failures_range"),
    )


def _check(condition: str, name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(name))


def _of_a_login(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_login_selfcare_logins"
    return sa.ForeignKeyConstraint(["login"], ["selfcare_logins.id"], name=name, ondelete="CASCADE")


def _logins() -> None:
    op.create_table(
        "selfcare_logins",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("made_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_selfcare_logins"),
        sa.ForeignKeyConstraint(
            ["contract"], ["contracts.id"], name="fk_selfcare_logins_contract_contracts"
        ),
        sa.UniqueConstraint("contract", name="uq_selfcare_logins_contract"),
    )


def _tickets() -> None:
    op.create_table(
        "selfcare_tickets",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("login", sa.Text),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("code_mac", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("issued_at", sa.Float(53), nullable=False),
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.Column("new_mail", sa.Text),
        sa.PrimaryKeyConstraint("hash", name="pk_selfcare_tickets"),
        _of_a_login("selfcare_tickets"),
        _check("purpose IN ('login', 'mail')", "ck_selfcare_tickets_purpose_known"),
        _check("tries >= 0", "ck_selfcare_tickets_tries_range"),
        _check("login IS NOT NULL OR code_mac IS NULL", "ck_selfcare_tickets_decoy_has_no_code"),
        _check(
            "purpose = 'login' OR new_mail IS NOT NULL",
            "ck_selfcare_tickets_mail_names_its_address",
        ),
    )
    op.create_index("ix_selfcare_tickets_login", "selfcare_tickets", ["login"])
    op.create_index("ix_selfcare_tickets_issued_at", "selfcare_tickets", ["issued_at"])


def _browsers() -> None:
    op.create_table(
        "selfcare_sessions",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("made_at", sa.Float(53), nullable=False),
        sa.Column("seen_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_selfcare_sessions"),
        _of_a_login("selfcare_sessions"),
    )
    op.create_index("ix_selfcare_sessions_login", "selfcare_sessions", ["login"])
    op.create_table(
        "selfcare_devices",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_selfcare_devices"),
        _of_a_login("selfcare_devices"),
    )
    op.create_index("ix_selfcare_devices_login", "selfcare_devices", ["login"])
