"""The self-care login as the portal and the operator use it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.clock import Wall
from provisioning.customers import store as customers
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.selfcare import model, secret, store, tries
from provisioning.selfcare.changes import Changes
from provisioning.selfcare.desk import Desk, by_customer, stand_in_hash
from provisioning.selfcare.entrance import Entrance
from provisioning.selfcare.model import Identity, Limits, NewLogin, Session, Ticket
from provisioning.selfcare.ports import Letterbox
from provisioning.selfcare.store import Login

HASHING_THREADS = 2
"""Passwords hashed at once: 20 ms of a core and 19 MiB each, and telephony needs the cores."""


class SelfCare:
    """Logins of contracts (N050-05); every answer is durable before it is given.

    Raises, besides the errors named, `StorageUnavailable`.
    """

    name = "self-care codes"

    def __init__(
        self,
        database: Database,
        audit: Audit,
        letterbox: Letterbox,
        wall: Wall,
        business: Wall,
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
    ) -> None:
        self._pool = ThreadPoolExecutor(HASHING_THREADS, "argon2")
        self._desk = Desk(
            database=database,
            audit=audit,
            letterbox=letterbox,
            wall=wall,
            business=business,
            limits=limits,
            pool=self._pool,
            stand_in=stand_in_hash(),
        )
        self._entrance = Entrance(self._desk)
        self._changes = Changes(self._desk, self._entrance)

    @property
    def limits(self) -> Limits:
        """Lives, tries and delays in force."""
        return self._desk.limits

    async def begin(
        self, selfcare_id: str, password: str, *, address: str, device: str = ""
    ) -> Ticket:
        """The first step of a login: a code is mailed when ID and password are right.

        The ticket looks and acts alike whether they were or not, so the page that asks for the
        code must say: no mail means that ID or password were wrong. `device`: the value of
        the device cookie, by which a stranger's tries do not slow down the owner's browser.

        Raises:
            TooManyTries: the ID, this address or this browser must wait; nothing was tried.
        """
        return await self._entrance.begin(selfcare_id, password, address=address, device=device)

    async def resend(self, ticket: str, *, address: str) -> Ticket:
        """Mail another code; the one before is void.

        Raises:
            TicketGone: begin again with ID and password.
            TooManyTries: each code counts as a try.
        """
        return await self._entrance.resend(ticket, address=address)

    async def finish(
        self, ticket: str, code: str, *, address: str, device: str = "", former: str = ""
    ) -> tuple[str, Session]:
        """The second step: (value of the session cookie, session with a new device cookie).

        `former`: the session cookie the browser had; that session ends.

        Raises:
            WrongCode: with the tries that are left; at 0 the ticket is gone.
            TicketGone: begin again with ID and password.
        """
        return await self._entrance.finish(
            ticket, code, address=address, device=device, former=former
        )

    async def session(self, cookie: str, *, touch: bool = True) -> Session | None:
        """The session of a cookie; None when there is none, it idled out or is too old.

        `touch` False: for requests that no person makes, which must not keep it alive.
        """
        desk, hash_, now = self._desk, secret.hashed(cookie), self._desk.wall()

        row = await desk.database.read(lambda connection: store.session(connection, hash_))
        if row is None or not row.is_open:
            return None
        if not model.is_alive(row.made_at, row.seen_at, now, desk.limits):
            return None
        csrf = secret.csrf(cookie)
        found = Session(
            row.login, row.contract, row.customer, row.made_at, row.seen_at, csrf, hash_
        )
        if not touch or now - found.seen_at < desk.limits.touch_s:
            return found
        await desk.database.write(lambda connection: store.touch(connection, hash_, now))
        return replace(found, seen_at=now)

    async def logout(self, cookie: str, *, address: str = "") -> None:
        """End a session; one that is over already is no error."""
        hash_ = secret.hashed(cookie)

        async def work(connection: Connection) -> None:
            row = await store.session(connection, hash_)
            if row is not None and await store.remove_session(connection, hash_):
                login = await store.login(connection, row.login)
                await self._desk.note(connection, login, "logged out", origin=by_customer(address))

        await self._desk.database.write(work)

    async def change_password(
        self, session: Session, old: str, new: str, *, origin: Origin
    ) -> tuple[str, Session]:
        """Another password: every session ends, and the answered one takes this one's place.

        Raises:
            WeakPassword: the new one, and why.
            WrongPassword: the old one; TooManyTries after some of these.
            SessionGone: it ended meanwhile.
        """
        return await self._changes.password(session, old, new, origin)

    async def change_mail(
        self, session: Session, new_mail: str, password: str, *, origin: Origin
    ) -> None:
        """Mail a code to the new address; nothing changes before this session's `confirm_mail`.

        Raises:
            BadMail, WrongPassword, TooManyTries, SessionGone.
        """
        await self._changes.mail(session, new_mail, password, origin)

    async def confirm_mail(self, session: Session, code: str, *, origin: Origin) -> str:
        """Change the mail address to the one that received the code; the old one is told.

        Raises:
            WrongCode, TicketGone, SessionGone.
        """
        return await self._changes.confirm_mail(session, code, origin)

    async def create(
        self,
        contract_id: str,
        *,
        selfcare_id: str | None = None,
        password: str | None = None,
        origin: Origin,
    ) -> NewLogin:
        """Give a contract its login; what is not given is made up. The password is shown once.

        Raises:
            LoginExists, BadLogin, WeakPassword, UnknownContract.
        """
        return await self._changes.create(contract_id, selfcare_id, password, origin)

    async def reset(self, contract_id: str, *, origin: Origin) -> NewLogin:
        """A new password by the operator: sessions, codes, delays and known browsers end.

        Raises:
            UnknownLogin: the contract has none.
        """
        return await self._changes.reset(contract_id, origin)

    async def remove(self, selfcare_id: str, *, origin: Origin) -> None:
        """Take a login away with its sessions, codes and known browsers; none is no error."""
        await self._changes.remove(selfcare_id, origin)

    async def prepared(self, contract_id: str, selfcare_id: str, password: str) -> Login:
        """A login for `add_within`: checked, its password hashed; `BadLogin`, `WeakPassword`."""
        return await self._changes.prepared(contract_id, selfcare_id, password)

    async def add_within(self, connection: Connection, login: Login, *, origin: Origin) -> None:
        """Give a contract its login in somebody's unit of work; as `create` otherwise."""
        await self._changes.add_within(connection, login, origin)

    async def remove_within(
        self, connection: Connection, selfcare_id: str, *, origin: Origin
    ) -> None:
        """As `remove`, in somebody's unit of work."""
        await self._changes.remove_within(connection, selfcare_id, origin)

    async def of_contract(self, contract_id: str) -> Identity | None:
        """The login that opens a contract."""

        async def work(connection: Connection) -> Identity | None:
            login = await store.login_of(connection, contract_id)
            if login is None:
                return None
            contract = await customers.contract(connection, contract_id)
            return Identity(login.id, contract_id, contract.customer)

        return await self._desk.database.read(work)

    async def form_token(self, session: Session) -> str:
        """A fresh token for one form, good as an order's key; bound to the session."""
        return secret.form_token(session.csrf)

    async def is_form_token(self, session: Session, token: str) -> bool:
        """Whether a form's token was made for this session."""
        return secret.is_form_token(session.csrf, token)

    async def count_try(self, address: str) -> None:
        """Count a try at another login of the portal among those of its address.

        Raises:
            TooManyTries: this address must wait; nothing was tried.
        """
        desk, bucket = self._desk, tries.address_bucket(model.place_of(address))
        slowdowns, now = {bucket: desk.limits.address}, desk.wall()

        async def work(connection: Connection) -> None:
            await tries.count(connection, slowdowns, now, desk.limits)

        await desk.database.write(work)

    async def give_back_try(self, address: str) -> None:
        """Take back a counted try that proved right."""
        bucket = tries.address_bucket(model.place_of(address))
        await self._desk.database.write(lambda connection: tries.give_back(connection, bucket, 1))

    async def next_due(self) -> float | None:
        """When the next code expires, business time."""
        oldest = await self._desk.database.read(store.oldest_ticket)
        return None if oldest is None else oldest + self.limits.code_life_s

    async def run_due(self, until: float) -> None:
        """Forget the codes that expired at or before `until`, and whatever no longer counts."""
        desk, limits, now = self._desk, self._desk.limits, self._desk.wall()

        async def rest(connection: Connection) -> None:
            await store.remove_sessions_until(
                connection, made_at=now - limits.life_s, seen_at=now - limits.idle_s
            )
            await store.remove_devices_until(connection, now - limits.device_life_s)
            await tries.forget(connection, now - limits.forget_s)

        # One by one: what held tickets while it waited for tries could itself be waited for.
        await desk.database.write(
            lambda connection: store.remove_tickets_until(connection, until, limits.code_life_s)
        )
        await desk.database.write(rest)

    def close(self) -> None:
        """End the hashing threads."""
        self._pool.shutdown()
