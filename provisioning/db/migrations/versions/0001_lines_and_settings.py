"""Lines with accounts and bindings, their settings and who changed them, the business clock."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _lines()
    _bindings()
    _settings()
    _bookkeeping()


def _e164(column: str) -> str:
    return (
        f"substr({column}, 1, 1) = '+' AND length({column}) BETWEEN 3 AND 16"
        f" AND rtrim(substr({column}, 2), '0123456789') = ''"
    )


def _check(condition: str, name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(name))


def _lines() -> None:
    op.create_table(
        "lines",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("ma", sa.Text, nullable=False),
        sa.Column("prefecture", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("freephone", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_lines"),
        sa.UniqueConstraint("number", "freephone", name="uq_lines_number_freephone"),
        _check(_e164("number"), "ck_lines_number_e164"),
        _check(f"freephone IS NULL OR ({_e164('freephone')})", "ck_lines_freephone_e164"),
        _check("profile IN ('docomo', 'au', 'rakuten', 'ntt')", "ck_lines_profile_known"),
        _check("kind IN ('consumer', 'corporate')", "ck_lines_kind_known"),
        _check("status IN ('active', 'suspended')", "ck_lines_status_known"),
        _check("language IN ('ja', 'en')", "ck_lines_language_known"),
    )
    op.create_table(
        "line_options",
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("line", "name", name="pk_line_options"),
        sa.ForeignKeyConstraint(
            ["line"], ["lines.number"], name="fk_line_options_line_lines", ondelete="CASCADE"
        ),
    )


def _bindings() -> None:
    op.create_table(
        "accounts",
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("sealed_ha1", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("username", name="pk_accounts"),
        sa.ForeignKeyConstraint(
            ["line"], ["lines.number"], name="fk_accounts_line_lines", ondelete="CASCADE"
        ),
        _check("access IN ('os', 'link')", "ck_accounts_access_known"),
    )
    op.create_index("ix_accounts_line", "accounts", ["line"])
    op.create_table(
        "bindings",
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
        sa.PrimaryKeyConstraint("username", "contact", name="pk_bindings"),
        sa.ForeignKeyConstraint(
            ["username"],
            ["accounts.username"],
            name="fk_bindings_username_accounts",
            ondelete="CASCADE",
        ),
        _check("q BETWEEN 0 AND 1", "ck_bindings_q_range"),
        _check("cseq BETWEEN 0 AND 4294967295", "ck_bindings_cseq_range"),
    )


def _settings() -> None:
    op.create_table(
        "diversions",
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("target", sa.Text),
        sa.Column("ring_time_s", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_diversions"),
        sa.ForeignKeyConstraint(
            ["line"], ["lines.number"], name="fk_diversions_line_lines", ondelete="CASCADE"
        ),
        _check("NOT active OR target IS NOT NULL", "ck_diversions_active_needs_target"),
        _check(f"target IS NULL OR ({_e164('target')})", "ck_diversions_target_e164"),
        _check("target IS NULL OR target <> line", "ck_diversions_target_is_another_line"),
        _check("ring_time_s BETWEEN 0 AND 180", "ck_diversions_ring_time_range"),
    )
    op.create_table(
        "number_displays",
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("freephone", sa.Text, nullable=False),
        sa.Column("option_name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_number_displays"),
        sa.ForeignKeyConstraint(
            ["line", "freephone"],
            ["lines.number", "lines.freephone"],
            name="fk_number_displays_line_lines",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["line", "option_name"],
            ["line_options.line", "line_options.name"],
            name="fk_number_displays_line_line_options",
            ondelete="CASCADE",
        ),
        _check("option_name = 'tokutei-notify'", "ck_number_displays_option_is_tokutei_notify"),
    )


def _bookkeeping() -> None:
    op.create_table(
        "setting_changes",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("wall_at", sa.Float(53), nullable=False),
        sa.Column("business_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_setting_changes"),
    )
    op.create_index("ix_setting_changes_line_id", "setting_changes", ["line", "id"])
    op.create_table(
        "business_clock",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("frozen_at", sa.Float(53)),
        sa.Column("offset_s", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_business_clock"),
        _check("id = 1", "ck_business_clock_one_row"),
    )
