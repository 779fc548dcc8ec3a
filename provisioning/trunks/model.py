"""What a trunk may be, and why not: addresses, prefixes, and what two trunks may not share."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

from provisioning.contract import ContractError, OutOfRange, Trunk

PASSWORD_LEAST, PASSWORD_MOST = 8, 128
"""Lengths of an account's password that the operator chooses (A)."""

MOST_PEERS, MOST_PREFIXES, MOST_CALLS = 8, 100, 10_000
"""Of one trunk (A)."""

NAME = r"^[a-z0-9][a-z0-9_-]{0,31}$"
USER = r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$"
"""An account begins with a letter, so that no subscriber's number is ever one."""

SIP_PORT, SIPS_PORT = 5060, 5061

_NAME = re.compile(NAME, re.ASCII)
_USER = re.compile(USER, re.ASCII)
_PEER = re.compile(
    r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?(?:;transport=([A-Za-z]+))?", re.ASCII
)
LOGIN = r"^[!#-\[\]-~]{1,128}$"
"""Of another carrier's making: any printable ASCII but space, quote and backslash."""

_LOGIN = re.compile(LOGIN, re.ASCII)
_PREFIX = re.compile(r"0[0-9]{0,14}|\+(?:[1-9][0-9]{0,13})?", re.ASCII)


class UnknownTrunk(ContractError):
    """No trunk has this name."""


class TrunkExists(ContractError):
    """A trunk has this name already."""


class TrunkConflict(ContractError):
    """Another trunk, or a line's account, has this address, prefix or account."""


class TrunkOrigin(StrEnum):
    """Who made a trunk; a seed takes away only what a seed made."""

    SEED = "seed"
    OFFICE = "office"


class Transport(StrEnum):
    """How a peer is reached."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Peer:
    """One address of a trunk; without a port, calls go to the transport's own (RFC 3261 §19.1.2).

    `host` is an IP address without brackets.
    """

    host: str
    port: int | None = None
    transport: Transport = Transport.UDP

    @property
    def source(self) -> str:
        """What tells that a message is of this peer: `udp:192.0.2.1:5060` or `stream:192.0.2.1`.

        A connection comes from any port, but nobody else can open it from that address. A datagram
        may be forged; one port more to guess is little, and keeps phones on one host apart.
        """
        if self.transport is not Transport.UDP:
            return f"stream:{self.host}"
        return f"udp:{self.host}" if self.port is None else f"udp:{self.host}:{self.port}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{host}{port};transport={self.transport}"


@dataclass(frozen=True, slots=True)
class NewTrunk:
    """A trunk and the password of its account, which is shown this once."""

    trunk: Trunk
    password: str | None = field(default=None, repr=False)


def peer(text: str) -> Peer:
    """The peer that `text` names; `OutOfRange` with what is wrong."""
    read = _PEER.fullmatch(text.strip())
    if read is None:
        raise OutOfRange(
            f"peers: {text!r:.60} is no address: write it as 192.0.2.1:5060;transport=udp "
            "(an IP address, no name)"
        )
    v6, v4, port, transport = read.groups()
    try:
        host = ip_address(v6 or v4)
        how = Transport((transport or "udp").lower())
    except ValueError:
        raise OutOfRange(
            f"peers: {text!r:.60}: it needs an IP address, and udp, tcp or tls as its transport"
        ) from None
    _refuse_address(host, text)
    if port is not None and not 0 < int(port) < 65536:
        raise OutOfRange(f"peers: {text!r:.60}: a port is 1 to 65535")
    return Peer(str(host), int(port) if port else None, how)


def _refuse_address(host: IPv4Address | IPv6Address, text: str) -> None:
    if host.is_multicast or host.is_unspecified or host == IPv4Address("255.255.255.255"):
        raise OutOfRange(f"peers: {text!r:.60} is no single host's address")


def prefix(text: str) -> str:
    """First digits as they are compared: `+813` is `03`, `0101` is `+1`; `OutOfRange` if none.

    Codes of services and emergency numbers begin with 1, `#` or `*`, and stay in this network.
    """
    digits = national(text.replace("-", ""))
    if text[:1] in {"1", "#", "*"}:
        raise OutOfRange(
            f"prefixes: {text!r:.40}: service codes and emergency numbers (110, 118, 119) never "
            "leave this network"
        )
    if not _PREFIX.fullmatch(digits):
        raise OutOfRange(f"prefixes: {text!r:.40} is no beginning of a number: write it as 03 or +")
    if digits.startswith("00") and (len(digits) < 4 or digits.startswith("000")):
        raise OutOfRange(
            f"prefixes: {text!r:.40}: a carrier's prefix has four digits, as 0033, and 000 is the "
            "laboratory's own"
        )
    return digits


def national(digits: str) -> str:
    """Dialled digits in the form that prefixes have: Japan's with 0, others with +."""
    if digits.startswith("+81"):
        return "0" + digits[3:].removeprefix("0")
    if digits.startswith("010"):
        return "+" + digits[3:]
    return digits


def checked(trunk: Trunk) -> Trunk:
    """The trunk with addresses and prefixes as they are kept; `OutOfRange` with the reason."""
    _check_words(trunk)
    if not trunk.peers and trunk.account is None:
        raise OutOfRange("peers: a trunk has an address, or an account that it registers with")
    peers = tuple(dict.fromkeys(str(peer(each)) for each in trunk.peers))
    prefixes = tuple(sorted({prefix(each) for each in trunk.prefixes}))
    for what, found, most in (("peers", peers, MOST_PEERS), ("prefixes", prefixes, MOST_PREFIXES)):
        if len(found) > most:
            raise OutOfRange(f"{what}: at most {most}")
    return replace(trunk, peers=peers, prefixes=prefixes)


def _check_words(trunk: Trunk) -> None:
    if not _NAME.fullmatch(trunk.name):
        raise OutOfRange(
            "name: 1 to 32 small letters, digits, hyphens and underscores, as other-carrier"
        )
    if trunk.account is not None and not _USER.fullmatch(trunk.account):
        raise OutOfRange(
            "account: a letter, then letters, digits, dots, hyphens and underscores; 64 at most"
        )
    _check_login(trunk)
    if trunk.prefecture is not None and not 1 <= len(trunk.prefecture) <= 40:
        raise OutOfRange("prefecture: as 東京都")
    if not 1 <= trunk.calls <= MOST_CALLS:
        raise OutOfRange(f"calls: 1 to {MOST_CALLS}")


def _check_login(trunk: Trunk) -> None:
    if trunk.login is None and not trunk.registers:
        return
    if trunk.login is None or not _LOGIN.fullmatch(trunk.login):
        raise OutOfRange("login: 1 to 128 printable characters without space, quote and backslash")
    if not trunk.peers:
        raise OutOfRange("login: the trunk has no peer that could ask for it")


def check_login_password(trunk: Trunk, password: str | None) -> None:
    """Refuse (`OutOfRange`) a login without password, and a password of none."""
    if (trunk.login is None) is not (password is None):
        raise OutOfRange("login_password: a login has one, and nothing else")
    if password is not None and not (
        1 <= len(password) <= PASSWORD_MOST and password.isprintable()
    ):
        raise OutOfRange(f"login_password: must have 1 to {PASSWORD_MOST} printable characters")


def check_password(trunk: Trunk, password: str | None) -> None:
    """Refuse (`OutOfRange`) a password that no account can have, or that is of none."""
    if password is None:
        return
    if trunk.account is None:
        raise OutOfRange("password: the trunk has no account")
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST or not password.isprintable():
        raise OutOfRange(
            f"password: must have {PASSWORD_LEAST} to {PASSWORD_MOST} printable characters"
        )


def check_apart(trunk: Trunk, others: Iterable[Trunk]) -> None:
    """Refuse (`TrunkConflict`) what one of the `others` has: calls would go astray."""
    sources = sources_of(trunk)
    for other in others:
        if other.name == trunk.name:
            continue
        if shared := sorted(sources & sources_of(other)):
            address = shared[0].partition(":")[2]
            raise TrunkConflict(f"peers: {address} is a peer of the trunk {other.name} already")
        if both := sorted({*trunk.prefixes} & {*other.prefixes}):
            raise TrunkConflict(f"prefixes: {both[0]} leads to the trunk {other.name} already")
        if trunk.account is not None and trunk.account == other.account:
            raise TrunkConflict(f"account: {trunk.account} is the trunk {other.name}'s already")


def sources_of(trunk: Trunk) -> set[str]:
    """Whence its messages come, see `Peer.source`."""
    return {peer(each).source for each in trunk.peers}


def words(trunk: Trunk) -> str:
    """The trunk as the audit shows it."""
    parts = [trunk.caller_class, *trunk.peers]
    if trunk.account is not None:
        parts.append(f"account {trunk.account}")
    parts += [f"takes {each}" for each in trunk.prefixes]
    parts += ["trusted"] if trunk.trusted else []
    if trunk.login is not None:
        parts.append(f"{'registers' if trunk.registers else 'calls'} as {trunk.login}")
    parts += [trunk.prefecture] if trunk.prefecture else []
    return ", ".join([*parts, f"{trunk.calls} calls"])
