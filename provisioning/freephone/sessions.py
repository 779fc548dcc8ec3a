"""Who is logged in to a number's customer control; stored by the hash of a cookie alone.

Lives are measured in wall time, so that a laboratory's clock jump ends no session.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import delete, select, update

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import E164, FreephoneOption
from provisioning.db.connection import Connection
from provisioning.db.freephone_tables import freephone_sessions
from provisioning.db.unit_of_work import Database
from provisioning.freephone.service import Freephones

TOKEN_BYTES = 32
"""256 bits: nobody guesses a token, so its plain SHA-256 may be stored."""

CLOCK_SLIP_S = 60.0
"""How far wall time may step back before sessions end; it never lengthens one."""


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a session lives without a request, and at all, s; `touch_s`: how exactly."""

    idle_s: float = 900.0
    life_s: float = 28_800.0
    touch_s: float = 30.0


@dataclass(frozen=True, slots=True)
class ControlSession:
    """Somebody who gave the password of `number`; `csrf` goes into every form."""

    number: E164
    contract: str
    made_at: float
    seen_at: float
    csrf: str = field(repr=False)


class ControlSessions:
    """The sessions of every number's customer control; `wall`: UTC epoch seconds."""

    def __init__(
        self,
        database: Database,
        freephones: Freephones,
        audit: Audit,
        wall: Callable[[], float],
        lives: Lives = Lives(),
    ) -> None:
        self._database, self._freephones, self._audit = database, freephones, audit
        self._wall, self._lives = wall, lives

    async def begin(self, number: E164, *, origin: Origin, former: str = "") -> str:
        """A session that begins now: the value of its cookie. The browser's `former` one ends."""
        cookie, now = secrets.token_urlsafe(TOKEN_BYTES), self._wall()
        row = {"hash": _hashed(cookie), "number": number, "made_at": now, "seen_at": now}
        table = freephone_sessions.c
        old = (table.made_at <= now - self._lives.life_s) | (
            table.seen_at <= now - self._lives.idle_s
        )

        async def work(connection: Connection) -> None:
            gone = old | (table.hash == _hashed(former))
            await connection.execute(delete(freephone_sessions).where(gone))
            await connection.execute(freephone_sessions.insert(), row)
            await self._note(connection, number, "control logged in", origin)

        await self._database.write(work)
        return cookie

    async def of(self, cookie: str) -> ControlSession | None:
        """The session of a cookie; None when there is none, or it is over."""
        hash_, now = _hashed(cookie), self._wall()
        query = select(freephone_sessions).where(freephone_sessions.c.hash == hash_)

        async def look(connection: Connection) -> ControlSession | None:
            row = (await connection.execute(query)).one_or_none()
            return self._session(row.number, row.made_at, row.seen_at, cookie) if row else None

        found = await self._database.read(look)
        if found is None or not self._is_alive(found, now):
            return None
        if now - found.seen_at < self._lives.touch_s:
            return found
        mine = freephone_sessions.c.hash == hash_

        async def touch(connection: Connection) -> None:
            await connection.execute(update(freephone_sessions).where(mine).values(seen_at=now))

        await self._database.write(touch)
        return replace(found, seen_at=now)

    async def end(self, cookie: str, *, origin: Origin) -> None:
        """End a session; one that is over already is no error."""
        mine = freephone_sessions.c.hash == _hashed(cookie)

        async def work(connection: Connection) -> None:
            number = await connection.scalar(select(freephone_sessions.c.number).where(mine))
            if number is not None:
                await connection.execute(delete(freephone_sessions).where(mine))
                await self._note(connection, number, "control logged out", origin)

        await self._database.write(work)

    async def _note(self, connection: Connection, number: E164, what: str, origin: Origin) -> None:
        contract = self._freephones.kept(number).contract
        await self._audit.note(connection, number, what, origin=origin, contract=contract)

    def _session(
        self, number: E164, made_at: float, seen_at: float, cookie: str
    ) -> ControlSession | None:
        """The session, as long as its number has a customer control."""
        contract = self._freephones.of(number)
        if contract is None or FreephoneOption.CUSTOMER_CONTROL not in contract.options:
            return None
        payer = self._freephones.kept(number).contract
        csrf = hmac.digest(cookie.encode("utf-8", "surrogatepass"), b"csrf:", "sha256").hex()
        return ControlSession(number, payer, made_at, seen_at, csrf)

    def _is_alive(self, session: ControlSession, now: float) -> bool:
        idle, age = now - session.seen_at, now - session.made_at
        lives = self._lives
        return idle < lives.idle_s and age < lives.life_s and min(idle, age) >= -CLOCK_SLIP_S


async def end_all(connection: Connection, number: E164) -> None:
    """End every session of a number: its password was changed."""
    mine = freephone_sessions.c.number == number
    await connection.execute(delete(freephone_sessions).where(mine))


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
