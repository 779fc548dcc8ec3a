"""A self-care login for tests: clocks that are turned, and mails that are read at once."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import event

from provisioning.audit.model import Change, Origin
from provisioning.audit.store import Audit
from provisioning.contract import ContractKind, Language, Location, Profile
from provisioning.customers.model import NewContract, NewCustomer
from provisioning.customers.service import Customers
from provisioning.db.connection import Connection
from provisioning.db.migrate import migrate
from provisioning.db.unit_of_work import Database, once_durable
from provisioning.selfcare.model import Limits, Session, TooManyTries, WrongCode
from provisioning.selfcare.service import SelfCare

START = 1_784_937_600.0
OPERATOR = Origin("operator", "test")
CUSTOMER = Origin("demo-login", "portal")
HOME, STRANGER = "192.0.2.10", "198.51.100.66"
ID, PASSWORD = "demo-login", "right-password-1"
OTHER_ID, OTHER_PASSWORD = "other-login", "other-password-2"
MAIL, OTHER_MAIL = "owner@customer.example", "other@customer.example"
LIMITS = Limits()


class Mailed(NamedTuple):
    """A mail as its reader sees it."""

    kind: str
    to: str
    language: Language
    text: str


class MemoryLetterbox:
    """Mails that arrive as soon as their unit of work is durable."""

    def __init__(self) -> None:
        self.mails: list[Mailed] = []

    async def code(
        self, connection: Connection, to: str, language: Language, code: str, minutes: int
    ) -> None:
        """A code arrives."""
        self._arrive(connection, Mailed("code", to, language, f"{code}, {minutes} minutes"))

    async def new_address_code(
        self, connection: Connection, to: str, language: Language, code: str, minutes: int
    ) -> None:
        """A code arrives at the new address."""
        self._arrive(connection, Mailed("new address", to, language, f"{code}, {minutes} minutes"))

    async def password_changed(self, connection: Connection, to: str, language: Language) -> None:
        """The warning of another password arrives."""
        self._arrive(connection, Mailed("password changed", to, language, ""))

    async def mail_changed(
        self, connection: Connection, to: str, language: Language, new: str
    ) -> None:
        """The warning of another address arrives at the old one."""
        self._arrive(connection, Mailed("mail changed", to, language, new))

    @property
    def code_seen(self) -> str:
        """The latest code that arrived."""
        codes = (mail for mail in reversed(self.mails) if mail.kind in ("code", "new address"))
        return next(codes).text[:6]

    def _arrive(self, connection: Connection, mail: Mailed) -> None:
        once_durable(connection, lambda: self.mails.append(mail))


@dataclass
class Counter:
    """A self-care desk: two contracts with a login each, and time in the test's hand."""

    database: Database
    wall: float = START
    business: float = START
    letterbox: MemoryLetterbox = field(default_factory=MemoryLetterbox)
    limits: Limits = LIMITS
    contracts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.audit = Audit(self.database, lambda: (self.wall, self.business))
        self.customers = Customers(self.database, self.audit)
        self.selfcare = SelfCare(
            self.database,
            self.audit,
            self.letterbox,
            wall=lambda: self.wall,
            business=lambda: self.business,
            limits=self.limits,
        )

    def passes(self, seconds: float) -> None:
        """Time goes by on both clocks."""
        self.wall += seconds
        self.business += seconds

    async def prepare(self) -> None:
        """Two customers, a contract and a login each, unless they are there."""
        self.contracts = [found.id for found in (await self.customers.contracts()).items]
        if self.contracts:
            return
        for mail, login, password in (
            (MAIL, ID, PASSWORD),
            (OTHER_MAIL, OTHER_ID, OTHER_PASSWORD),
        ):
            customer = await self.customers.create(new_customer(mail), origin=OPERATOR)
            contract = await self.customers.open_contract(
                NewContract(customer.id, "standard", Profile.NTT, Location("東京", "東京都")),
                origin=OPERATOR,
            )
            await self.selfcare.create(
                contract.id, selfcare_id=login, password=password, origin=OPERATOR
            )
            self.contracts.append(contract.id)

    async def log_in(self, address: str = HOME, device: str = "") -> tuple[str, Session]:
        """The whole login of the first contract's owner."""
        ticket = await self.selfcare.begin(ID, PASSWORD, address=address, device=device)
        return await self.selfcare.finish(
            ticket.value, self.letterbox.code_seen, address=address, device=device
        )

    async def try_password(
        self, password: str, address: str = STRANGER, login: str = ID, device: str = ""
    ) -> bool:
        """Whether the try was taken; what it led to nobody learns."""
        try:
            await self.selfcare.begin(login, password, address=address, device=device)
        except TooManyTries:
            return False
        return True

    async def refused(self, ticket: str, code: str) -> int:
        """The tries left after a wrong code."""
        try:
            await self.selfcare.finish(ticket, code, address=HOME)
        except WrongCode as error:
            return error.tries_left
        raise AssertionError("the code was taken")

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements that the database is sent meanwhile."""
        seen: list[str] = []

        def note(*arguments: Any) -> None:
            seen.append(str(arguments[2]))

        engines = {lane.engine for lane in (self.database._reader, self.database._writer)}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)

    async def told(self) -> list[Change]:
        """What the audit knows of the first contract, oldest first."""
        return list(reversed(await self.audit.of_contract(self.contracts[0])))


def new_customer(mail: str) -> NewCustomer:
    """A consumer with this mail address."""
    return NewCustomer(
        ContractKind.CONSUMER, "特番太郎", "100-0001", "東京都千代田区1-1", "03-1234-5678", mail
    )


def wrong(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


@asynccontextmanager
async def open_counter(url: str, limits: Limits = LIMITS) -> AsyncIterator[Counter]:
    """A counter on a database that is empty or was prepared before; closed at the end."""
    database = Database.at(url)
    counter = Counter(database, limits=limits)
    try:
        await migrate(database)
        await counter.prepare()
        yield counter
    finally:
        counter.selfcare.close()
        await database.close()
