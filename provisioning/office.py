"""The office as one thing: storage, areas and clock, opened and closed together."""

import asyncio
import secrets
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from provisioning.audit.store import Audit
from provisioning.billing.book import TariffBook
from provisioning.billing.service import Billing
from provisioning.clock import BusinessClock, StoredClock, Wall, wall_time
from provisioning.contract import E164, Binding, Geography, StorageUnavailable
from provisioning.customers.service import Customers
from provisioning.db.connection import Connection
from provisioning.db.folder_lock import FolderLock
from provisioning.db.migrate import migrate
from provisioning.db.news import Topic
from provisioning.db.unit_of_work import Database
from provisioning.db.watch import Learn, Watch
from provisioning.events import EventHub
from provisioning.forwarding.service import StoredForwarding
from provisioning.freephone.control import Control
from provisioning.freephone.counting import UsageCounts
from provisioning.freephone.service import Freephones
from provisioning.freephone.sessions import ControlSessions, Lives
from provisioning.lines.sealing import Seal
from provisioning.lines.service import Lines
from provisioning.lines.store import MemoryDirectory
from provisioning.messages.model import Limits as MessageLimits
from provisioning.messages.service import StoredMessages
from provisioning.notify.caught import CaughtMails
from provisioning.notify.mails import Mails
from provisioning.notify.outbox import Outbox
from provisioning.numbers.service import Numbers
from provisioning.orders.placing import OrderDesk
from provisioning.orders.service import Orders
from provisioning.presentation.service import StoredPresentation
from provisioning.profiles.store import ProfileFiles
from provisioning.records.service import StoredRecords
from provisioning.seeding import Seeding
from provisioning.seeds import Seed, SeedLine
from provisioning.selfcare.model import Limits
from provisioning.selfcare.service import SelfCare
from provisioning.snapshots.service import Snapshots
from provisioning.tokens.answers import Answers
from provisioning.tokens.service import Tokens
from provisioning.trunks.bindings import AllBindings
from provisioning.trunks.memory import MemoryTrunks
from provisioning.trunks.service import StoredTrunks
from provisioning.upkeep.service import Upkeep
from provisioning.voicemail.model import Limits as VoicemailLimits
from provisioning.voicemail.service import StoredMailboxes

DATABASE_FILE = "tokuban.sqlite3"


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """Where the office keeps its data.

    `database`: `postgresql://…`, or None for SQLite in `data`. `key`: the key of the stored
    HA1 values, or None for the file in `data`. `realm`: the digest realm of every account.
    `wait_s`: seconds to wait for a locked database. `support`: the contact that a customer is told
    whose order is refused. `server`: where phones register, as a letter says it. `selfcare`: lives,
    tries and delays of the self-care login. `records_days`: how long call records are kept.
    `messages`: how much is kept of messages, and for how long. `geography`: the areas there are.
    `voicemail`: what it asks of the disk.
    """

    data: Path
    realm: str
    database: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    wait_s: float = 3.0
    support: str = "support@tokuban.example"
    server: str = ""
    selfcare: Limits = field(default_factory=Limits)
    records_days: int = 366
    messages: MessageLimits = field(default_factory=MessageLimits)
    geography: Geography = field(default=Geography({}, {}), repr=False)
    voicemail: VoicemailLimits = field(default_factory=VoicemailLimits)
    tariffs: Path | None = None

    @property
    def url(self) -> str:
        """The database's address."""
        return self.database or f"sqlite:///{self.data.absolute() / DATABASE_FILE}"


class Office:
    """Everything telephony and the API ask of the office; make one with `Office.open`."""

    directory: MemoryDirectory
    events: EventHub
    records: StoredRecords
    messages: StoredMessages
    bindings: AllBindings
    forwarding: StoredForwarding
    presentation: StoredPresentation
    freephones: Freephones
    control: Control
    control_sessions: ControlSessions
    usage: UsageCounts
    profiles: ProfileFiles
    clock: BusinessClock
    audit: Audit
    customers: Customers
    numbers: Numbers
    orders: Orders
    selfcare: SelfCare
    snapshots: Snapshots
    tokens: Tokens
    answers: Answers
    upkeep: Upkeep
    trunking: StoredTrunks
    trunks: MemoryTrunks
    voicemail: StoredMailboxes
    billing: Billing

    def __init__(self, database: Database, settings: OfficeSettings, wall: Wall) -> None:
        self._database, self._wall = database, wall
        self._held = ExitStack()
        seal = _seal(settings)
        self._lines = Lines(database, seal, settings.realm)
        self.directory = self._lines.directory
        self.profiles = ProfileFiles.load()
        self.clock = BusinessClock(StoredClock(database), wall)
        self.clock.watchers.append(self._tell_time)
        self.events = EventHub(secrets.token_hex(4), self.clocks)
        self.audit = Audit(database, self.clocks, self.events)
        self._serve_calls(settings, seal)
        self._keep_voices(settings)
        self._serve_customers(settings, seal)
        self.orders = self._take_orders(seal, settings)
        self._seeding = self._take_seeds()
        self._watch = self._watch_nodes()

    def _serve_calls(self, settings: OfficeSettings, seal: Seal) -> None:
        """What telephony asks for, and what it leaves behind."""
        database = self._database
        self.records = StoredRecords(
            database, settings.data, self.clock.seconds, settings.records_days
        )
        self.clock.does(self.records)
        self.freephones = Freephones(
            database, settings.geography, self._lines, self.audit, self.clocks
        )
        self.control = Control(database, self.freephones.fees, self.audit, self.clock.seconds)
        login = settings.selfcare
        lives = Lives(login.idle_s, login.life_s, login.touch_s)
        self.control_sessions = ControlSessions(
            database, self.freephones, self.audit, self._wall, lives
        )
        self.usage = UsageCounts(database, self.freephones)
        self.billing = Billing(
            database,
            self.directory,
            self.profiles,
            self.freephones,
            TariffBook.load(settings.tariffs),
            self.events,
        )
        self.records.watchers.append(self.billing.wake)
        self.messages = StoredMessages(database, seal, self.clocks, self.events, settings.messages)
        self.clock.does(self.messages)
        self.trunking = StoredTrunks(database, self._lines, seal, settings.realm, self.audit)
        self.trunks = self.trunking.memory
        self.bindings = AllBindings(database, self.trunks)
        self.forwarding = StoredForwarding(database, self.directory, self.profiles, self.audit)
        self.directory.removal_watchers.append(self.forwarding.forget)
        self.presentation = StoredPresentation(database, self.directory, self.audit)

    def _keep_voices(self, settings: OfficeSettings) -> None:
        """What callers leave, and the snapshots that have its sound."""
        database = self._database
        self.voicemail = StoredMailboxes(
            database,
            settings.data,
            self.directory,
            self.profiles,
            self.audit,
            self.clock.seconds,
            settings.voicemail,
        )
        self.clock.does(self.voicemail)
        self.snapshots = Snapshots(
            database, settings.data, self.clocks, self._check_loaded, self.voicemail.copies
        )
        self.directory.removal_watchers.append(self.voicemail.forget)
        self.forwarding.rivals["voicemail"] = self.voicemail.stop_within
        self.voicemail.excludes_forwarding(self.forwarding.stop_within)

    def _serve_customers(self, settings: OfficeSettings, seal: Seal) -> None:
        """Who has what, who may do what, and what they are told."""
        database, wall = self._database, self._wall
        self.tokens = Tokens(database, self.audit, wall)
        self.answers = Answers(database, seal.fingerprint, wall)
        self.upkeep = Upkeep(
            database,
            self._lines,
            self.profiles,
            self.audit,
            self.voicemail,
            settings.geography,
        )
        self.outbox = Outbox(database, seal, wall)
        self.mails = Mails(self.outbox)
        self.caught = CaughtMails(database, seal, wall)
        self.customers = Customers(database, self.audit, settings.geography)
        self.numbers = Numbers(database, self.audit, self.clock.seconds)
        self.clock.does(self.numbers)
        self.selfcare = SelfCare(
            database, self.audit, self.mails, wall, self.clock.seconds, settings.selfcare
        )
        self.clock.does(self.selfcare)

    def _watch_nodes(self) -> Watch:
        learn: dict[Topic, Learn] = {
            Topic.LINES: self._lines.learn,
            Topic.FORWARDING: self.forwarding.learn,
            Topic.TRUNKS: lambda _names: self.trunking.refresh(),
            Topic.FREEPHONES: self.freephones.learn,
            Topic.VOICEMAIL: self.voicemail.learn,
            Topic.CLOCK: lambda _: self.clock.load(),
        }
        return Watch(self._database, learn, self.refresh)

    def _take_seeds(self) -> Seeding:
        return Seeding(
            database=self._database,
            audit=self.audit,
            lines=self._lines,
            forwarding=self.forwarding,
            profiles=self.profiles,
            customers=self.customers,
            numbers=self.numbers,
            selfcare=self.selfcare,
            trunks=self.trunking,
            voicemail=self.voicemail,
            freephones=self.freephones,
        )

    def _take_orders(self, seal: Seal, settings: OfficeSettings) -> Orders:
        return Orders(
            OrderDesk(
                database=self._database,
                lines=self._lines,
                profiles=self.profiles,
                audit=self.audit,
                seal=seal,
                clock=self.clock.seconds,
                support=settings.support,
                server=settings.server,
                mails=self.mails,
            )
        )

    @classmethod
    async def open(cls, settings: OfficeSettings, *, wall: Wall = wall_time) -> Self:
        """Open the storage, bring its schema up to date and read the directory.

        Raises:
            StorageUnavailable: the database cannot be reached, or another program holds it or
                the data folder.
            SchemaTooNew: a newer program wrote the data.
            WrongKey: the stored passwords were sealed with another key.
            BadDatabaseUrl, BadProfile, BadTariff: a setting, a profile or a tariff file is wrong.
        """
        with ExitStack() as held:
            await asyncio.to_thread(_prepare_folder, settings, held)
            database = Database.at(settings.url, wait_s=settings.wait_s)
            try:
                await migrate(database)
                office = cls(database, settings, wall)
                await office.refresh()
                await office.records.inherit()
                await office.voicemail.open()
                office.billing.start()
                office.clock.start()
                office._watch.start()
            except BaseException:
                await database.close()
                raise
            office._held = held.pop_all()
        return office

    async def seed(self, seeds: Sequence[SeedLine]) -> None:
        """Make the seeded lines what `seeds` says; what their users have set stays.

        The same seed again changes nothing; a changed password counts at once. A line of an
        earlier seed that `seeds` leaves out loses its accounts, until a seed names it again.
        """
        await self._seeding.of_lines(seeds)

    async def plant(self, seed: Seed) -> None:
        """Make blocks, customers, contracts, logins and lines what a whole seed says.

        The same seed again changes nothing, and no seed changes what people have set.
        """
        await self._seeding.everything(seed)

    async def _check_loaded(self, connection: Connection) -> None:
        """Of a loaded snapshot: its secrets open, and no mail goes a second time."""
        await self._lines.check_key(connection)
        await self.trunking.check_key(connection)
        await self.outbox.doubt(connection)

    def clocks(self) -> tuple[float, float]:
        """(wall time, business time), UTC epoch seconds."""
        return self._wall(), self.clock.seconds()

    def _tell_time(self) -> None:
        frozen = self.clock.state.frozen_at is not None
        shown = self.clock.now().isoformat(timespec="seconds")
        self.events.tell("clock.changed", now=shown, state="frozen" if frozen else "running")

    async def registrations(self, line: E164) -> Mapping[str, tuple[Binding, ...]]:
        """The bindings of a line's accounts that have not expired, by user."""
        return await self.registrations_of([a.user for a in self.directory.accounts_of(line)])

    async def registrations_of(self, users: Sequence[str]) -> Mapping[str, tuple[Binding, ...]]:
        """The bindings of these users, of lines or trunks, that have not expired."""
        now = self._wall()
        return {
            user: tuple(binding for binding in bindings if binding.expires_at > now)
            for user, bindings in (await self.bindings.of(users)).items()
        }

    async def registered(self, lines: Collection[E164]) -> frozenset[E164]:
        """Those of `lines` at which a phone is registered now."""
        line_of = {a.user: line for line in lines for a in self.directory.accounts_of(line)}
        now = self._wall()
        return frozenset(
            line_of[user]
            for user, bindings in (await self.bindings.of(list(line_of))).items()
            if any(binding.expires_at > now for binding in bindings)
        )

    async def refresh(self) -> None:
        """Read anew what memory holds, after the rows were changed by others or replaced."""
        await self.forwarding.refresh()
        await self._lines.refresh()
        await self.trunking.refresh()
        await self.freephones.refresh()
        await self.voicemail.refresh()
        await self.clock.load()
        self.billing.wake()

    async def close(self) -> None:
        """Finish every save that waits and close the storage."""
        await self._watch.close()
        await self.clock.close()
        self.events.close()
        await self.records.close()
        await self.billing.close()
        await self.voicemail.close()
        await self.orders.close()
        await self.bindings.close()
        await self.outbox.stop()
        self.selfcare.close()
        await self._database.close()
        self._held.close()


def _prepare_folder(settings: OfficeSettings, held: ExitStack) -> None:
    """Make the folder, and in it the database file, readable by its owner alone.

    A folder with the database in it is locked until `held` closes; a server's is shared.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data):
            pass
        if settings.database is None:
            held.callback(FolderLock.take(settings.data).release)
            (settings.data / DATABASE_FILE).touch(mode=0o600)
    except OSError as error:
        raise StorageUnavailable(
            f"the data folder {settings.data} cannot be written ({error.strerror}): "
            "make it writable or choose another"
        ) from error


def _seal(settings: OfficeSettings) -> Seal:
    if settings.key is not None:
        return Seal(settings.key, "the key setting")
    return Seal.from_file(settings.data)
