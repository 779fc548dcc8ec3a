"""Rows of API tokens."""

from typing import Any

from sqlalchemy import RowMapping, select

from provisioning.db.api_tables import api_tokens
from provisioning.db.connection import Connection
from provisioning.tokens.model import ApiToken, Scope, token_id

LARGEST_ROW = 2**31 - 1


async def insert(connection: Connection, row: dict[str, Any]) -> int:
    """Add a token; its row number."""
    added = await connection.execute(api_tokens.insert().returning(api_tokens.c.id), row)
    return int(added.scalar_one())


async def by_digest(connection: Connection, digest: bytes) -> ApiToken | None:
    """The token whose secret has this digest."""
    found = await connection.execute(select(api_tokens).where(api_tokens.c.digest == digest))
    row = found.mappings().one_or_none()
    return _token(row) if row else None


async def by_row(connection: Connection, row: int, *, to_change: bool = False) -> ApiToken | None:
    """The token in this row, locked until the unit of work ends when it is `to_change`."""
    if row > LARGEST_ROW:
        return None
    query = select(api_tokens).where(api_tokens.c.id == row)
    found = await connection.execute(query.with_for_update() if to_change else query)
    mapping = found.mappings().one_or_none()
    return _token(mapping) if mapping else None


async def behind(connection: Connection, row: int, most: int) -> list[ApiToken]:
    """At most `most` tokens behind a row, in the order they were made."""
    query = select(api_tokens).where(api_tokens.c.id > min(row, LARGEST_ROW))
    rows = await connection.execute(query.order_by(api_tokens.c.id).limit(most))
    return [_token(each) for each in rows.mappings()]


async def update(connection: Connection, row: int, **values: float) -> None:
    """Change columns of a token."""
    await connection.execute(api_tokens.update().where(api_tokens.c.id == row), values)


def _token(row: RowMapping) -> ApiToken:
    return ApiToken(
        id=token_id(row["id"]),
        name=row["name"],
        scopes=frozenset(Scope(each) for each in row["scopes"].split(" ")),
        created_by=row["created_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
