"""Every setting of tokuban: its default, its unit and what it does.

The values come from `tokuban.toml`, then the environment, then the command line
(`lab.configuration`); this module only says what they are. Units stand in the names.
"""

import ipaddress
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lab.mail_settings import MailSettings
from lab.portal_settings import PortalSettings
from lab.records_settings import RecordsSettings
from lab.section import Section, keep_order

ENVIRONMENT_PREFIX = "TOKUBAN__"
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")

Port = Annotated[int, Field(ge=0, le=65535)]


class LogFormat(StrEnum):
    """How log lines look: key=value, or one JSON object a line."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe event that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


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


Address = Annotated[str, AfterValidator(_address)]
Reachable = Annotated[str | None, AfterValidator(_reachable)]


ORDERED = (
    ("registration_min_s", "registration_default_s"),
    ("registration_default_s", "registration_max_s"),
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
    calls_per_user: int = Field(
        default=20,
        ge=1,
        description="Calls one SIP user may have at once; more get 486. (An assumption.)",
    )
    digest: Digest = Field(
        default=Digest.BOTH,
        description="Digest algorithms offered, best first; `md5` where clients such as SIPp 3.6 "
        "look at the first challenge alone.",
    )
    md5_agents: str = Field(
        default="baresip v0., baresip v1., aiosip",
        description="Parts of the User-Agent, comma-separated, of phones that are offered MD5 "
        "alone, because a SHA-256 challenge stops them.",
    )
    nonce_life_s: int = Field(
        default=300, ge=10, description="Life of a digest nonce; then `stale=true` (RFC 7616 §3.3)."
    )
    shed_after_ms: int = Field(
        default=300,
        ge=0,
        description="Once SIP over UDP waits for so long before it is read, and has for twice as "
        "long, new INVITE and REGISTER get 503 with Retry-After; 0 never. (An assumption: below "
        "T1, since from there on everybody sends twice.)",
    )
    message_bytes: int = Field(
        default=65_535, ge=2048, le=1_048_576, description="Largest SIP message accepted over TCP."
    )
    tcp_connections: int = Field(
        default=1000, ge=1, description="TCP connections held at once; the next is closed at once."
    )
    tcp_idle_s: int = Field(
        default=600, ge=10, description="A TCP connection that is silent for so long is closed."
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


PORT_RANGE = re.compile(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*")


def port_range(text: str) -> tuple[int, int]:
    """The two bounds of `LOW-HIGH`; a stream takes an even port and the next (RFC 3550 §11).

    Raises:
        ValueError: not two ports, or no room for one RTP/RTCP pair.
    """
    match = PORT_RANGE.fullmatch(text)
    if match is None:
        raise ValueError("must be LOW-HIGH, for example 20000-29999")
    low, high = int(match[1]), int(match[2])
    if not 1024 <= low <= high <= 65535:
        raise ValueError("ports must satisfy 1024 <= LOW <= HIGH <= 65535")
    if low + low % 2 + 1 > high:
        raise ValueError("must hold at least one even port and the odd one after it")
    return low, high


def _range_text(text: str) -> str:
    low, high = port_range(text)
    return f"{low}-{high}"


class MediaSettings(Section):
    """Sound: RTP ports and the limits of a silent call."""

    rtp_ports: Annotated[str, AfterValidator(_range_text)] = Field(
        default="20000-29999", description="RTP and RTCP ports, LOW-HIGH; two a call."
    )
    silence_s: int = Field(
        default=60,
        ge=2,
        description="A call without RTP and without session refresh for so long ends (CALL-02).",
    )
    packet_filter: bool = Field(
        default=True, description="Drop in the kernel the sound nobody listens to; keys still pass."
    )

    @property
    def low(self) -> int:
        """The lowest port of `rtp_ports`."""
        return port_range(self.rtp_ports)[0]

    @property
    def high(self) -> int:
        """The highest port of `rtp_ports`."""
        return port_range(self.rtp_ports)[1]


class HttpSettings(Section):
    """The web address: health, metrics, the API and the laboratory's own routes."""

    host: Address = Field(default="127.0.0.1", description="Address HTTP listens on.")
    port: Port = Field(default=8080, description="Port for HTTP; 0 takes a free one.")
    token: SecretStr | None = Field(
        default=None,
        examples=["a-long-random-text"],
        description="Bearer token for callers from other hosts; without one only this host "
        "may use the API.",
    )


def _postgresql(url: SecretStr | None) -> SecretStr | None:
    if url and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql:// (SQLite needs no url, only folder)")
    return url


class StorageSettings(Section):
    """Where everything that must survive a restart is kept."""

    folder: Path = Field(
        default=Path("data"), description="Folder of the database and the key file."
    )
    url: Annotated[SecretStr | None, AfterValidator(_postgresql)] = Field(
        default=None,
        examples=["postgresql://tokuban:password@127.0.0.1/tokuban"],
        description="PostgreSQL as postgresql://user:password@host/database; absent: SQLite in "
        "`folder`.",
    )
    key: SecretStr | None = Field(
        default=None,
        examples=["made-by-tokuban-when-absent"],
        description="Key that seals the stored password hashes; absent: made once and kept in a "
        "file of `folder`.",
    )
    wait_s: float = Field(default=3.0, gt=0, le=60, description="Wait for a locked database.")


class IvrSettings(Section):
    """How patient the network is with a caller (assumptions; no carrier publishes them)."""

    first_digit_s: float = Field(
        default=8.0, gt=0, description="Wait for the first key after a prompt."
    )
    inter_digit_s: float = Field(
        default=4.0, gt=0, description="Wait for the next key of a number."
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="Tries at one question before goodbye."
    )
    talkie_times: int = Field(
        default=2, ge=1, le=10, description="How often a talkie is spoken (LINE-05)."
    )
    talkie_pause_s: float = Field(default=1.0, ge=0, description="Silence between two rounds.")
    longest_call_s: float = Field(
        default=1800.0, ge=10, description="Longest call to a service or test number."
    )


class LogSettings(Section):
    """What is written to standard error."""

    level: LogLevel = Field(default=LogLevel.INFO, description="Least severe event that is logged.")
    format: LogFormat = Field(default=LogFormat.TEXT, description="Look of a line.")


class TraceSettings(Section):
    """The SIP messages kept for `tokuban trace`."""

    messages: int = Field(
        default=2000,
        ge=0,
        le=100_000,
        description="Messages remembered for a late reader; 0 turns off.",
    )
    readers: int = Field(default=8, ge=1, le=100, description="Followers served at once.")


class SeedSettings(Section):
    """What exists from the start."""

    file: Path | None = Field(
        default=None,
        examples=["seed.yaml"],
        description="Seed file (YAML) of blocks, customers and lines; absent: the demo.",
    )
    demo: bool = Field(
        default=False,
        description="Allow the demo lines, whose passwords everyone knows, on an address other "
        "hosts can reach.",
    )


class LabSettings(Section):
    """The laboratory's own controls under /lab: clock, trace, mail, seed, reset, snapshots."""

    enabled: bool = Field(default=True, description="Off, everything under /lab is 404.")
    token: SecretStr | None = Field(
        default=None,
        min_length=16,
        examples=["made-by-tokuban-when-absent"],
        description="Bearer token of everything under /lab; absent: made once and kept in a file "
        "of `storage.folder`, where the tokuban commands on this host find it.",
    )


class Settings(BaseSettings):
    """All sections. `Settings()` is the default configuration, whatever the environment says."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
    )

    sip: SipSettings = Field(default_factory=SipSettings)
    media: MediaSettings = Field(default_factory=MediaSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    storage: StorageSettings = Field(default_factory=StorageSettings)
    portal: PortalSettings = Field(default_factory=PortalSettings)
    seed: SeedSettings = Field(default_factory=SeedSettings)
    ivr: IvrSettings = Field(default_factory=IvrSettings)
    mail: MailSettings = Field(default_factory=MailSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    records: RecordsSettings = Field(default_factory=RecordsSettings)
    trace: TraceSettings = Field(default_factory=TraceSettings)
    lab: LabSettings = Field(default_factory=LabSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed in; `lab.configuration` merges the sources and remembers each."""
        return (init_settings,)

    @property
    def loopback_only(self) -> bool:
        """Whether no other host can reach SIP or HTTP."""
        hosts = (self.sip.host, self.http.host)
        return all(ipaddress.ip_address(host).is_loopback for host in hosts)
