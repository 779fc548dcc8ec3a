"""Rows of bindings: a set of accounts is replaced at once."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection as Driver
from sqlalchemy import Table, bindparam, select, text

from provisioning.contract import Binding
from provisioning.db.connection import Connection
from provisioning.db.tables import bindings

_Row = tuple[str | int | float | None, ...]
_COLUMNS = tuple(column.name for column in bindings.columns)
_values = ", ".join(f"json_extract(value, '$[{index}]')" for index in range(len(_COLUMNS)))


class Statements:
    """What changes the rows of one table of bindings, built once."""

    def __init__(self, table: Table) -> None:
        self.remove = table.delete().where(table.c.username == bindparam("of"))
        self.insert = table.insert()
        self.remove_json = text(
            f"DELETE FROM {table.name} WHERE username IN (SELECT value FROM json_each(:users))"
        )
        self.insert_json = text(
            f"INSERT INTO {table.name} ({', '.join(_COLUMNS)}) SELECT {_values}"
            " FROM json_each(:rows)"
        )


def replace(
    connection: Driver,
    statements: Statements,
    changes: Mapping[str, tuple[Binding, ...]],
) -> None:
    """Make the bindings of each user in `changes` exactly these.

    Raises ValueError for text with a NUL character, which no database takes.
    """
    # Sorted, so that two nodes that write the same users cannot deadlock.
    users = sorted(changes)
    rows = [
        _row(user, position, binding)
        for user in users
        for position, binding in enumerate(changes[user])
    ]
    if connection.dialect.name == "sqlite":
        _replace_by_json(connection, statements, users, rows)
        return
    connection.execute(statements.remove, [{"of": user} for user in users])
    if rows:
        connection.execute(
            statements.insert, [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        )


def _replace_by_json(
    connection: Driver, statements: Statements, users: list[str], rows: list[_Row]
) -> None:
    """Two statements, however many rows: SQLite gives up Python's lock at each, and taking it
    back from a busy loop takes milliseconds."""
    connection.execute(statements.remove_json, {"users": json.dumps(users, ensure_ascii=False)})
    if rows:
        found = {"rows": json.dumps(rows, ensure_ascii=False)}
        connection.execute(statements.insert_json, found)


async def read(
    connection: Connection, table: Table, users: Sequence[str] | None = None
) -> dict[str, tuple[Binding, ...]]:
    """Bindings by user, of all or of these `users`, in the order they were saved."""
    query = select(table).order_by(table.c.username, table.c.position)
    if users is not None:
        query = query.where(table.c.username.in_(users))
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


def _row(user: str, position: int, binding: Binding) -> _Row:
    """The values of `_COLUMNS`."""
    path = json.dumps(binding.path) if binding.path else "[]"
    texts = (user, binding.contact, binding.call_id, binding.flow, binding.instance or "")
    if "\0" in "".join(texts):
        raise ValueError("a NUL character")
    return (
        user,
        binding.contact,
        binding.call_id,
        binding.cseq,
        binding.expires_at,
        binding.flow,
        binding.q,
        path,
        binding.instance,
        _printable(binding.user_agent),
        position,
    )


def _printable(text: str) -> str:
    """Free text from the network without what no database takes: a phone's name is no reason."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")
