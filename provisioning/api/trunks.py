"""`/v1/trunks`: the carriers that call in, and that numbers go out to."""

from heapq import nsmallest
from operator import attrgetter
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field, Strict

from provisioning.api.asking import PLAIN, After, Asker, Here, Limit
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.line_shapes import RegistrationShape
from provisioning.api.masking import Shown
from provisioning.api.shapes import Listed, Shape
from provisioning.contract import OutOfRange, Trunk, TrunkClass
from provisioning.db.paging import paged
from provisioning.trunks.model import (
    LOGIN,
    MOST_CALLS,
    MOST_PEERS,
    MOST_PREFIXES,
    NAME,
    PASSWORD_LEAST,
    PASSWORD_MOST,
    USER,
    NewTrunk,
    TrunkConflict,
    TrunkExists,
    UnknownTrunk,
)

router = APIRouter(prefix="/v1/trunks", tags=["trunks"], route_class=KeyedRoute)

Name = Annotated[str, Path(pattern=NAME, description="As other-carrier.")]
Peer = Annotated[str, Field(max_length=80, pattern=PLAIN)]
Prefix = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[-+0-9*#]+$")]


class TrunkShape(Shape):
    """Another carrier, as this network knows it."""

    name: str
    caller_class: TrunkClass = Field(description="What its callers are.")
    peers: list[str] = Field(description="Its addresses, in the order they are tried.")
    account: str | None = Field(description="The user it registers as.")
    prefixes: list[str] = Field(description="First digits of the numbers it takes out.")
    trusted: bool = Field(description="Identities are believed from it and told to it.")
    prefecture: str | None = Field(description="Where its callers count as calling from.")
    calls: int = Field(description="The most calls over it at once, both ways together.")
    login: str | None = Field(description="The user we are to its peers.")
    registers: bool = Field(description="We register with its first peer.")
    password: Shown = None

    @classmethod
    def of(cls, trunk: Trunk, password: str | None = None) -> Self:
        """A trunk; with its account's password only when it was just made."""
        return cls(
            name=trunk.name,
            caller_class=trunk.caller_class,
            peers=list(trunk.peers),
            account=trunk.account,
            prefixes=list(trunk.prefixes),
            trusted=trunk.trusted,
            prefecture=trunk.prefecture,
            calls=trunk.calls,
            login=trunk.login,
            registers=trunk.registers,
            password=password,
        )

    @classmethod
    def new(cls, made: NewTrunk) -> Self:
        """A trunk that was just made."""
        return cls.of(made.trunk, made.password)


class TrunksShape(Listed):
    """A page of trunks, by name."""

    items: list[TrunkShape]


class RegistrationsShape(Listed):
    """All the phones, or exchanges, that registered with a trunk's account."""

    items: list[RegistrationShape]


class NewTrunkShape(Shape):
    """What becomes a trunk; it has peers, or an account, or both."""

    name: str = Field(pattern=NAME, examples=["other-carrier"])
    caller_class: Annotated[TrunkClass, Strict(False)]
    peers: list[Peer] = Field(
        default_factory=list,
        max_length=MOST_PEERS,
        description="IP addresses. Datagrams are taken from the port that is given, or any.",
        examples=[["192.0.2.1:5060;transport=udp"]],
    )
    account: str | None = Field(default=None, pattern=USER, examples=["other-carrier"])
    password: str | None = Field(
        default=None,
        min_length=PASSWORD_LEAST,
        max_length=PASSWORD_MOST,
        pattern=PLAIN,
        repr=False,
        description="Of the account; absent: it is made up.",
        json_schema_extra={"writeOnly": True},
    )
    prefixes: list[Prefix] = Field(
        default_factory=list,
        max_length=MOST_PREFIXES,
        description="As dialled in Japan, or with + for other countries. The longest one wins.",
        examples=[["03", "+"]],
    )
    trusted: bool = False
    prefecture: str | None = Field(default=None, min_length=1, max_length=40, pattern=PLAIN)
    calls: int = Field(default=100, ge=1, le=MOST_CALLS)
    login: str | None = Field(
        default=None,
        pattern=LOGIN,
        description="The user we are to its peers, where they ask us for a password.",
    )
    login_password: str | None = Field(
        default=None,
        min_length=1,
        max_length=PASSWORD_MOST,
        pattern=PLAIN,
        repr=False,
        description="Of the login; it is kept sealed, and never shown.",
        json_schema_extra={"writeOnly": True},
    )
    registers: bool = Field(default=False, description="Register with its first peer as the login.")

    def trunk(self) -> Trunk:
        """What the sender wants."""
        return Trunk(
            name=self.name,
            caller_class=self.caller_class,
            peers=tuple(self.peers),
            account=self.account,
            prefixes=tuple(self.prefixes),
            trusted=self.trusted,
            prefecture=self.prefecture,
            calls=self.calls,
            login=self.login,
            registers=self.registers,
        )


@router.get("")
async def list_trunks(office: Here, after: After = "", limit: Limit = 100) -> TrunksShape:
    """Trunks by name, without passwords."""
    behind = (trunk for trunk in office.trunks.all() if trunk.name > after)
    page = paged(nsmallest(limit + 1, behind, attrgetter("name")), limit, attrgetter("name"))
    return TrunksShape(items=[TrunkShape.of(each) for each in page.items], next=page.next)


@router.post("", status_code=201, responses=refusals(OutOfRange, TrunkExists, TrunkConflict))
async def create_trunk(
    office: Here, asker: Asker, response: Response, wanted: NewTrunkShape
) -> TrunkShape:
    """Make a trunk; the password of its account is shown this once."""
    made = await office.trunking.create(
        wanted.trunk(),
        password=wanted.password,
        login_password=wanted.login_password,
        origin=asker,
    )
    response.headers["Location"] = f"/v1/trunks/{made.trunk.name}"
    return TrunkShape.new(made)


def _known(office: Here, name: Name) -> Trunk:
    trunk = office.trunks.of(name)
    if trunk is None:
        raise UnknownTrunk(f"no trunk is called {name}")
    return trunk


Known = Annotated[Trunk, Depends(_known)]


@router.get("/{name}", responses=refusals(UnknownTrunk))
async def show_trunk(trunk: Known) -> TrunkShape:
    """One trunk, without its password."""
    return TrunkShape.of(trunk)


@router.get("/{name}/registrations", responses=refusals(UnknownTrunk))
async def show_registrations(office: Here, trunk: Known) -> RegistrationsShape:
    """Where the trunk's account is registered now; empty for one that is known by its address."""
    found = await office.registrations_of([trunk.account] if trunk.account else [])
    items = [RegistrationShape.of(user, each) for user, bound in found.items() for each in bound]
    return RegistrationsShape(items=items)


@router.delete("/{name}", status_code=204, responses=refusals(UnknownTrunk))
async def remove_trunk(office: Here, asker: Asker, name: Name) -> None:
    """Remove a trunk with its account; calls that go over it now go on."""
    await office.trunking.remove(name, origin=asker)
