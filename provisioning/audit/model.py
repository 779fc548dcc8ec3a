"""One change, as the audit keeps it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Who makes changes and from where: a line or account by telephone, a peer by the API."""

    who: str = ""
    source: str = "telephone"


@dataclass(frozen=True, slots=True)
class Note:
    """What a unit of work did to one subject: a line, number, customer, contract, order or login.

    `before` and `after` are plain words and never hold a secret. `contract` is the one whose own
    log shows the change.
    """

    subject: str
    what: str
    before: str = ""
    after: str = ""
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A note with who made it and when: times are UTC epoch seconds, `id` grows with time."""

    id: int
    subject: str
    what: str
    before: str
    after: str
    who: str
    origin: str
    wall_at: float
    business_at: float
    contract: str | None = None
