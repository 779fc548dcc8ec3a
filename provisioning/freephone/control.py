"""The customer control's login (カスタマコントロール, FREE-12): three wrong passwords lock it.

Calls go on as before. A try is counted, and the third one locks, before it is judged: however many
come at once, no fourth one is ever judged. A right one forgets those before it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple

from sqlalchemy import Row, select, update

from provisioning import passwords
from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import E164, ContractError, FreephoneOption, NotContracted
from provisioning.db.connection import Connection
from provisioning.db.freephone_tables import freephone_controls
from provisioning.db.unit_of_work import Database
from provisioning.freephone import sessions, store
from provisioning.freephone.document import dialled
from provisioning.freephone.fees import UNLOCK, FeeList
from provisioning.freephone.service import UnknownFreephone
from provisioning.freephone.store import Kept

PASSWORD_LENGTH = 12
"""A password the office makes up: 71 bits (A)."""

MOST_TRIES = 3
"""Wrong ones in a row that lock the login (FREE-12)."""


class NotLocked(ContractError):
    """There is nothing to unlock, and nothing to pay for."""


class Verdict(Enum):
    """What came of a password."""

    RIGHT = auto()
    WRONG = auto()
    LOCKED = auto()
    """Whatever was given: unlocking is to be asked for, and costs work."""


@dataclass(frozen=True, slots=True)
class ControlState:
    """How a number's customer control stands; `locked_at` is business time."""

    has_password: bool
    tries_left: int
    locked_at: float | None


class Control:
    """The customer control's login of every freephone number."""

    def __init__(
        self,
        database: Database,
        fees: FeeList,
        audit: Audit,
        clock: Callable[[], float],
    ) -> None:
        self._database, self._fees, self._audit, self._clock = database, fees, audit, clock

    async def set_password(self, number: E164, *, origin: Origin) -> str:
        """Make up a new password, shown this once; a lock stays, sessions end.

        Raises:
            UnknownFreephone: the number is not contracted.
            NotContracted: its contract has no customer control.
        """
        password = passwords.generate(PASSWORD_LENGTH)
        hashed = await passwords.hashed(password)

        async def work(connection: Connection) -> None:
            kept = await _contracted(connection, number)
            values = {"password_hash": hashed}
            if await _row(connection, number) is None:
                new = {"number": number, "tries": 0, "locks": 0, **values}
                await connection.execute(freephone_controls.insert(), new)
            else:
                await _change(connection, number, values)
            await sessions.end_all(connection, number)
            await self._note(connection, kept, "control password reset", origin)

        await self._database.write(work, alone=True)
        return password

    async def judge(self, number: E164, password: str, *, origin: Origin) -> Verdict:
        """Whether a password is the number's; a number without one has none that is right.

        Raises:
            UnknownFreephone: the number is not contracted.
            NotContracted: its contract has no customer control.
        """
        now = self._clock()
        taken = await self._database.write(lambda c: _take_try(c, number, now))
        if taken is None:
            return Verdict.LOCKED
        right = await passwords.fits(taken.password_hash, password)

        async def work(connection: Connection) -> Verdict:
            row = await _row(connection, number)
            if row is None:
                return Verdict.WRONG
            if row.locked_at is not None and not taken.locks:
                return Verdict.LOCKED
            if right:
                locks = row.locks - 1 if taken.locks else row.locks
                values = {"tries": 0, "locked_at": None, "locks": locks}
                await _change(connection, number, values)
                return Verdict.RIGHT
            kept = await _contracted(connection, number)
            await self._note(connection, kept, "control login refused", origin)
            if taken.locks:
                await self._note(connection, kept, "control locked", origin)
            return Verdict.WRONG

        return await self._database.write(work)

    async def unlock(self, number: E164, *, origin: Origin) -> None:
        """Unlock a login; the work is owed for each lock once (FREE-12).

        Raises:
            UnknownFreephone: the number is not contracted.
            NotContracted: its contract has no customer control.
            NotLocked: it is not locked.
        """

        async def work(connection: Connection) -> None:
            kept = await _contracted(connection, number)
            row = await _row(connection, number)
            if row is None or row.locked_at is None:
                raise NotLocked(f"the customer control of {dialled(number)} is not locked")
            await _change(connection, number, {"tries": 0, "locked_at": None})
            await store.owe(
                connection,
                kept.contract,
                number,
                self._fees.of({UNLOCK}),
                at=self._clock(),
                occasion=f"{number} {kept.contract} lock {row.locks} at {row.locked_at:.6f}",
            )
            await self._note(connection, kept, "control unlocked", origin)

        await self._database.write(work, alone=True)

    async def state(self, number: E164) -> ControlState:
        """How the login of a number stands; `UnknownFreephone`, `NotContracted`."""

        async def work(connection: Connection) -> ControlState:
            await _contracted(connection, number)
            row = await _row(connection, number)
            if row is None:
                return ControlState(False, MOST_TRIES, None)
            return ControlState(True, MOST_TRIES - row.tries, row.locked_at)

        return await self._database.read(work)

    async def _note(self, connection: Connection, kept: Kept, what: str, origin: Origin) -> None:
        await self._audit.note(
            connection, kept.freephone.number, what, origin=origin, contract=kept.contract
        )


class _Try(NamedTuple):
    """A try that was counted: what it is judged by, and whether it locks unless it is right."""

    password_hash: str
    locks: bool


async def _take_try(connection: Connection, number: E164, now: float) -> _Try | None:
    """Count a try; None when there is none left."""
    await _contracted(connection, number)
    row = await _row(connection, number)
    if row is None:
        return _Try("", locks=False)
    if row.locked_at is not None:
        return None
    tries = row.tries + 1
    values: dict[str, object] = {"tries": tries}
    if tries == MOST_TRIES:
        values |= {"locked_at": now, "locks": row.locks + 1}
    await _change(connection, number, values)
    return _Try(row.password_hash, locks=tries == MOST_TRIES)


async def _contracted(connection: Connection, number: E164) -> Kept:
    kept = (await store.read(connection, {number})).get(number)
    if kept is None:
        raise UnknownFreephone(f"{dialled(number)} is not contracted")
    if FreephoneOption.CUSTOMER_CONTROL not in kept.freephone.options:
        raise NotContracted(f"{dialled(number)} has no customer control")
    return kept


async def _row(connection: Connection, number: E164) -> Row[Any] | None:
    query = select(freephone_controls).where(freephone_controls.c.number == number)
    found: Row[Any] | None = (await connection.execute(query.with_for_update())).one_or_none()
    return found


async def _change(connection: Connection, number: E164, values: Mapping[str, object]) -> None:
    await connection.execute(
        update(freephone_controls).where(freephone_controls.c.number == number).values(values)
    )
