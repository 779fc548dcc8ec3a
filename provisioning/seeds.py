"""What a seed brings: lines with their SIP accounts, passwords still in the clear."""

from dataclasses import dataclass, field

from provisioning.contract import Access, Line


@dataclass(frozen=True, slots=True)
class SeedAccount:
    """One SIP account to be; only its HA1 is ever stored."""

    user: str
    access: Access
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SeedLine:
    """A line and the accounts that register for it."""

    line: Line
    accounts: tuple[SeedAccount, ...]
