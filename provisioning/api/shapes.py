"""What `/v1` sends and takes."""

from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from provisioning.audit.model import Change
from provisioning.contract import (
    E164,
    Access,
    Account,
    Binding,
    ContractKind,
    Diversion,
    Language,
    Line,
    LineStatus,
    NumberDisplay,
    Profile,
)

NUMBER = "E.164, as +81312345678"


class Shape(BaseModel):
    """An object of the API: every member is known and has its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Listed(Shape):
    """A page of a list; its `items` are in the order of what `after` names."""

    next: str | None = Field(default=None, description="Give it as `after` for the next page.")


def instant(seconds: float) -> datetime:
    """UTC epoch seconds as a date and time."""
    return datetime.fromtimestamp(seconds, UTC)


def maybe_instant(seconds: float | None) -> datetime | None:
    """The same for an instant that there may be none of."""
    return None if seconds is None else instant(seconds)


class LineShape(Shape):
    """A subscriber's line (LINE-01)."""

    number: str = Field(description=NUMBER)
    profile: Profile
    ma: str
    prefecture: str
    kind: ContractKind
    status: LineStatus
    options: list[str]
    freephone: str | None = Field(description=NUMBER)
    language: Language
    accounts: list["AccountShape"]

    @classmethod
    def of(cls, line: Line, accounts: tuple[Account, ...]) -> Self:
        """The line with its accounts, without their secrets."""
        return cls(
            number=line.number,
            profile=line.profile,
            ma=line.location.ma,
            prefecture=line.location.prefecture,
            kind=line.kind,
            status=line.status,
            options=sorted(line.options),
            freephone=line.freephone,
            language=line.language,
            accounts=[AccountShape(user=a.user, access=a.access) for a in accounts],
        )


class AccountShape(Shape):
    """One SIP account."""

    user: str = Field(description="The user part of the AOR.")
    access: Access


class LinesShape(Listed):
    """A page of lines, by number."""

    items: list[LineShape]


class ForwardingShape(Shape):
    """The diversion of a line."""

    active: bool
    target: str | None = Field(description=f"{NUMBER}; it stays while forwarding is off.")
    ring_time_s: int = Field(description="Seconds without an answer until the call is forwarded.")

    @classmethod
    def of(cls, diversion: Diversion) -> Self:
        """The diversion as it stands."""
        return cls(
            active=diversion.active, target=diversion.target, ring_time_s=diversion.ring_time_s
        )

    def diversion(self) -> Diversion:
        """What the sender wants."""
        return Diversion(self.active, E164(self.target) if self.target else None, self.ring_time_s)


class PresentationShape(Shape):
    """特定番号通知: the contracted number and whether calls show it (SHOW-01)."""

    number: str | None = Field(description=f"{NUMBER}; null when not contracted.")
    active: bool

    @classmethod
    def of(cls, display: NumberDisplay) -> Self:
        """The display as it stands."""
        return cls(number=display.number, active=display.active)


class PresentationSwitch(Shape):
    """Whether calls show the contracted number."""

    active: bool


class RegistrationShape(Shape):
    """A phone that registered (RFC 3261 §10.3)."""

    user: str
    contact: str
    expires_at: datetime
    flow: str
    q: float
    user_agent: str

    @classmethod
    def of(cls, user: str, binding: Binding) -> Self:
        """One binding of an account."""
        return cls(
            user=user,
            contact=binding.contact,
            expires_at=instant(binding.expires_at),
            flow=binding.flow,
            q=binding.q,
            user_agent=binding.user_agent,
        )


class ChangeShape(Shape):
    """Who changed a setting, when on both clocks, and from where."""

    what: str
    before: str
    after: str
    who: str
    origin: str
    wall_at: datetime
    business_at: datetime

    @classmethod
    def of(cls, change: Change) -> Self:
        """One audit row."""
        return cls(
            what=change.what,
            before=change.before,
            after=change.after,
            who=change.who,
            origin=change.origin,
            wall_at=instant(change.wall_at),
            business_at=instant(change.business_at),
        )
