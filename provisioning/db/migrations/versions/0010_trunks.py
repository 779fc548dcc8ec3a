"""Trunks toward other carriers, and addresses that stand for an account's password."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    _create_trunks()
    op.create_table(
        "trunk_peers",
        sa.Column("trunk", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("trunk", "position", name="pk_trunk_peers"),
        sa.ForeignKeyConstraint(
            ["trunk"], ["trunks.name"], name="fk_trunk_peers_trunk_trunks", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("peer", name="uq_trunk_peers_peer"),
    )
    op.create_table(
        "trunk_prefixes",
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("trunk", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("prefix", name="pk_trunk_prefixes"),
        sa.ForeignKeyConstraint(
            ["trunk"], ["trunks.name"], name="fk_trunk_prefixes_trunk_trunks", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "substr(prefix, 1, 1) IN ('0', '+')",
            name=op.f("ck_trunk_prefixes_prefix_of_a_number"),
        ),
    )
    _create_bindings()
    op.create_table(
        "account_sources",
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("username", "network", name="pk_account_sources"),
        sa.ForeignKeyConstraint(
            ["username"],
            ["accounts.username"],
            name="fk_account_sources_username_accounts",
            ondelete="CASCADE",
        ),
    )


def _create_trunks() -> None:
    op.create_table(
        "trunks",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("caller_class", sa.Text, nullable=False),
        sa.Column("account", sa.Text),
        sa.Column("realm", sa.Text),
        sa.Column("sealed_ha1", sa.LargeBinary),
        sa.Column("trusted", sa.Boolean, nullable=False),
        sa.Column("prefecture", sa.Text),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_trunks"),
        sa.UniqueConstraint("account", name="uq_trunks_account"),
        sa.CheckConstraint(
            "caller_class IN ('fixed', 'mobile', 'phs', 'ip-phone', 'international', 'payphone',"
            " 'satellite')",
            name=op.f("ck_trunks_caller_class_known"),
        ),
        sa.CheckConstraint("origin IN ('seed', 'office')", name=op.f("ck_trunks_origin_known")),
        sa.CheckConstraint("calls >= 1", name=op.f("ck_trunks_calls_counted")),
        sa.CheckConstraint(
            "(account IS NULL) = (realm IS NULL) AND (account IS NULL) = (sealed_ha1 IS NULL)",
            name=op.f("ck_trunks_account_has_secret"),
        ),
    )


def _create_bindings() -> None:
    op.create_table(
        "trunk_bindings",
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("cseq", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("q", sa.Float(53), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("instance", sa.Text),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("username", "contact", name="pk_trunk_bindings"),
        sa.ForeignKeyConstraint(
            ["username"],
            ["trunks.account"],
            name="fk_trunk_bindings_username_trunks",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("q BETWEEN 0 AND 1", name=op.f("ck_trunk_bindings_q_range")),
        sa.CheckConstraint(
            "cseq BETWEEN 0 AND 4294967295", name=op.f("ck_trunk_bindings_cseq_range")
        ),
    )
