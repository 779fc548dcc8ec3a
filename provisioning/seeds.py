"""Lines as a seed file describes them."""

from dataclasses import dataclass, field

from provisioning.contract import Access, Line


@dataclass(frozen=True, slots=True)
class SeedAccount:
    """A SIP account with its password in the clear: it lives only until it is seeded."""

    user: str
    access: Access
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SeedLine:
    """A line and all of its accounts."""

    line: Line
    accounts: tuple[SeedAccount, ...]
