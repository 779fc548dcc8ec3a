"""Rows of logins, tickets, sessions and known browsers.

Whoever changes a login's rows locks the login first, then its tickets, then the buckets of
tries in order of their names; so no two units of work wait for each other.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, update

from provisioning.customers.model import ContractStatus
from provisioning.db.connection import Connection
from provisioning.db.customer_tables import contracts
from provisioning.db.selfcare_tables import (
    selfcare_devices,
    selfcare_logins,
    selfcare_sessions,
    selfcare_tickets,
)
from provisioning.db.serials import is_id
from provisioning.selfcare.model import Purpose, Stage


@dataclass(frozen=True, slots=True)
class Login:
    """A row of `selfcare_logins`."""

    id: str
    contract: str
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A row of `selfcare_tickets`; `login` None is a decoy, `code_mac` None fits no code."""

    hash: str = field(repr=False)
    login: str | None
    purpose: Purpose
    code_mac: str | None = field(repr=False)
    tries: int
    issued_at: float
    bucket: str
    place: str
    counted: int
    new_mail: str | None = None

    @property
    def stage(self) -> Stage:
        """Where it stands."""
        if self.login is None:
            return Stage.DECOY
        return Stage.OPEN if self.code_mac is not None else Stage.VOID


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A row of `selfcare_sessions`, the contract that its login opens and who signed that."""

    hash: str = field(repr=False)
    login: str
    contract: str
    customer: str
    is_open: bool
    made_at: float
    seen_at: float


async def login(connection: Connection, id: str | None, *, to_change: bool = False) -> Login | None:
    """The login of this ID, locked until the unit of work ends when it is `to_change`."""
    return await _login(connection, selfcare_logins.c.id == (id or ""), to_change)


async def remove_login(connection: Connection, id: str) -> None:
    """A login with its sessions, tickets and known browsers."""
    await connection.execute(delete(selfcare_logins).where(selfcare_logins.c.id == id))


async def login_of(
    connection: Connection, contract: str, *, to_change: bool = False
) -> Login | None:
    """The login that opens a contract."""
    if not is_id(contract):
        return None
    return await _login(connection, selfcare_logins.c.contract == contract, to_change)


async def add_login(connection: Connection, new: Login, made_at: float) -> None:
    """Insert a login; IntegrityError when the ID or the contract has one."""
    row = {
        "id": new.id,
        "contract": new.contract,
        "password_hash": new.password_hash,
        "made_at": made_at,
    }
    await connection.execute(selfcare_logins.insert(), row)


async def set_password(connection: Connection, id: str, password_hash: str) -> None:
    """Keep another password hash."""
    mine = selfcare_logins.c.id == id
    await connection.execute(
        update(selfcare_logins).where(mine).values(password_hash=password_hash)
    )


async def ticket(connection: Connection, hash: str, *, to_change: bool = False) -> TicketRow | None:
    """The ticket with this hash."""
    query = select(selfcare_tickets).where(selfcare_tickets.c.hash == hash)
    row = (await connection.execute(_for(query, to_change))).mappings().one_or_none()
    if row is None:
        return None
    return TicketRow(**{**row, "purpose": Purpose(row["purpose"])})


async def add_ticket(connection: Connection, new: TicketRow) -> None:
    """Insert a ticket."""
    row = {name: getattr(new, name) for name in TicketRow.__slots__}
    await connection.execute(selfcare_tickets.insert(), {**row, "purpose": new.purpose.value})


async def change_ticket(connection: Connection, hash: str, **values: Any) -> None:
    """Change columns of a ticket."""
    mine = selfcare_tickets.c.hash == hash
    await connection.execute(update(selfcare_tickets).where(mine).values(**values))


async def remove_ticket(connection: Connection, hash: str) -> None:
    """A ticket that is over."""
    await connection.execute(delete(selfcare_tickets).where(selfcare_tickets.c.hash == hash))


async def void_codes(connection: Connection, login: str | None, purpose: Purpose) -> None:
    """Make every code that was mailed to this login for this purpose fit no more."""
    mine = selfcare_tickets.c.login == (login or "")
    good = (selfcare_tickets.c.purpose == purpose.value) & selfcare_tickets.c.code_mac.is_not(None)
    await connection.execute(update(selfcare_tickets).where(mine, good).values(code_mac=None))


async def remove_tickets(connection: Connection, login: str) -> None:
    """Every ticket of a login, whatever its purpose."""
    await connection.execute(delete(selfcare_tickets).where(selfcare_tickets.c.login == login))


async def oldest_ticket(connection: Connection) -> float | None:
    """When the oldest ticket was issued, business time."""
    found: float | None = await connection.scalar(select(func.min(selfcare_tickets.c.issued_at)))
    return found


async def remove_tickets_until(connection: Connection, until: float, life_s: float) -> None:
    """Remove tickets whose life ends at or before `until`, reckoned as whoever asks when does."""
    over = selfcare_tickets.c.issued_at + life_s <= until
    await connection.execute(delete(selfcare_tickets).where(over))


async def session(connection: Connection, hash: str) -> SessionRow | None:
    """The session with this hash."""
    is_open = contracts.c.status == ContractStatus.ACTIVE.value
    query = (
        select(
            selfcare_sessions,
            selfcare_logins.c.contract,
            contracts.c.customer,
            is_open.label("is_open"),
        )
        .join(selfcare_logins, selfcare_logins.c.id == selfcare_sessions.c.login)
        .join(contracts, contracts.c.id == selfcare_logins.c.contract)
        .where(selfcare_sessions.c.hash == hash)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return SessionRow(**row) if row else None


async def add_session(connection: Connection, hash: str, login: str, now: float) -> None:
    """Insert a session that begins now."""
    row = {"hash": hash, "login": login, "made_at": now, "seen_at": now}
    await connection.execute(selfcare_sessions.insert(), row)


async def touch(connection: Connection, hash: str, now: float) -> None:
    """Note that a session was used."""
    mine = selfcare_sessions.c.hash == hash
    await connection.execute(update(selfcare_sessions).where(mine).values(seen_at=now))


async def remove_session(connection: Connection, hash: str) -> bool:
    """End a session; whether there was one."""
    mine = selfcare_sessions.c.hash == hash
    return (await connection.execute(delete(selfcare_sessions).where(mine))).rowcount > 0


async def remove_sessions(connection: Connection, login: str) -> int:
    """End every session of a login; answers how many."""
    mine = selfcare_sessions.c.login == login
    return (await connection.execute(delete(selfcare_sessions).where(mine))).rowcount


async def remove_sessions_until(connection: Connection, *, made_at: float, seen_at: float) -> None:
    """Remove sessions that began or were last used at or before these instants."""
    table = selfcare_sessions.c
    old = (table.made_at <= made_at) | (table.seen_at <= seen_at)
    await connection.execute(delete(selfcare_sessions).where(old))


async def knows_device(connection: Connection, hash: str, login: str, since: float) -> bool:
    """Whether this browser logged in here since `since`."""
    table = selfcare_devices.c
    query = select(table.hash).where(
        table.hash == hash, table.login == login, table.seen_at > since
    )
    return (await connection.execute(query)).first() is not None


async def add_device(connection: Connection, hash: str, login: str, now: float) -> None:
    """Note a browser that logged in."""
    row = {"hash": hash, "login": login, "seen_at": now}
    await connection.execute(selfcare_devices.insert(), row)


async def remove_device(connection: Connection, hash: str) -> None:
    """Forget one browser."""
    await connection.execute(delete(selfcare_devices).where(selfcare_devices.c.hash == hash))


async def remove_devices(connection: Connection, login: str) -> None:
    """Forget the browsers of a login."""
    await connection.execute(delete(selfcare_devices).where(selfcare_devices.c.login == login))


async def remove_devices_until(connection: Connection, seen_at: float) -> None:
    """Forget browsers that logged in last at or before `seen_at`."""
    old = selfcare_devices.c.seen_at <= seen_at
    await connection.execute(delete(selfcare_devices).where(old))


async def _login(connection: Connection, mine: Any, to_change: bool) -> Login | None:
    query = select(
        selfcare_logins.c.id, selfcare_logins.c.contract, selfcare_logins.c.password_hash
    ).where(mine)
    row = (await connection.execute(_for(query, to_change))).mappings().one_or_none()
    return Login(**row) if row else None


def _for(query: Any, to_change: bool) -> Any:
    return query.with_for_update() if to_change else query
