"""One change, as the audit keeps it."""

from dataclasses import dataclass

STRANGER = "unknown"
"""Who acted where nobody proved to be anybody: a wrong password names its victim at most."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who makes changes and from where: a line or account by telephone, a peer by the API.

    An empty `who` is the subject itself; who that is must have been proven, else it is `STRANGER`.
    """

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


EVENTS = {"numbers ordered": "order.placed", "number cancelled": "number.cancelled"}
"""What of the audit is told as an event, and of which kind."""

FORWARDING = ("forwarding ", "ring time ")
"""How everything begins that changes where a line's calls go."""

VOICEMAIL = ("voicemail ", "voice message ")
"""The same of what changes a box, or what is in it."""


def event_kind(what: str) -> str | None:
    """The kind of event that a note is; None when nobody is told."""
    if what.startswith(FORWARDING):
        return "forwarding.changed"
    return "voicemail.changed" if what.startswith(VOICEMAIL) else EVENTS.get(what)


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
