"""What `/v1/lines` and `/v1/accounts` send and take."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, Strict

from provisioning.api.asking import PLAIN
from provisioning.api.masking import Shown
from provisioning.api.shapes import NUMBER, WRITTEN, Listed, Shape, e164
from provisioning.contract import (
    E164,
    Access,
    Account,
    Binding,
    CarrierProfile,
    Condition,
    ContractKind,
    Diversion,
    Diversions,
    Language,
    Line,
    LineStatus,
    Location,
    NumberDisplay,
    Profile,
)
from provisioning.instants import utc
from provisioning.lines.model import MOST_SOURCES
from provisioning.upkeep.model import (
    PASSWORD_LEAST,
    PASSWORD_MOST,
    USER,
    LineChanges,
    NewAccount,
)

Place = Annotated[str, Field(min_length=1, max_length=40, pattern=PLAIN)]
Kind = Annotated[ContractKind, Strict(False)]
Status = Annotated[LineStatus, Strict(False)]
Tongue = Annotated[Language, Strict(False)]
Options = Annotated[
    list[Annotated[str, Field(max_length=40, pattern=PLAIN)]],
    Field(max_length=20, description="Of those the profile offers.", examples=[["tokutei-notify"]]),
]
Freephone = Annotated[
    str,
    Field(pattern=WRITTEN, description="What calls may show (SHOW-01).", examples=["0120000003"]),
]
Password = Annotated[
    str,
    Field(
        min_length=PASSWORD_LEAST,
        max_length=PASSWORD_MOST,
        pattern=PLAIN,
        description="Absent: it is made up.",
        json_schema_extra={"writeOnly": True},
    ),
]


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
            accounts=[
                AccountShape(user=a.user, access=a.access, sources=list(a.sources))
                for a in accounts
            ],
        )


class AccountShape(Shape):
    """One SIP account."""

    user: str = Field(description="The user part of the AOR.")
    access: Access
    sources: list[str] = Field(description="Networks from where it needs no password (ngn-uni).")


class LinesShape(Listed):
    """A page of lines, by number."""

    items: list[LineShape]


class DiversionShape(Shape):
    """Forwarding on one condition."""

    active: bool
    target: str | None = Field(description=f"{NUMBER}; it stays while forwarding is off.")

    @classmethod
    def of(cls, diversion: Diversion) -> Self:
        """The diversion as it stands."""
        return cls(active=diversion.active, target=diversion.target)


class ForwardingShape(Shape):
    """How a line's calls are forwarded (FWD-05); null where its carrier has no such condition."""

    ring_time_s: int = Field(description="Seconds without an answer until the call is forwarded.")
    always: DiversionShape | None = Field(default=None, description="Every call (CFU).")
    unreachable: DiversionShape | None = Field(
        default=None, description="No phone is registered (CFNRc)."
    )
    busy: DiversionShape | None = Field(default=None, description="The line is busy (CFB).")
    no_answer: DiversionShape | None = Field(
        default=None,
        description="Nobody answers (CFNR); all but rakuten lines count unreachable phones here.",
    )

    @classmethod
    def of(cls, diversions: Diversions, profile: CarrierProfile) -> Self:
        """The diversions as they stand, on the conditions that the profile has."""
        shown = {
            condition: DiversionShape.of(diversions.on(condition))
            for condition in profile.forwarding.precedence
        }
        return cls(
            ring_time_s=diversions.ring_time_s,
            always=shown.get(Condition.CFU),
            unreachable=shown.get(Condition.CFNRC),
            busy=shown.get(Condition.CFB),
            no_answer=shown.get(Condition.CFNR),
        )


class WantedDiversion(Shape):
    """Forwarding on one condition, as it is sent."""

    active: bool
    target: str | None = Field(
        default=None, description=f"{NUMBER}; absent: the one it has, null: none."
    )

    def over(self, before: Diversion) -> Diversion:
        """What the sender wants of a diversion as it stands."""
        if "target" not in self.model_fields_set:
            return Diversion(self.active, before.target)
        return Diversion(self.active, None if self.target is None else E164(self.target))


class WantedForwarding(Shape):
    """How a line's calls are to be forwarded (FWD-05).

    An absent or null condition is off, without a target. On a line with one destination for all
    conditions, one of them names it.
    """

    ring_time_s: int | None = Field(
        default=None,
        description="Seconds without an answer until the call is forwarded; absent: as it is.",
    )
    always: WantedDiversion | None = None
    unreachable: WantedDiversion | None = None
    busy: WantedDiversion | None = None
    no_answer: WantedDiversion | None = None

    def over(self, before: Diversions, profile: CarrierProfile) -> Diversions:
        """What the sender wants of diversions as they stand."""
        given: dict[Condition, WantedDiversion] = {
            on: wanted for on in Condition if (wanted := getattr(self, on.value)) is not None
        }
        named = any(each.target is not None for each in given.values())
        kept = Diversions() if named and profile.forwarding.one_target else before
        seconds = before.ring_time_s if self.ring_time_s is None else self.ring_time_s
        wanted = {on: each.over(kept.on(on)) for on, each in given.items()}
        return Diversions(ring_time_s=seconds).but(wanted)


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
            expires_at=utc(binding.expires_at),
            flow=binding.flow,
            q=binding.q,
            user_agent=binding.user_agent,
        )


class NewLineShape(Shape):
    """What becomes a line (LINE-01); `ma` and `prefecture` are where it is charged from."""

    number: str = Field(pattern=WRITTEN, examples=["0312345678"])
    profile: Annotated[Profile, Strict(False)]
    ma: Place
    prefecture: Place
    kind: Kind = ContractKind.CONSUMER
    status: Status = LineStatus.ACTIVE
    options: Options = Field(default_factory=list)
    freephone: Freephone | None = None
    language: Tongue = Language.JA

    def line(self) -> Line:
        """What the sender wants."""
        return Line(
            number=e164(self.number),
            profile=self.profile,
            location=Location(self.ma, self.prefecture),
            kind=self.kind,
            status=self.status,
            options=frozenset(self.options),
            freephone=e164(self.freephone) if self.freephone else None,
            language=self.language,
        )


class LineChangesShape(Shape):
    """What shall be different; what is absent or null stays.

    Options without `tokutei-notify` take the freephone number along.
    """

    ma: Place | None = None
    prefecture: Place | None = None
    kind: Kind | None = None
    status: Status | None = None
    options: Options | None = None
    freephone: Freephone | None = None
    language: Tongue | None = None

    def changes(self) -> LineChanges:
        """What the sender wants."""
        return LineChanges(
            ma=self.ma,
            prefecture=self.prefecture,
            kind=self.kind,
            status=self.status,
            options=None if self.options is None else frozenset(self.options),
            freephone=e164(self.freephone) if self.freephone else None,
            language=self.language,
        )


class OwnedAccountShape(AccountShape):
    """A SIP account and the line it is of."""

    line: str = Field(description=NUMBER)
    password: Shown = None

    @classmethod
    def of(cls, account: Account) -> Self:
        """The account without its secrets."""
        return cls(
            user=account.user,
            access=account.access,
            sources=list(account.sources),
            line=account.line,
        )

    @classmethod
    def new(cls, made: NewAccount) -> Self:
        """An account whose password was just made."""
        return cls(
            user=made.user,
            access=made.access,
            sources=list(made.sources),
            line=made.line,
            password=made.password,
        )


class AccountsShape(Listed):
    """A page of accounts, by user."""

    items: list[OwnedAccountShape]


class SourcesShape(Shape):
    """From where an account of a line with the option `ngn-uni` needs no password."""

    sources: list[Annotated[str, Field(max_length=60, pattern=PLAIN)]] = Field(
        max_length=MOST_SOURCES,
        description="Addresses or networks; none, and it always needs its password.",
        examples=[["192.0.2.0/29"]],
    )


class NewAccountShape(Shape):
    """What becomes an account of a line."""

    line: str = Field(pattern=WRITTEN, examples=["0312345678"])
    user: str = Field(pattern=USER, description="The user part of its AOR.")
    access: Annotated[Access, Strict(False)] = Access.OS
    password: Password | None = Field(default=None, repr=False)


class PasswordShape(Shape):
    """The password that is wanted."""

    password: Password | None = Field(default=None, repr=False)
