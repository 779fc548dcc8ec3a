"""What every part of the self-care login works with: rows, clocks, mail, audit and a pool."""

import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cache

from provisioning import passwords
from provisioning.audit.model import STRANGER, Origin
from provisioning.audit.store import Audit
from provisioning.customers import store as customers
from provisioning.customers.model import ContractStatus, Customer, UnknownContract
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.selfcare import model, secret, store
from provisioning.selfcare.model import CODE_DIGITS, Limits, Purpose, Session
from provisioning.selfcare.ports import Letterbox
from provisioning.selfcare.store import Login


@dataclass(frozen=True, slots=True)
class Desk:
    """The collaborators; `wall` and `business` answer UTC epoch seconds of the two clocks."""

    database: Database
    audit: Audit
    letterbox: Letterbox
    wall: Callable[[], float]
    business: Callable[[], float]
    limits: Limits
    pool: Executor
    stand_in: str = field(repr=False)

    async def verified(self, login: Login | None, password: str) -> bool:
        """Whether the password is the login's; without a login it takes as long and says no."""
        typed = password[: model.PASSWORD_MOST] if model.is_text(password) else ""
        stored = login.password_hash if login else self.stand_in
        fits = await passwords.fits(stored, typed, self.pool)
        return fits and login is not None and typed == password

    async def hashed(self, password: str) -> str:
        """What is stored of a password."""
        return await passwords.hashed(password, self.pool)

    async def owner(self, connection: Connection, contract: str) -> Customer | None:
        """Who signed this contract; None once it is closed: it opens no door then."""
        try:
            signed = await customers.contract(connection, contract)
        except UnknownContract:
            return None
        if signed.status is not ContractStatus.ACTIVE:
            return None
        return await customers.customer(connection, signed.customer)

    async def mail_code(
        self, connection: Connection, login: Login, ticket: str, new_address: str | None = None
    ) -> str:
        """Void the older codes and mail a new one; answers its digest.

        `new_address`: where it goes to prove that mail arrives there; else it is a login's.
        """
        owner = await self.owner(connection, login.contract)
        if owner is None:
            raise model.SessionGone
        purpose = Purpose.MAIL if new_address else Purpose.LOGIN
        await store.void_codes(connection, login.id, purpose)
        code = passwords.generate_digits(CODE_DIGITS)
        minutes = int(self.limits.code_life_s // 60)
        write = self.letterbox.new_address_code if new_address else self.letterbox.code
        await write(connection, new_address or owner.mail, owner.language, code, minutes)
        return secret.code_mac(ticket, code)

    async def note(
        self,
        connection: Connection,
        login: Login | None,
        what: str,
        *,
        before: str = "",
        after: str = "",
        origin: Origin,
    ) -> None:
        """An audit row; of an unknown ID it keeps nothing of what was typed."""
        await self.audit.note(
            connection,
            login.id if login else "unknown self-care ID",
            what,
            before=before,
            after=after,
            origin=origin if login else replace(origin, who=STRANGER),
            contract=login.contract if login else None,
        )

    async def new_session(
        self, connection: Connection, login: Login, customer: str
    ) -> tuple[str, Session]:
        """A session that begins now, and its cookie value."""
        cookie, now = secret.token(), self.wall()
        hash_ = secret.hashed(cookie)
        await store.add_session(connection, hash_, login.id, now)
        csrf = secret.csrf(cookie)
        return cookie, Session(login.id, login.contract, customer, now, now, csrf, hash_)


def by_customer(address: str, who: str = "") -> Origin:
    """The origin of what a browser at this address did."""
    return Origin(who, f"portal from {model.place_of(address)}")


@cache
def stand_in_hash() -> str:
    """The hash that an unknown ID is verified against: as costly as a real one, fits nothing."""
    return passwords.HASHER.hash(secrets.token_urlsafe(32))
