"""Where mail goes and from whom it comes, as a person writes it in the settings."""

from dataclasses import dataclass, field
from email.utils import parseaddr
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from provisioning.contract import OutOfRange
from provisioning.notify.model import is_address


class StartTls(StrEnum):
    """Whether the connection becomes a TLS one before anything is said (RFC 3207)."""

    REQUIRED = "required"
    OFFERED = "offered"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """What `smtp://user:password@host:port` says; `smtps` is TLS from the first byte."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: bool

    @classmethod
    def parsed(cls, url: str) -> "ServerAddress":
        """`OutOfRange`, without a word of `url`, when it is no such address."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise OutOfRange(_NO_SERVER) from None
        beyond = parts.path not in ("", "/") or parts.query or parts.fragment
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == 0 or beyond:
            raise OutOfRange(_NO_SERVER)
        tls = parts.scheme == "smtps"
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, port or (465 if tls else 587), user, password, tls)


_NO_SERVER = (
    "this is no mail server; write smtp://host:port, smtp://user:password@host or smtps://…"
)


@dataclass(frozen=True, slots=True)
class Sender:
    """From whom mails come; `address` also takes the bounces."""

    address: str
    name: str = ""

    @classmethod
    def parsed(cls, text: str) -> "Sender":
        """`名前 <address>` or an address alone; `OutOfRange` for anything else."""
        name, address = parseaddr(text)
        if not is_address(address):
            raise OutOfRange("this is no sender of mail; write it as 名前 <name@host.example>")
        return cls(address, name)
