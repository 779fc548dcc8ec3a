"""Every setting of tokuban: its default, its unit and what it does.

The values come from `tokuban.toml`, then the environment, then the command line
(`lab.configuration`); this module only says what they are. Units stand in the names.
"""

import ipaddress
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lab.billing_settings import BillingSettings
from lab.mail_settings import MailSettings
from lab.messages_settings import MessagesSettings
from lab.portal_settings import PortalSettings
from lab.records_settings import RecordsSettings
from lab.section import Section
from lab.sip_settings import Address, Port, SipSettings, networks
from lab.voicemail_settings import VoicemailSettings

ENVIRONMENT_PREFIX = "TOKUBAN__"


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


class Encryption(StrEnum):
    """Whether sound travels as SRTP (keys by SDES, RFC 4568)."""

    OFF = "off"
    ALLOWED = "allowed"
    REQUIRED = "required"


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
    probe_s: float = Field(
        default=90.0,
        ge=1,
        description="How often a phone that may be silent, as one that is on hold, is asked by "
        "OPTIONS whether it is still there, when no session timer watches it.",
    )
    packet_filter: bool = Field(
        default=True, description="Drop in the kernel the sound nobody listens to; keys still pass."
    )
    srtp: Encryption = Field(
        default=Encryption.ALLOWED,
        description="`allowed`: phones whose SIP comes over TLS are offered SRTP, and it is taken "
        "where they offer it; `required`: a call without it is refused 488; `off`: RTP alone.",
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
    here: Annotated[str, AfterValidator(networks)] = Field(
        default="",
        examples=["172.30.50.1"],
        description="Addresses and networks, comma-separated, that count as this host: the gateway "
        "of a container whose HTTP port is published on the host's own loopback address alone.",
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
    closing_pause_s: float = Field(
        default=0.5,
        ge=0,
        description="Silence between the last words and the network's hang-up: a phone's jitter "
        "buffer still holds the end of them.",
    )
    longest_call_s: float = Field(
        default=1800.0, ge=10, description="Longest call to a service or test number."
    )
    ring_s: float = Field(
        default=120.0, ge=1, description="How long a line rings that forwards no unanswered call."
    )
    link_alive_s: float = Field(
        default=4.0,
        gt=0,
        description="A Link app that does not ring within this time counts as on an unstable "
        "network: the phone's own dialler rings (LINE-03).",
    )
    busy_tone_s: float = Field(
        default=5.0, ge=0, description="Busy tone before a busy line's 486 (CALL-03)."
    )
    forwardings: int = Field(
        default=5,
        ge=0,
        le=20,
        description="How often a call may be forwarded before it ends with a talkie (FWD-06).",
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
    billing: BillingSettings = Field(default_factory=BillingSettings)
    messages: MessagesSettings = Field(default_factory=MessagesSettings)
    voicemail: VoicemailSettings = Field(default_factory=VoicemailSettings)
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
