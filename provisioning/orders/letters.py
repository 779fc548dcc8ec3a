"""The letter of an order while it waits: it never says what no longer holds."""

from collections.abc import Callable
from dataclasses import replace

from provisioning.contract import E164
from provisioning.db.connection import Connection
from provisioning.numbers.model import NumberRecord, national
from provisioning.orders import secret, store
from provisioning.orders.placing import OrderDesk

Passwords = tuple[str, str, str]
"""A line of the letter: national number, service password, line password."""

REPLACED = ""
"""In place of a password that was replaced since; the new one was shown when it was made."""

Revise = Callable[[Passwords], Passwords | None]
"""What becomes of a number's line; None takes it out."""


async def revise(
    desk: OrderDesk, connection: Connection, record: NumberRecord, revise_line: Revise
) -> None:
    """Revise one number's line in the letter of its order, where that still waits.

    A letter that is left without numbers is no letter any more.
    """
    sealed = await store.sealed_letter(connection, record.order or "")
    if sealed is None or record.order is None:
        return
    content = secret.open_letter(desk.seal, record.order, sealed, desk.server)
    lines = [_revised(line, record.number, revise_line) for line in content.numbers]
    left = [line for line in lines if line is not None]
    if left:
        revised = secret.close_letter(desk.seal, replace(content, numbers=left))
        await store.replace_letter(connection, record.order, revised)
    else:
        await store.destroy_letter(connection, record.order, sealed)


def without_number(_: Passwords) -> None:
    """The number was cancelled."""


def without_line_password(line: Passwords) -> Passwords:
    """The IP加入電話パスワード was replaced."""
    return line[0], line[1], REPLACED


def without_service_password(line: Passwords) -> Passwords:
    """The 付加サービスパスワード was replaced."""
    return line[0], REPLACED, line[2]


def _revised(line: Passwords, number: E164, revise_line: Revise) -> Passwords | None:
    return revise_line(line) if line[0] == national(number) else line
