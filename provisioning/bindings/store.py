"""Rows of bindings: a set of accounts is replaced at once."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from provisioning.contract import Binding
from provisioning.db.tables import bindings

_remove = bindings.delete().where(bindings.c.username == bindparam("of"))


async def replace(connection: AsyncConnection, changes: Mapping[str, tuple[Binding, ...]]) -> None:
    """Make the bindings of each user in `changes` exactly these."""
    # Sorted, so that two nodes that write the same users cannot deadlock.
    users = sorted(changes)
    await connection.execute(_remove, [{"of": user} for user in users])
    rows = [
        _row(user, position, binding)
        for user in users
        for position, binding in enumerate(changes[user])
    ]
    if rows:
        await connection.execute(bindings.insert(), rows)


async def read(
    connection: AsyncConnection, users: Sequence[str] | None = None
) -> dict[str, tuple[Binding, ...]]:
    """Bindings by user, of all or of these `users`, in the order they were saved."""
    query = select(bindings).order_by(bindings.c.username, bindings.c.position)
    if users is not None:
        query = query.where(bindings.c.username.in_(users))
    found: dict[str, list[Binding]] = defaultdict(list)
    for row in await connection.execute(query):
        found[row.username].append(
            Binding(
                contact=row.contact,
                call_id=row.call_id,
                cseq=row.cseq,
                expires_at=row.expires_at,
                flow=row.flow,
                q=row.q,
                path=tuple(json.loads(row.path)),
                instance=row.instance,
                user_agent=row.user_agent,
            )
        )
    return {user: tuple(group) for user, group in found.items()}


def _row(user: str, position: int, binding: Binding) -> dict[str, Any]:
    return {
        "username": user,
        "contact": binding.contact,
        "call_id": binding.call_id,
        "cseq": binding.cseq,
        "expires_at": binding.expires_at,
        "flow": binding.flow,
        "q": binding.q,
        "path": json.dumps(binding.path),
        "instance": binding.instance,
        "user_agent": _printable(binding.user_agent),
        "position": position,
    }


def _printable(text: str) -> str:
    """Free text from the network without what no database takes: a phone's name is no reason."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")
