"""Rows of number displays: a line has one while it has the option contracted."""

from sqlalchemy import select

from provisioning.contract import E164, NumberDisplay
from provisioning.db.connection import Connection
from provisioning.db.tables import number_displays
from provisioning.presentation.model import OPTION


async def read(connection: Connection, line: E164, *, to_change: bool = False) -> NumberDisplay:
    """The display of a line, without a number when it is not contracted."""
    query = select(number_displays).where(number_displays.c.line == line)
    if to_change:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return NumberDisplay(E164(row.freephone), row.active) if row else NumberDisplay()


async def write(connection: Connection, line: E164, *, active: bool) -> None:
    """Switch the display of a line that has one."""
    await connection.execute(
        number_displays.update().where(number_displays.c.line == line), {"active": active}
    )


async def prepare(connection: Connection, line: E164, freephone: E164 | None) -> bool:
    """Before the line's row changes: keep, or drop, its display; whether it was active.

    The display's row refers to the line's freephone number, so a changed number drops it first.
    """
    old = await read(connection, line, to_change=True)
    if old.number is not None and old.number != freephone:
        await connection.execute(number_displays.delete().where(number_displays.c.line == line))
    return old.active


async def contract(connection: Connection, line: E164, freephone: E164, *, active: bool) -> None:
    """Give a line its display unless it has it; a new contract starts switched off."""
    if (await read(connection, line)).number is None:
        row = {"line": line, "freephone": freephone, "option_name": OPTION, "active": active}
        await connection.execute(number_displays.insert(), row)
