"""The `[sip]` settings: where phones reach the carrier, and how it speaks with them."""

import ipaddress
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from ivr.sip.networks import Networks
from lab.section import Section, keep_order

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
"""A host name: labels of at most 63 letters, digits and hyphens (RFC 1123 §2.1)."""

Port = Annotated[int, Field(ge=0, le=65535)]


class Digest(StrEnum):
    """The digest algorithms a phone is challenged with, in this order (RFC 8760 §2.3)."""

    BOTH = "sha-256,md5"
    MD5 = "md5"

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Their names as challenges write them."""
        return tuple(self.value.upper().split(","))


def _address(text: str) -> str:
    """An IP address without brackets."""
    bare = text.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        raise ValueError("must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1") from None


def _reachable(text: str | None) -> str | None:
    """An address or host name that phones can be told: never the unspecified address."""
    if text is None:
        return None
    bare = text.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        if HOST_NAME.fullmatch(bare):
            return bare
        raise ValueError("must be an IP address or a host name that phones can reach") from None
    if address.is_unspecified:
        raise ValueError(f"{text} is not an address that phones can reach; name one of this host's")
    return str(address)


def networks(text: str) -> str:
    """Addresses and networks, comma-separated."""
    try:
        networks_of(text)
    except ValueError as error:
        raise ValueError(
            f"{error}: write addresses or networks, for example 192.168.0.0/24"
        ) from None
    return text


def networks_of(text: str) -> Networks:
    """The same, to look hosts up in.

    Raises:
        ValueError: a part is no address or network.
    """
    return Networks(part.strip() for part in text.split(",") if part.strip())


Address = Annotated[str, AfterValidator(_address)]
Reachable = Annotated[str | None, AfterValidator(_reachable)]


ORDERED = (
    ("registration_min_s", "registration_default_s"),
    ("registration_default_s", "registration_max_s"),
    ("subscription_min_s", "subscription_max_s"),
    ("min_session_expires_s", "session_expires_s"),
    ("t1_ms", "t2_ms"),
)
"""SIP settings of which the first must not be more than the second."""


class SipSettings(Section):
    """Signalling: where phones reach the carrier, and the timers of RFC 3261."""

    host: Address = Field(default="127.0.0.1", description="Address SIP and RTP listen on.")
    port: Port = Field(
        default=5060, description="Port for SIP over UDP and TCP; 0 takes a free one."
    )
    advertise: Reachable = Field(
        default=None,
        examples=["192.0.2.10"],
        description="Address written into Contact, Via and SDP, when phones reach this host by "
        "another one than `host` (NAT, containers, 0.0.0.0). Absent: `host`.",
    )
    inside: Annotated[str, AfterValidator(networks)] = Field(
        default="",
        examples=["192.168.0.0/24, 172.30.50.128/25"],
        description="Addresses and networks, comma-separated, whose phones reach `host` itself and "
        "are told it instead of `advertise`: the own side of a NAT, containers beside this one.",
    )
    realm: str = Field(
        default="tokuban",
        min_length=1,
        pattern=r"^[\x20\x21\x23-\x5b\x5d-\x7e]+$",
        description="Digest realm (RFC 3261 §22); changing it needs the passwords anew.",
    )
    t1_ms: int = Field(
        default=500, ge=10, le=10_000, description="T1, estimated round trip (§17.1.1.1)."
    )
    t2_ms: int = Field(
        default=4000, ge=100, le=60_000, description="T2, longest retransmit interval."
    )
    t4_ms: int = Field(
        default=5000, ge=100, le=60_000, description="T4, life of a message in the network."
    )
    session_expires_s: int = Field(
        default=1800, ge=90, description="Session timer offered and accepted (RFC 4028 §4)."
    )
    min_session_expires_s: int = Field(
        default=90,
        ge=90,
        description="Smallest session timer accepted; less gets 422 (RFC 4028 §5).",
    )
    registration_default_s: int = Field(
        default=3600,
        ge=1,
        description="Registration life when the phone names none (RFC 3261 §10.3).",
    )
    registration_min_s: int = Field(
        default=30, ge=1, description="A shorter registration is answered 423 with Min-Expires."
    )
    registration_max_s: int = Field(
        default=7200, ge=1, description="A longer registration is shortened to this."
    )
    contacts_per_user: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Contacts one SIP user may register; more are refused 403.",
    )
    subscription_min_s: int = Field(
        default=30,
        ge=1,
        description="A shorter subscription to the message lamp is answered 423 with Min-Expires.",
    )
    subscription_max_s: int = Field(
        default=7200, ge=1, description="A longer such subscription is shortened to this."
    )
    mwi_unsolicited: bool = Field(
        default=False,
        description="Tell registered phones of waiting messages by NOTIFY though they did not "
        "subscribe, when they register and at each change; those that subscribed are told by that.",
    )
    calls_per_user: int = Field(
        default=20,
        ge=1,
        description="Calls a SIP user may have at once, both ways and transferred ones, and "
        "forwarded ones a line may pay for at once; more get 486. (An assumption.)",
    )
    lifeless_s: float = Field(
        default=12.0,
        gt=0,
        le=60,
        description="A phone that answers an INVITE with nothing at all for so long counts as "
        "unreachable. (An assumption: five transmissions, and time for a talkie within 32 s.)",
    )
    hold_tone: bool = Field(
        default=True,
        description="Who is put on hold hears the network's hold tone; without it what the "
        "holder's phone sends, or nothing.",
    )
    digest: Digest = Field(
        default=Digest.BOTH,
        description="Digest algorithms offered, best first; `md5` where clients such as SIPp 3.6 "
        "look at the first challenge alone.",
    )
    md5_agents: str = Field(
        default="baresip v0., baresip v1., aiosip, SIPp",
        description="Parts of the User-Agent, comma-separated, of phones that are offered MD5 "
        "alone, because a SHA-256 challenge stops them.",
    )
    nonce_life_s: int = Field(
        default=300, ge=10, description="Life of a digest nonce; then `stale=true` (RFC 7616 §3.3)."
    )
    overlap: bool = Field(
        default=False,
        description="Answer the beginning of a number with 484, for phones that dial digit by "
        "digit; `#` ends a number. Off, only for lines with the option overlap-dialling. (An "
        "assumption: softphones send whole numbers, and one too short is to get its talkie.)",
    )
    shed_after_ms: int = Field(
        default=300,
        ge=0,
        description="Once SIP over UDP waits for so long before it is read, and has for twice as "
        "long, new INVITE, REGISTER and MESSAGE get 503 with Retry-After; 0 never. (An "
        "assumption: below T1, since from there on everybody sends twice.)",
    )
    message_bytes: int = Field(
        default=65_535, ge=2048, le=1_048_576, description="Largest SIP message accepted over TCP."
    )
    tcp_connections: int = Field(
        default=1000,
        ge=1,
        description="Connections held at once over TCP, and as many over TLS and WebSocket; the "
        "next is closed at once.",
    )
    tcp_idle_s: int = Field(
        default=600,
        ge=10,
        description="A TCP or TLS connection that is silent for so long is closed; a WebSocket is "
        "asked before.",
    )
    tls_port: Port | None = Field(
        default=None,
        examples=[5061],
        description="Port for SIP over TLS; 0 takes a free one. Absent: the port above `port` once "
        "there are certificates (`tokuban certs`), and no TLS without.",
    )
    certificate: Path | None = Field(
        default=None,
        examples=["/etc/ssl/carrier.pem"],
        description="The carrier's own certificate and those up to its authority (PEM), with "
        "`certificate_key`. Absent: what `tokuban certs` made in the data folder.",
    )
    certificate_key: Path | None = Field(
        default=None,
        examples=["/etc/ssl/carrier.key"],
        description="The key of `certificate` (PEM, no passphrase).",
    )
    ws_port: Port | None = Field(
        default=None,
        examples=[5066],
        description="Port for SIP over WebSocket (RFC 7118); 0 takes a free one. Absent: none.",
    )
    wss_port: Port | None = Field(
        default=None,
        examples=[5067],
        description="Port for SIP over secure WebSocket, with the certificate of TLS; 0 takes a "
        "free one. Absent: none.",
    )
    ws_origins: str = Field(
        default="",
        examples=["https://phone.example.com"],
        description="Web origins, comma-separated, whose pages may open a WebSocket, besides those "
        "of this host and of clients that name none; `*` allows all.",
    )
    user_agent: str = Field(
        default="tokuban", min_length=1, description="Server and User-Agent header."
    )

    @model_validator(mode="after")
    def _ordered(self) -> "SipSettings":
        keep_order(self, ORDERED)
        return self

    @property
    def public_host(self) -> str:
        """The address phones are told; without `advertise` it is `host`."""
        return self.advertise or self.host

    @property
    def needs_advertise(self) -> bool:
        """Whether `host` is no address a phone could be told (0.0.0.0, ::)."""
        return self.advertise is None and ipaddress.ip_address(self.host).is_unspecified

    @property
    def needs_host(self) -> bool:
        """Whether the phones of `inside` are to be told an address, and `host` is none."""
        return bool(self.inside.strip()) and ipaddress.ip_address(self.host).is_unspecified

    @property
    def networks_inside(self) -> Networks:
        """The networks of `inside`."""
        return networks_of(self.inside)
