"""Make, change and remove lines and accounts: one unit of work each, with its audit row."""

from collections.abc import Collection
from dataclasses import dataclass

from provisioning import passwords
from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import (
    E164,
    Access,
    Account,
    Geography,
    Line,
    OutOfRange,
    Profiles,
    UnknownLine,
)
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.forwarding import store as diversions
from provisioning.lines.model import UNI_OPTION
from provisioning.lines.service import Lines
from provisioning.numbers import store as numbers
from provisioning.numbers.model import UnknownNumber
from provisioning.presentation import store as displays
from provisioning.presentation.model import shown_freephone
from provisioning.seeds import SeedAccount
from provisioning.upkeep import model
from provisioning.upkeep.model import (
    AccountExists,
    LineChanges,
    LineExists,
    NewAccount,
    OfInventory,
)
from provisioning.voicemail.model import OPTION as VOICEMAIL
from provisioning.voicemail.service import StoredMailboxes

PASSWORD_LENGTH = 12
"""A SIP password the office makes up: 71 bits (A)."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What an operator does to lines by hand; durable, and known to telephony, once it returns.

    `geography`: the places where a line can be.
    """

    database: Database
    lines: Lines
    profiles: Profiles
    audit: Audit
    voicemail: StoredMailboxes
    geography: Geography

    async def create(self, line: Line, *, origin: Origin) -> Line:
        """Make a line without accounts.

        Raises:
            OutOfRange: its profile has no such line.
            LineExists: a line has this number.
            OfInventory: only an order makes the line of an 050 number.
        """
        model.check(line, self.profiles.of(line.profile))
        model.check_place(line, self.geography)

        async def work(connection: Connection) -> Line:
            if await self.lines.known(connection, line.number):
                raise LineExists(f"there is a line {line.number}: change it, or remove it first")
            await _refuse_inventory(connection, line.number, "order it for a contract")
            await self._keep(connection, line)
            await self._note(connection, line.number, "line made", "", model.words(line), origin)
            return line

        return await self.database.write(work, alone=True)

    async def change(self, number: E164, changes: LineChanges, *, origin: Origin) -> Line:
        """Change what `changes` names; `UnknownLine`, and `OutOfRange` as for a new one."""

        async def work(connection: Connection) -> Line:
            old = await self._known(connection, number)
            new = model.changed(old, changes)
            model.check(new, self.profiles.of(new.profile))
            if new.location != old.location:
                model.check_place(new, self.geography)
            if new != old:
                if VOICEMAIL in old.options - new.options:
                    await self.voicemail.end_within(connection, number)
                await self._keep(connection, new)
                before, after = model.words(old), model.words(new)
                await self._note(connection, number, "line changed", before, after, origin)
            return new

        return await self.database.write(work, alone=True)

    async def remove(self, number: E164, *, origin: Origin) -> None:
        """Remove a line with its accounts and settings.

        Raises:
            UnknownLine: there is none.
            OfInventory: only a cancellation ends an 050 number's line.
        """

        async def work(connection: Connection) -> None:
            old = await self._known(connection, number)
            await _refuse_inventory(connection, number, "cancel it by written form")
            await self.voicemail.end_within(connection, number)
            await self.lines.remove(connection, number)
            await self._note(connection, number, "line removed", model.words(old), "", origin)

        await self.database.write(work, alone=True)

    async def add_account(
        self,
        number: E164,
        user: str,
        *,
        access: Access = Access.OS,
        password: str | None = None,
        origin: Origin,
    ) -> NewAccount:
        """Give a line one more account; a password that is not given is made up.

        Raises:
            UnknownLine: there is no such line.
            AccountExists: the user is another account's.
            OfInventory: the user is a number that customers order.
            OutOfRange: no account can have this user or password.
        """
        model.check_account(user, password)
        chosen = password or passwords.generate(PASSWORD_LENGTH)

        async def work(connection: Connection) -> None:
            await self._known(connection, number)
            if user.isdecimal() and (own := E164(f"+81{user[1:]}")) != number:
                await _refuse_inventory(connection, own, "it becomes an account by an order")
            if await self.lines.has_account(connection, user):
                raise AccountExists(f"there is an account {user} already: choose another user")
            await self.lines.add_account(connection, number, SeedAccount(user, access, chosen))
            await self._note(connection, number, "account added", "", f"{user}, {access}", origin)

        await self.database.write(work, alone=True)
        return NewAccount(user, number, access, chosen)

    async def reset_password(
        self, user: str, *, password: str | None = None, origin: Origin
    ) -> NewAccount:
        """Give an account another password, made up or given; the old one counts no more.

        Raises:
            UnknownAccount: there is none.
            OutOfRange: no account can have this password.
        """
        model.check_account(user, password)
        chosen = password or passwords.generate(PASSWORD_LENGTH)

        async def work(connection: Connection) -> NewAccount:
            account = await self.lines.set_password(connection, user, chosen)
            await self._note(connection, account.line, "account password reset", "", user, origin)
            return NewAccount(user, account.line, account.access, chosen, account.sources)

        return await self.database.write(work, alone=True)

    async def set_sources(self, user: str, sources: Collection[str], *, origin: Origin) -> Account:
        """Say from which networks a UNI's account needs no password; none, and it always does.

        Raises:
            UnknownAccount: there is none.
            OutOfRange: a network is none, or the account's line has not the option for it.
        """

        async def work(connection: Connection) -> Account:
            old, new = await self.lines.set_sources(connection, user, sources)
            line = await self._known(connection, new.line)
            if new.sources and UNI_OPTION not in line.options:
                raise OutOfRange(f"sources: {line.number} has not the option {UNI_OPTION}")
            if new != old:
                before, after = (", ".join([user, *each.sources]) for each in (old, new))
                await self._note(
                    connection, new.line, "account sources changed", before, after, origin
                )
            return new

        return await self.database.write(work, alone=True)

    async def remove_account(self, user: str, *, origin: Origin) -> None:
        """Remove an account and forget its phones.

        Raises:
            UnknownAccount: there is none.
            OfInventory: an 050 number keeps its account until it is cancelled.
        """

        async def work(connection: Connection) -> None:
            account = await self.lines.account(connection, user)
            await _refuse_inventory(connection, account.line, "cancel it by written form")
            await self.lines.remove_account(connection, account)
            await self._note(connection, account.line, "account removed", user, "", origin)

        await self.database.write(work, alone=True)

    async def _keep(self, connection: Connection, line: Line) -> None:
        """Bring the line's rows to what it says; its settings stay where they still fit."""
        shown = shown_freephone(line)
        was_active = await displays.prepare(connection, line.number, shown)
        await self.lines.keep(connection, line)
        if await diversions.without(connection, [line.number]):
            default = self.profiles.of(line.profile).ring_times.default
            await diversions.begin(connection, {line.number: default})
        if shown is not None:
            await displays.contract(connection, line.number, shown, active=was_active)
        forwards = (await diversions.read(connection, line.number)).active
        await self.voicemail.begin_within(connection, line, forwards=bool(forwards))

    async def _known(self, connection: Connection, number: E164) -> Line:
        line = await self.lines.known(connection, number)
        if line is None:
            raise UnknownLine(f"no line has the number {number}")
        return line

    async def _note(
        self,
        connection: Connection,
        number: E164,
        what: str,
        before: str,
        after: str,
        origin: Origin,
    ) -> None:
        await self.audit.note(connection, number, what, before=before, after=after, origin=origin)


async def _refuse_inventory(connection: Connection, number: E164, instead: str) -> None:
    try:
        await numbers.read(connection, number)
    except UnknownNumber:
        return
    raise OfInventory(f"{number} is of the 050 inventory: {instead}")
