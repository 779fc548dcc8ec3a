"""Make what a seed describes; what people have changed since stays (LAB-03)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from provisioning import passwords
from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import E164, ContractError, Diversions
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
from provisioning.lines.service import Lines
from provisioning.numbers.model import Block
from provisioning.numbers.service import Numbers
from provisioning.presentation import store as displays
from provisioning.presentation.model import shown_freephone
from provisioning.profiles.store import ProfileFiles
from provisioning.seeds import Seed, SeedBlock, SeedContract, SeedCustomer, SeedLine
from provisioning.selfcare.service import SelfCare
from provisioning.trunks.service import StoredTrunks
from provisioning.upkeep.seeded import notes
from provisioning.voicemail import model as boxes
from provisioning.voicemail.model import Box
from provisioning.voicemail.service import StoredMailboxes

BY_SEED = Origin("seed", "seed file")
"""Who made what the audit says a seed made."""


class NotOfTheSeed(ContractError):
    """The office made a customer or contract with the id that the seed wants to give."""


class _Kind(StrEnum):
    CUSTOMER = "customer"
    CONTRACT = "contract"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Seeding:
    """The services that a seed goes through; seeding the same again changes nothing."""

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

    async def everything(self, seed: Seed) -> None:
        """Make blocks, customers, lines and trunks what `seed` says.

        A customer, contract or login is made once, and is the office's from then on. A login
        that an earlier seed made and this one leaves out is gone with its password.

        Raises:
            ContractError: the seed contradicts what is there; what it made so far stays.
        """
        await self.of_lines(seed.lines)
        await self.trunks.seed(seed.trunks, origin=BY_SEED)
        await self._withdraw(seed.customers)
        for block in seed.blocks:
            await self._load(block)
        for customer in seed.customers:
            await self._customer(customer)

    async def of_lines(self, seeds: Sequence[SeedLine]) -> None:
        """Make the seeded lines what `seeds` says; what their users have set stays.

        A changed password counts at once. A line of an earlier seed that `seeds` leaves out
        loses its accounts, until a seed names it again.
        """
        first = {seed.line.number: self._diversions(seed) for seed in seeds}
        wanted = await self._first_boxes(seeds)

        async def work(connection: Connection) -> None:
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
                    await displays.contract(
                        connection, line.number, shown, active=active[line.number]
                    )
            await self._give_boxes(connection, seeds, wanted)

        await self.database.write(work, alone=True)
        await self.forwarding.refresh()
        await self.lines.refresh()
        await self.voicemail.refresh()
        await self.voicemail.tidy()

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
            await self.voicemail.begin_within(
                connection, line, wanted.get(line.number), forwards=bool(forwards)
            )

    def _diversions(self, seed: SeedLine) -> Diversions:
        default = self.profiles.of(seed.line.profile).ring_times.default
        return seed.diversions or Diversions(ring_time_s=default)

    async def _load(self, block: SeedBlock) -> None:
        """Take what the inventory does not have of a block into it."""
        for first, last in missing(block, await self.numbers.blocks()):
            await self.numbers.load_block(first, last, origin=BY_SEED)

    async def _customer(self, seed: SeedCustomer) -> None:
        try:
            await self.customers.get(seed.id)
            await self._claim(_Kind.CUSTOMER, seed.id, there=True)
        except UnknownCustomer:
            await self._claim(_Kind.CUSTOMER, seed.id, there=False)
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
            await self.customers.create(new, origin=BY_SEED)
        for contract in seed.contracts:
            await self._contract(seed.id, contract)

    async def _contract(self, customer: str, seed: SeedContract) -> None:
        try:
            contract = await self.customers.contract(seed.id)
            await self._claim(_Kind.CONTRACT, seed.id, there=True)
        except UnknownContract:
            await self._claim(_Kind.CONTRACT, seed.id, there=False)
            new = NewContract(
                id=seed.id,
                customer=customer,
                plan=seed.plan,
                profile=seed.profile,
                location=seed.location,
                number_cap=seed.number_cap,
            )
            contract = await self.customers.open_contract(new, origin=BY_SEED)
        if contract.status is ContractStatus.ACTIVE:
            await self._login(seed)

    async def _login(self, seed: SeedContract) -> None:
        if seed.login is None or await self.selfcare.of_contract(seed.id) is not None:
            return
        await self._claim(_Kind.LOGIN, seed.login.id, there=False)
        await self.selfcare.create(
            seed.id,
            selfcare_id=seed.login.id,
            password=seed.login.password,
            origin=BY_SEED,
        )

    async def _claim(self, kind: _Kind, id: str, *, there: bool) -> None:
        """Note that a seed makes this; `NotOfTheSeed` when it is there and none did.

        It is noted first: whoever ends this program in between leaves nothing unclaimed.
        """

        async def work(connection: Connection) -> None:
            mine = (seed_marks.c.kind == kind.value) & (seed_marks.c.id == id)
            known = (await connection.execute(select(seed_marks.c.id).where(mine))).first()
            if there and known is None:
                raise NotOfTheSeed(
                    f"{kind.value} {id} of the seed is there already and no seed made it: "
                    "give another id in the seed"
                )
            if known is None:
                postgres = connection.dialect.name == "postgresql"
                insert = (postgresql if postgres else sqlite).insert(seed_marks)
                row = {"kind": kind.value, "id": id}
                await connection.execute(insert.values(row).on_conflict_do_nothing())

        await self.database.write(work)

    async def _withdraw(self, present: Sequence[SeedCustomer]) -> None:
        """Remove the logins that earlier seeds made and this one does not name."""
        named = {
            contract.login.id
            for customer in present
            for contract in customer.contracts
            if contract.login is not None
        }

        async def marked(connection: Connection) -> set[str]:
            mine = seed_marks.c.kind == _Kind.LOGIN.value
            return set((await connection.execute(select(seed_marks.c.id).where(mine))).scalars())

        for login in sorted(await self.database.read(marked) - named):
            await self.selfcare.remove(login, origin=BY_SEED)
            await self._disclaim(_Kind.LOGIN, login)

    async def _disclaim(self, kind: _Kind, id: str) -> None:
        mine = (seed_marks.c.kind == kind.value) & (seed_marks.c.id == id)
        await self.database.write(
            lambda connection: connection.execute(seed_marks.delete().where(mine))
        )


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
