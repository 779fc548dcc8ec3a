"""What a seed file describes: blocks, customers and lines that exist from the start."""

from dataclasses import dataclass, field

from provisioning.contract import (
    E164,
    Access,
    Condition,
    ContractKind,
    Diversions,
    Freephone,
    Greeting,
    Language,
    Line,
    Location,
    Profile,
    Trunk,
)


@dataclass(frozen=True, slots=True)
class SeedAccount:
    """A SIP account with its password in the clear: it lives only until it is seeded."""

    user: str
    access: Access
    password: str = field(repr=False)
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedVoicemail:
    """A box as its owner finds it on the first day; its PIN in the clear.

    `conditions` None: those of the profile; `ring_time_s` None: the profile's.
    """

    conditions: frozenset[Condition] | None = None
    ring_time_s: int | None = None
    greeting: Greeting = Greeting.NUMBER
    pin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SeedLine:
    """A line, all of its accounts, and how its user finds it set on its first day.

    `diversions` None: off, with the profile's ring time. `shows_freephone`: 特定番号通知 is on.
    `voicemail` None: as the profile has it, where the line contracted it at all.
    """

    line: Line
    accounts: tuple[SeedAccount, ...]
    diversions: Diversions | None = None
    shows_freephone: bool = False
    voicemail: SeedVoicemail | None = None


@dataclass(frozen=True, slots=True)
class SeedLogin:
    """A self-care login with its password in the clear."""

    id: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SeedContract:
    """A contract, and its self-care login when it has one."""

    id: str
    plan: str
    profile: Profile
    location: Location
    number_cap: int
    login: SeedLogin | None = None


@dataclass(frozen=True, slots=True)
class SeedCustomer:
    """A customer and its contracts; `id` is as C00000001."""

    id: str
    kind: ContractKind
    name: str
    postal_code: str
    address: str
    phone: str
    mail: str
    contact: str = ""
    language: Language = Language.JA
    contracts: tuple[SeedContract, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedBlock:
    """A run of 050 numbers in the inventory, `last` included."""

    first: E164
    last: E164


@dataclass(frozen=True, slots=True)
class SeedTrunk:
    """A trunk; with the passwords of its account and of its login when it has them."""

    trunk: Trunk
    password: str | None = field(default=None, repr=False)
    login_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SeedFreephone:
    """A freephone number as it is set up at first, and the contract that pays for it."""

    freephone: Freephone
    contract: str


@dataclass(frozen=True, slots=True)
class Seed:
    """A whole seed file."""

    lines: tuple[SeedLine, ...]
    customers: tuple[SeedCustomer, ...] = ()
    blocks: tuple[SeedBlock, ...] = ()
    trunks: tuple[SeedTrunk, ...] = ()
    freephones: tuple[SeedFreephone, ...] = ()
