"""What a logged-in customer or an operator changes: password, mail address, the login itself."""

import secrets
from dataclasses import replace

from sqlalchemy.exc import IntegrityError

from provisioning import passwords
from provisioning.audit.model import Origin
from provisioning.customers import store as customers
from provisioning.customers.model import BadField, Customer, mail_address
from provisioning.db.connection import Connection
from provisioning.selfcare import model, secret, store, tries
from provisioning.selfcare.desk import Desk
from provisioning.selfcare.entrance import Entrance
from provisioning.selfcare.model import (
    BadMail,
    LoginExists,
    NewLogin,
    Purpose,
    SamePassword,
    Session,
    SessionGone,
    UnknownLogin,
    WrongCode,
    WrongPassword,
)
from provisioning.selfcare.store import Login, TicketRow

PASSWORD_LENGTH = 14
"""Characters of a password the office makes up: 81 bits of chance."""


class Changes:
    """Changes of a login; each is one unit of work with its audit row and its mail."""

    def __init__(self, desk: Desk, entrance: Entrance) -> None:
        self._desk, self._entrance = desk, entrance

    async def password(
        self, session: Session, old: str, new: str, origin: Origin
    ) -> tuple[str, Session]:
        """Another password: every session ends, and a new one takes this one's place."""
        desk = self._desk
        model.checked_password(new, session.selfcare_id, desk.limits)
        login = await self._confirmed(session, old, origin)
        if new == old:
            raise SamePassword
        password_hash = await desk.hashed(new)

        async def work(connection: Connection) -> tuple[str, Session]:
            owner = await self._still(connection, session, login)
            await self._put_password(connection, login, password_hash)
            await desk.letterbox.password_changed(connection, owner.mail, owner.language)
            await desk.note(connection, login, "password changed", origin=origin)
            return await desk.new_session(connection, login, owner.id)

        return await desk.database.write(work)

    async def mail(self, session: Session, new_mail: str, password: str, origin: Origin) -> None:
        """Mail a code to the new address; `confirm_mail` changes it."""
        desk, address = self._desk, _address(new_mail)
        login = await self._confirmed(session, password, origin, also_right=True)
        ticket = secret.mail_ticket(session.csrf)

        async def work(connection: Connection) -> None:
            await self._still(connection, session, login)
            await store.remove_ticket(connection, secret.hashed(ticket))
            mac = await desk.mail_code(connection, login, ticket, address)
            row = TicketRow(
                hash=secret.hashed(ticket),
                login=login.id,
                purpose=Purpose.MAIL,
                code_mac=mac,
                tries=0,
                issued_at=desk.business(),
                bucket=tries.password_bucket(login.id),
                place="",
                counted=1,
                new_mail=address,
            )
            await store.add_ticket(connection, row)
            what = "mail address to be confirmed"
            await desk.note(connection, login, what, after=address, origin=origin)

        await desk.database.write(work)

    async def confirm_mail(self, session: Session, code: str, origin: Origin) -> str:
        """The code fits: mail goes to the new address, and the old one is told."""
        ticket = secret.mail_ticket(session.csrf)

        async def work(connection: Connection) -> str | int:
            hash_ = secret.hashed(ticket)
            login, row = await self._entrance.locked(connection, hash_, Purpose.MAIL)
            if login is None or login.id != session.selfcare_id or row.new_mail is None:
                raise model.TicketGone
            owner = await self._still(connection, session, login)
            if not await self._entrance.judged(connection, row, ticket, code):
                await self._desk.note(connection, login, "mail code refused", origin=origin)
                return self._desk.limits.code_tries - row.tries - 1
            await self._put_mail(connection, login, owner, row.new_mail, origin)
            return row.new_mail

        outcome = await self._desk.database.write(work)
        if isinstance(outcome, int):
            raise WrongCode(outcome)
        return outcome

    async def create(
        self, contract: str, selfcare_id: str | None, password: str | None, origin: Origin
    ) -> NewLogin:
        """A login for a contract; ID and password are made up where the operator gives none."""
        chosen = selfcare_id or _made_up_id()
        given = password or passwords.generate(PASSWORD_LENGTH)
        login = await self.prepared(contract, chosen, given)
        try:
            await self._desk.database.write(lambda c: self.add_within(c, login, origin))
        except IntegrityError:
            raise _taken(login) from None
        return NewLogin(chosen, given)

    async def prepared(self, contract: str, selfcare_id: str, password: str) -> Login:
        """A login that can be added; its password is hashed, which takes long."""
        model.checked_id(selfcare_id)
        model.checked_password(password, selfcare_id, self._desk.limits)
        return Login(selfcare_id, contract, await self._desk.hashed(password))

    async def add_within(self, connection: Connection, login: Login, origin: Origin) -> None:
        """Add it; IntegrityError or `LoginExists` for an ID or a contract that has one."""
        await customers.contract(connection, login.contract)
        known = await store.login(connection, login.id)
        if known or await store.login_of(connection, login.contract):
            raise _taken(login)
        await store.add_login(connection, login, self._desk.business())
        await self._desk.note(connection, login, "self-care login made", origin=origin)

    async def reset(self, contract: str, origin: Origin) -> NewLogin:
        """A made-up password: sessions, codes and delays of the login end."""
        desk, given = self._desk, passwords.generate(PASSWORD_LENGTH)
        password_hash = await desk.hashed(given)

        async def work(connection: Connection) -> str:
            login = await store.login_of(connection, contract, to_change=True)
            if login is None:
                raise UnknownLogin(f"contract {contract!r:.40} has no self-care login")
            await self._put_password(connection, login, password_hash)
            await store.remove_devices(connection, login.id)
            owner = await desk.owner(connection, login.contract)
            if owner is not None:
                await desk.letterbox.password_changed(connection, owner.mail, owner.language)
            await desk.note(connection, login, "password reset", origin=origin)
            await tries.clear(connection, tries.account_bucket(login.id))
            await tries.clear(connection, tries.password_bucket(login.id))
            return login.id

        return NewLogin(await desk.database.write(work), given)

    async def remove(self, selfcare_id: str, origin: Origin) -> None:
        """Take a login away, and whatever hangs on it."""
        await self._desk.database.write(lambda c: self.remove_within(c, selfcare_id, origin))

    async def remove_within(self, connection: Connection, selfcare_id: str, origin: Origin) -> None:
        """The same in somebody's unit of work."""
        login = await store.login(connection, selfcare_id, to_change=True)
        if login is not None:
            await store.remove_login(connection, login.id)
            await self._desk.note(connection, login, "self-care login removed", origin=origin)
            await tries.clear(connection, tries.account_bucket(login.id))
            await tries.clear(connection, tries.password_bucket(login.id))

    async def _confirmed(
        self, session: Session, password: str, origin: Origin, *, also_right: bool = False
    ) -> Login:
        """The session's login, once its password was given again; the try is counted first.

        `also_right`: a right one stays counted too, because it sends a mail.
        """
        desk, limits = self._desk, self._desk.limits
        bucket = tries.password_bucket(session.selfcare_id)

        async def count(connection: Connection) -> Login | None:
            await tries.count(connection, {bucket: limits.account}, desk.wall(), limits)
            return await store.login(connection, session.selfcare_id)

        login = await desk.database.write(count)
        if not await desk.verified(login, password) or login is None:
            await self._note_refusal(session, origin)
            raise WrongPassword
        if not also_right:
            await desk.database.write(lambda connection: tries.clear(connection, bucket))
        return login

    async def _note_refusal(self, session: Session, origin: Origin) -> None:
        login = Login(session.selfcare_id, session.contract, "")
        await self._desk.database.write(
            lambda connection: self._desk.note(
                connection, login, "present password refused", origin=origin
            )
        )

    async def _still(self, connection: Connection, session: Session, login: Login) -> Customer:
        """Lock the login and see that session and password are what they were."""
        present = await store.login(connection, login.id, to_change=True)
        if present != login or await store.session(connection, session.id_hash) is None:
            raise SessionGone
        owner = await self._desk.owner(connection, login.contract)
        if owner is None:
            raise SessionGone
        return owner

    async def _put_password(self, connection: Connection, login: Login, password_hash: str) -> None:
        await store.set_password(connection, login.id, password_hash)
        await store.remove_tickets(connection, login.id)
        await store.remove_sessions(connection, login.id)

    async def _put_mail(
        self, connection: Connection, login: Login, owner: Customer, new: str, origin: Origin
    ) -> None:
        desk = self._desk
        present = await customers.customer(connection, owner.id, to_change=True)
        await customers.update_customer(connection, replace(present, mail=new))
        # A code on its way to the old address opens nothing any more.
        await store.void_codes(connection, login.id, Purpose.LOGIN)
        await desk.letterbox.mail_changed(connection, owner.mail, owner.language, new)
        await desk.note(
            connection, login, "mail address changed", before=owner.mail, after=new, origin=origin
        )


def _taken(login: Login) -> LoginExists:
    return LoginExists(
        f"contract {login.contract!r:.40} has a self-care login, or the ID {login.id} is taken"
    )


def _made_up_id() -> str:
    return f"S{secrets.randbelow(10**8):08d}"


def _address(text: str) -> str:
    try:
        return mail_address(text)
    except BadField as error:
        raise BadMail(str(error)) from None
