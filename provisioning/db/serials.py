"""Running numbers for ids that people read: C00000001, K00000001, N00000001."""

import re

from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite

from provisioning.db.connection import Connection
from provisioning.db.customer_tables import serials

_ID = re.compile(r"[A-Z][0-9]{8,12}", re.ASCII)


def is_id(text: str) -> bool:
    """Whether `text` can be such an id; PostgreSQL takes no text with a NUL even to look for it."""
    return _ID.fullmatch(text) is not None


async def draw(connection: Connection, letter: str) -> str:
    """The next id that begins with `letter`; whoever else draws one waits for this unit of work."""
    await _begin(connection, letter)
    row = serials.c.name == letter
    await connection.execute(serials.update().where(row).values(last=serials.c.last + 1))
    last = (await connection.execute(select(serials.c.last).where(row))).scalar_one()
    return f"{letter}{last:08}"


async def pass_over(connection: Connection, taken: str) -> None:
    """Note that somebody chose the id `taken`, a letter and digits: no later draw answers it."""
    letter, number = taken[0], int(taken[1:])
    await _begin(connection, letter)
    later = case((serials.c.last < number, number), else_=serials.c.last)
    await connection.execute(serials.update().where(serials.c.name == letter).values(last=later))


async def _begin(connection: Connection, letter: str) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    begin = insert(serials).values(name=letter, last=0).on_conflict_do_nothing()
    await connection.execute(begin)
