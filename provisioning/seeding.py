"""Make what a seed describes; what people have changed since stays (LAB-03)."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from provisioning import passwords
from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import E164, ContractError, Diversions
from provisioning.customers import store as customers
from provisioning.customers.model import (
    ContractStatus,
    NewContract,
    NewCustomer,
    UnknownContract,
    UnknownCustomer,
)
from provisioning.customers.service import Customers
from provisioning.db.connection import Connection
from provisioning.db.seed_tables import seed_marks
from provisioning.db.unit_of_work import Database
from provisioning.forwarding import store as diversions
from provisioning.forwarding.service import StoredForwarding
from provisioning.freephone.service import Freephones
from provisioning.lines.service import Lines
from provisioning.numbers import store as inventory
from provisioning.numbers.model import Block
from provisioning.numbers.service import Numbers
from provisioning.presentation import store as displays
from provisioning.presentation.model import shown_freephone
from provisioning.profiles.store import ProfileFiles
from provisioning.seeds import (
    Seed,
    SeedBlock,
    SeedContract,
    SeedCustomer,
    SeedLine,
    SeedLogin,
)
from provisioning.selfcare import store as logins
from provisioning.selfcare.service import SelfCare
from provisioning.selfcare.store import Login
from provisioning.trunks.service import StoredTrunks
from provisioning.upkeep.seeded import notes
from provisioning.voicemail import model as boxes
from provisioning.voicemail import store as messages
from provisioning.voicemail.model import Box
from provisioning.voicemail.service import StoredMailboxes

BY_SEED = Origin("seed", "seed file")
"""Who made what the audit says a seed made."""


class NotOfTheSeed(ContractError):
    """The office made a customer or contract with the id that the seed wants to give."""


class SeedConflict(ContractError):
    """Somebody made at the same time what the seed makes."""


class _Kind(StrEnum):
    CUSTOMER = "customer"
    CONTRACT = "contract"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Seeding:
    """The services that a seed goes through; seeding the same again changes nothing.

    A seed is one unit of work: all of it is there, or nothing was changed.
    """

    database: Database
    audit: Audit
    lines: Lines
    forwarding: StoredForwarding
    profiles: ProfileFiles
    customers: Customers
    numbers: Numbers
    selfcare: SelfCare
    trunks: StoredTrunks
    voicemail: StoredMailboxes
    freephones: Freephones

    async def everything(self, seed: Seed) -> None:
        """Make blocks, customers, lines and trunks what `seed` says.

        A customer, contract or login is made once, and is the office's from then on. A login
        that an earlier seed made and this one leaves out is gone with its password.

        Raises:
            ContractError: the seed contradicts itself or what is there; nothing was changed.
        """
        wanted = await self._first_boxes(seed.lines)
        prepared = await self._logins(seed)

        async def work(connection: Connection) -> None:
            await self._lines(connection, seed.lines, wanted)
            await self.trunks.seed_within(connection, seed.trunks, origin=BY_SEED)
            await self._withdraw(connection, {login.id for login in _named(seed).values()})
            for block in seed.blocks:
                await self._load(connection, block)
            for customer in seed.customers:
                await self._customer(connection, customer, prepared)
            await self.freephones.seed_within(connection, seed.freephones, origin=BY_SEED)

        await self._write(work)
        await self.trunks.refresh()

    async def of_lines(self, seeds: Sequence[SeedLine]) -> None:
        """Make the seeded lines what `seeds` says; what their users have set stays.

        A changed password counts at once. A line of an earlier seed that `seeds` leaves out
        loses its accounts, until a seed names it again.
        """
        wanted = await self._first_boxes(seeds)
        await self._write(lambda connection: self._lines(connection, seeds, wanted))

    async def _write(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        try:
            await self.database.write(work, alone=True)
        except IntegrityError as error:
            raise SeedConflict(
                "somebody made at the same time what the seed makes: seed it again"
            ) from error
        await self.forwarding.refresh()
        await self.lines.refresh()
        await self.voicemail.refresh()
        await self.voicemail.tidy()

    async def _lines(
        self, connection: Connection, seeds: Sequence[SeedLine], wanted: Mapping[E164, Box]
    ) -> None:
        seeds = await self._keeping_messages(connection, seeds)
        first = {seed.line.number: self._diversions(seed) for seed in seeds}
        fresh = await diversions.without(connection, first)
        active = {
            seed.line.number: await displays.prepare(
                connection, seed.line.number, shown_freephone(seed.line)
            )
            or (seed.shows_freephone and seed.line.number in fresh)
            for seed in seeds
        }
        seeded = notes(await self.lines.seed(connection, seeds))
        await self.audit.note_all(connection, seeded, origin=BY_SEED)
        await _begin(connection, {number: first[number] for number in fresh})
        for line, shown in ((seed.line, shown_freephone(seed.line)) for seed in seeds):
            if shown is not None:
                await displays.contract(connection, line.number, shown, active=active[line.number])
        await self._give_boxes(connection, seeds, wanted)

    async def _keeping_messages(
        self, connection: Connection, seeds: Sequence[SeedLine]
    ) -> Sequence[SeedLine]:
        """The same lines, of which none loses a box with messages in it: the office contracted it.

        A start with the seed it had before must lose no message (VM-08).
        """
        holding = await messages.every_count(connection)
        return [
            replace(seed, line=replace(seed.line, options=seed.line.options | {boxes.OPTION}))
            if seed.line.number in holding and self.profiles.of(seed.line.profile).voicemail
            else seed
            for seed in seeds
        ]

    async def _first_boxes(self, seeds: Sequence[SeedLine]) -> dict[E164, Box]:
        """How a seed wants boxes on their first day."""
        found = {}
        for seed in seeds:
            rules = self.profiles.of(seed.line.profile).voicemail
            if seed.voicemail is not None and rules is not None:
                box = boxes.seeded(seed.voicemail, rules)
                if seed.voicemail.pin is not None:
                    pin_hash = await passwords.hashed(seed.voicemail.pin)
                    box = boxes.with_pin(box, pin_hash)
                found[seed.line.number] = box
        return found

    async def _give_boxes(
        self, connection: Connection, seeds: Sequence[SeedLine], wanted: Mapping[E164, Box]
    ) -> None:
        """Give its box to each line that has voicemail and none yet."""
        for line in (seed.line for seed in seeds if boxes.OPTION in seed.line.options):
            forwards = (await diversions.read(connection, line.number)).active
            box = wanted.get(line.number)
            given = await self.voicemail.begin_within(
                connection, line, box, forwards=bool(forwards)
            )
            if given and box is not None and box.pin_hash is not None:
                await self.audit.note(
                    connection,
                    line.number,
                    "voicemail PIN set",
                    after=boxes.words(box),
                    origin=BY_SEED,
                )

    def _diversions(self, seed: SeedLine) -> Diversions:
        default = self.profiles.of(seed.line.profile).ring_times.default
        return seed.diversions or Diversions(ring_time_s=default)

    async def _load(self, connection: Connection, block: SeedBlock) -> None:
        """Take what the inventory does not have of a block into it."""
        for first, last in missing(block, await inventory.blocks(connection)):
            await self.numbers.load_within(connection, first, last, origin=BY_SEED)

    async def _logins(self, seed: Seed) -> dict[str, Login]:
        """The logins to be made, by contract: hashing is nothing for a unit of work."""
        named = _named(seed)

        async def lacking(connection: Connection) -> list[str]:
            going = await _marked(connection) - {login.id for login in named.values()}
            having = {contract: await logins.login_of(connection, contract) for contract in named}
            return [each for each, login in having.items() if login is None or login.id in going]

        return {
            contract: await self.selfcare.prepared(
                contract, named[contract].id, named[contract].password
            )
            for contract in await self.database.read(lacking)
        }

    async def _customer(
        self, connection: Connection, seed: SeedCustomer, prepared: Mapping[str, Login]
    ) -> None:
        try:
            await customers.customer(connection, seed.id)
            await _claim(connection, _Kind.CUSTOMER, seed.id, there=True)
        except UnknownCustomer:
            await _claim(connection, _Kind.CUSTOMER, seed.id, there=False)
            new = NewCustomer(
                id=seed.id,
                kind=seed.kind,
                name=seed.name,
                postal_code=seed.postal_code,
                address=seed.address,
                phone=seed.phone,
                mail=seed.mail,
                contact=seed.contact,
                language=seed.language,
            )
            await self.customers.create_within(connection, new, origin=BY_SEED)
        for contract in seed.contracts:
            await self._contract(connection, seed.id, contract)
            await self._login(connection, contract.id, prepared.get(contract.id))

    async def _contract(self, connection: Connection, customer: str, seed: SeedContract) -> None:
        try:
            await customers.contract(connection, seed.id)
            await _claim(connection, _Kind.CONTRACT, seed.id, there=True)
        except UnknownContract:
            await _claim(connection, _Kind.CONTRACT, seed.id, there=False)
            new = NewContract(
                id=seed.id,
                customer=customer,
                plan=seed.plan,
                profile=seed.profile,
                location=seed.location,
                number_cap=seed.number_cap,
            )
            await self.customers.open_within(connection, new, origin=BY_SEED)

    async def _login(
        self, connection: Connection, contract_id: str, prepared: Login | None
    ) -> None:
        """Make the login that was prepared, unless the contract ended or has one meanwhile."""
        contract = await customers.contract(connection, contract_id)
        if prepared is None or contract.status is not ContractStatus.ACTIVE:
            return
        if await logins.login_of(connection, contract_id) is None:
            await _claim(connection, _Kind.LOGIN, prepared.id, there=False)
            await self.selfcare.add_within(connection, prepared, origin=BY_SEED)

    async def _withdraw(self, connection: Connection, named: Collection[str]) -> None:
        """Remove the logins that earlier seeds made and this one does not name."""
        for login in sorted((await _marked(connection)).difference(named)):
            await self.selfcare.remove_within(connection, login, origin=BY_SEED)
            mine = (seed_marks.c.kind == _Kind.LOGIN.value) & (seed_marks.c.id == login)
            await connection.execute(seed_marks.delete().where(mine))


def _named(seed: Seed) -> dict[str, SeedLogin]:
    """The logins of a seed, by contract."""
    contracts = (contract for customer in seed.customers for contract in customer.contracts)
    return {each.id: each.login for each in contracts if each.login is not None}


async def _marked(connection: Connection) -> set[str]:
    """The logins that earlier seeds made."""
    mine = seed_marks.c.kind == _Kind.LOGIN.value
    return set((await connection.execute(select(seed_marks.c.id).where(mine))).scalars())


async def _claim(connection: Connection, kind: _Kind, id: str, *, there: bool) -> None:
    """Note that a seed makes this; `NotOfTheSeed` when it is there and none did."""
    mine = (seed_marks.c.kind == kind.value) & (seed_marks.c.id == id)
    known = (await connection.execute(select(seed_marks.c.id).where(mine))).first()
    if there and known is None:
        raise NotOfTheSeed(
            f"{kind.value} {id} of the seed is there already and no seed made it: "
            "give another id in the seed"
        )
    if known is None:
        await connection.execute(seed_marks.insert(), {"kind": kind.value, "id": id})


async def _begin(connection: Connection, first: Mapping[E164, Diversions]) -> None:
    """Give fresh lines their diversions."""
    if first:
        times = {number: wanted.ring_time_s for number, wanted in first.items()}
        await diversions.begin(connection, times)
    for number, wanted in first.items():
        await diversions.write(connection, number, wanted)


def missing(block: SeedBlock, loaded: Sequence[Block]) -> Iterator[tuple[E164, E164]]:
    """The runs of `block` that none of the loaded ones has, in their order."""
    start, end = int(block.first), int(block.last)
    for other in sorted(loaded, key=lambda each: int(each.first)):
        if int(other.last) < start or int(other.first) > end:
            continue
        if int(other.first) > start:
            yield E164(f"+{start}"), E164(f"+{int(other.first) - 1}")
        start = int(other.last) + 1
    if start <= end:
        yield E164(f"+{start}"), E164(f"+{end}")
