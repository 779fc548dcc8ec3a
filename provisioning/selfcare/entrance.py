"""Logging in, in two steps: ID and password, then the code that was mailed (N050-05)."""

from dataclasses import replace
from typing import NamedTuple

from provisioning.audit.model import STRANGER
from provisioning.db.connection import Connection
from provisioning.selfcare import model, secret, store, tries
from provisioning.selfcare.desk import Desk, by_customer
from provisioning.selfcare.model import (
    TICKETS,
    Do,
    Input,
    Purpose,
    Session,
    Slowdown,
    Stage,
    Ticket,
    TicketGone,
    WrongCode,
)
from provisioning.selfcare.store import Login, TicketRow


class _Attempt(NamedTuple):
    """A try that was counted: whose it may be, in which bucket, and the delay it caused."""

    login: Login | None
    bucket: str
    place: str
    delay_s: float


class Entrance:
    """Counts tries, mails codes and opens sessions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def begin(self, selfcare_id: str, password: str, *, address: str, device: str) -> Ticket:
        """The first step; what it answers never says whether ID and password were right."""
        desk, typed = self._desk, model.typed_id(selfcare_id)
        attempt = await desk.database.write(
            lambda connection: self._count(connection, typed or selfcare_id, address, device)
        )
        right = await desk.verified(attempt.login, password)
        ticket = secret.token()
        await desk.database.write(
            lambda connection: self._issue(connection, attempt, ticket, right=right)
        )
        return Ticket(ticket)

    async def resend(self, ticket: str, *, address: str) -> Ticket:
        """Another code for the same ticket; `TicketGone` or `TooManyTries`."""
        hash_ = secret.hashed(ticket)

        async def work(connection: Connection) -> None:
            login, row = await self.locked(connection, hash_, Purpose.LOGIN)
            step = TICKETS[row.stage, Input.RESEND]
            await self._count_resend(connection, row, address)
            mac = None
            if step.do is Do.MAIL:
                assert login is not None, "only a decoy has no login"
                mac = await self._desk.mail_code(connection, login, ticket)
            await store.change_ticket(
                connection,
                hash_,
                code_mac=mac,
                tries=0,
                issued_at=self._desk.business(),
                counted=row.counted + 1,
            )
            await self._desk.note(
                connection, login, "another login code", origin=by_customer(address)
            )

        await self._desk.database.write(work)
        return Ticket(ticket)

    async def finish(
        self, ticket: str, code: str, *, address: str, device: str, former: str
    ) -> tuple[str, Session]:
        """The second step: a new session, and the end of the browser's `former` one."""

        async def work(connection: Connection) -> tuple[str, Session] | int:
            hash_ = secret.hashed(ticket)
            login, row = await self.locked(connection, hash_, Purpose.LOGIN)
            if not await self.judged(connection, row, ticket, code):
                left = self._desk.limits.code_tries - row.tries - 1
                await self._desk.note(
                    connection,
                    login,
                    "login code refused",
                    after=f"{left} tries left",
                    origin=by_customer(address),
                )
                return left
            assert login is not None, "no code fits a decoy"
            return await self._admit(connection, login, row, address, device, former)

        outcome = await self._desk.database.write(work)
        if isinstance(outcome, int):
            raise WrongCode(outcome)
        return outcome

    async def locked(
        self, connection: Connection, hash_: str, purpose: Purpose
    ) -> tuple[Login | None, TicketRow]:
        """A ticket and its login, both locked, the login first; `TicketGone` when it is over."""
        seen = await store.ticket(connection, hash_)
        login = None
        if seen is not None and seen.login is not None:
            login = await store.login(connection, seen.login, to_change=True)
        row = await store.ticket(connection, hash_, to_change=True)
        if row is None or row.purpose is not purpose:
            raise TicketGone
        if not model.is_fresh(row.issued_at, self._desk.business(), self._desk.limits):
            raise TicketGone
        return login, row

    async def judged(self, connection: Connection, row: TicketRow, ticket: str, code: str) -> bool:
        """Whether the code is right; the try is counted, and the ticket ends when it must."""
        mac = secret.code_mac(ticket, model.typed_code(code))
        fits = secret.same(mac, row.code_mac or "")
        last = row.tries + 1 >= self._desk.limits.code_tries
        wrong = Input.LAST_WRONG if last else Input.WRONG
        step = TICKETS[row.stage, Input.RIGHT if fits else wrong]
        if step.next is Stage.GONE:
            await store.remove_ticket(connection, row.hash)
        else:
            await store.change_ticket(connection, row.hash, tries=row.tries + 1)
        return step.do is Do.ADMIT

    async def _count(
        self, connection: Connection, typed: str, address: str, device: str
    ) -> _Attempt:
        desk, limits = self._desk, self._desk.limits
        now, place = desk.wall(), model.place_of(address)
        login = await store.login(connection, model.typed_id(typed))
        known = secret.hashed(device)
        since = now - limits.device_life_s
        if login and device and await store.knows_device(connection, known, login.id, since):
            bucket = tries.device_bucket(known)
            slowdowns = {bucket: limits.account}
        else:
            bucket = tries.account_bucket(typed)
            slowdowns = {bucket: limits.account, tries.address_bucket(place): limits.address}
        delay_s = await tries.count(connection, slowdowns, now, limits)
        return _Attempt(login, bucket, place, delay_s)

    async def _count_resend(self, connection: Connection, row: TicketRow, address: str) -> None:
        """A resend is a try like the login it belongs to: it brings fresh guesses and a mail."""
        limits = self._desk.limits
        slowdowns: dict[str, Slowdown] = {row.bucket: limits.account}
        if not row.bucket.startswith("device "):
            place = model.place_of(address)
            slowdowns[tries.address_bucket(place)] = limits.address
        await tries.count(connection, slowdowns, self._desk.wall(), limits)

    async def _issue(
        self, connection: Connection, attempt: _Attempt, ticket: str, *, right: bool
    ) -> None:
        """Keep the ticket; the statements are the same for an unknown ID and a wrong password."""
        desk, known = self._desk, attempt.login
        login = await store.login(connection, known.id if known else None, to_change=True)
        # Changed or reset while it was being verified: it was right no longer.
        right = right and login is not None and login == known
        if right and login is not None and await desk.owner(connection, login.contract) is None:
            right = False
        row = TicketRow(
            hash=secret.hashed(ticket),
            login=None,
            purpose=Purpose.LOGIN,
            code_mac=None,
            tries=0,
            issued_at=desk.business(),
            bucket=attempt.bucket,
            place=attempt.place,
            counted=1,
        )
        if right and login is not None:
            mac = await desk.mail_code(connection, login, ticket)
            row = replace(row, login=login.id, code_mac=mac)
        await store.add_ticket(connection, row)
        what = "password right, code mailed" if right else "login refused"
        delay = f"next try in {attempt.delay_s:g} s" if attempt.delay_s else ""
        origin = by_customer(attempt.place, "" if right else STRANGER)
        await desk.note(connection, login, what, after=delay, origin=origin)

    async def _admit(
        self,
        connection: Connection,
        login: Login,
        row: TicketRow,
        address: str,
        device: str,
        former: str,
    ) -> tuple[str, Session]:
        desk, now = self._desk, self._desk.wall()
        owner = await desk.owner(connection, login.contract)
        if owner is None:
            raise TicketGone
        await store.remove_session(connection, secret.hashed(former))
        cookie, session = await desk.new_session(connection, login, owner.id)
        new_device = secret.token()
        await store.remove_device(connection, secret.hashed(device))
        await store.add_device(connection, secret.hashed(new_device), login.id, now)
        await desk.note(connection, login, "logged in", origin=by_customer(address))
        if not row.bucket.startswith("device "):
            await tries.give_back(connection, tries.address_bucket(row.place), row.counted)
        await tries.clear(connection, row.bucket)
        return cookie, replace(session, device=new_device)
