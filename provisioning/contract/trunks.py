"""Other carriers: who calls in from them, and which numbers go out to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from provisioning.contract.names import E164


class TrunkClass(StrEnum):
    """What kind of telephone calls in over a trunk; some may not call everything (FREE-02)."""

    FIXED = "fixed"
    MOBILE = "mobile"
    PHS = "phs"
    IP_PHONE = "ip-phone"
    INTERNATIONAL = "international"
    PAYPHONE = "payphone"
    SATELLITE = "satellite"


@dataclass(frozen=True, slots=True)
class Trunk:
    """Another carrier: a SIP peer that calls in, and takes calls out.

    Attributes:
        caller_class: what its callers are, unless a call says that it comes from a payphone.
        peers: its addresses in the order they are tried, as `192.0.2.1:5060;transport=udp`.
        account: the user it registers as instead, for a peer without an address of its own.
        prefixes: first digits of the numbers it takes out, as dialled in Japan (`0`, `03`), or
            with `+` for numbers abroad.
        trusted: whether identities are believed from it and told to it (RFC 3325 §2.4).
        prefecture: where its callers count as calling from, as 東京都; None when unknown.
        calls: the most calls over it at once, both ways together.
        login: the user we are to its peers, where they ask us for a password.
        registers: we register with its first peer as that user.
    """

    name: str
    caller_class: TrunkClass
    peers: tuple[str, ...] = ()
    account: str | None = None
    prefixes: tuple[str, ...] = ()
    trusted: bool = False
    prefecture: str | None = None
    calls: int = 100
    login: str | None = None
    registers: bool = False


@dataclass(frozen=True, slots=True)
class TrunkAccount:
    """The SIP account a trunk registers and calls in with; HA1 as hex, by digest algorithm."""

    user: str
    trunk: str
    ha1: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrunkLogin:
    """Who we are to a trunk's peers. A challenge names its realm first, so it takes the password
    itself, which is sealed at rest and shown to nobody."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrunkCaller:
    """Who calls in over a trunk, as the trunk says it.

    `number` is None when the trunk told none that can be believed; `withheld`: it is known to the
    network and not to be shown (RFC 3323). `reason`: why no number is shown, in the words of
    `ivr.numbering.presentation`; empty when the trunk gives none.
    """

    trunk: Trunk
    number: E164 | None
    caller_class: TrunkClass
    withheld: bool = False
    reason: str = ""


class Trunks(Protocol):
    """Ways to other carriers, answered from memory."""

    def of(self, name: str) -> Trunk | None: ...

    def toward(self, digits: str) -> Trunk | None:
        """The trunk whose prefix is the longest that a number begins with.

        `digits` as dialled in Japan, or in full with `+`. Codes of services and emergency
        numbers lead nowhere.
        """

    def from_peer(self, host: str, port: int, transport: str = "UDP") -> Trunk | None:
        """The trunk that sends from this address.

        A datagram must come from the port that its peer is written with, if it is with one;
        a connection comes from any port.
        """

    def account(self, user: str) -> TrunkAccount | None: ...

    def login(self, name: str) -> TrunkLogin | None:
        """Who we are to the trunk of this name, if its peers ask."""
