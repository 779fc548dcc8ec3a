"""One change of a setting, as the audit keeps it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Who makes changes and from where: a line or account by telephone, a peer by the API."""

    who: str = ""
    source: str = "telephone"


@dataclass(frozen=True, slots=True)
class Change:
    """A setting's change; `before` and `after` are plain words, times UTC epoch seconds."""

    line: str
    what: str
    before: str
    after: str
    who: str
    origin: str
    wall_at: float
    business_at: float
