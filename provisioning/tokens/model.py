"""API tokens: what each may do, and for how long."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from provisioning.contract import ContractError

_ID = re.compile(r"T[0-9]{8}|T[1-9][0-9]{8,9}", re.ASCII)


class Scope(StrEnum):
    """What a token may do; `write` of an area includes its `read`."""

    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    LINES_READ = "lines:read"
    LINES_WRITE = "lines:write"
    NUMBERS_READ = "numbers:read"
    NUMBERS_WRITE = "numbers:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    AUDIT_READ = "audit:read"
    CALLS_READ = "calls:read"
    MESSAGES_READ = "messages:read"
    MESSAGES_WRITE = "messages:write"
    MESSAGES_TEXT = "messages:text"
    """To read what waiting messages say; nothing else includes it."""
    VOICEMAIL_READ = "voicemail:read"
    VOICEMAIL_WRITE = "voicemail:write"
    VOICEMAIL_SOUND = "voicemail:sound"
    """To hear messages and greetings; nothing else includes it."""
    EVENTS_READ = "events:read"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"
    TRUNKS_READ = "trunks:read"
    TRUNKS_WRITE = "trunks:write"
    FREEPHONES_READ = "freephones:read"
    FREEPHONES_WRITE = "freephones:write"
    LAB = "lab"


class UnknownToken(ContractError):
    """No such API token."""


class MoreThanOwn(ContractError):
    """A token may not be given a scope that its maker lacks."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token without its secret; times are wall time, UTC epoch seconds.

    `created_by` is who made it, as the audit names callers.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    created_by: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None

    def counts(self, now: float) -> bool:
        """Whether it opens anything at wall time `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token and its secret, which is shown this once."""

    token: ApiToken
    secret: str = field(repr=False)


def covers(held: Collection[str], needed: Scope) -> bool:
    """Whether `held` scopes allow what needs `needed`."""
    area, _, verb = needed.partition(":")
    return needed in held or (verb == "read" and f"{area}:write" in held)


def token_id(row: int) -> str:
    """The name of a token's row: `T00000001`."""
    return f"T{row:08}"


def row_of(name: str) -> int:
    """The row a name stands for; `UnknownToken` when it is none."""
    if not _ID.fullmatch(name):
        raise UnknownToken(f"no API token {name!r}")
    return int(name[1:])
