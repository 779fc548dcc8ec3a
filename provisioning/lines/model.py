"""Numbers as lines have them, and the digest secrets of their accounts."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from provisioning.contract import Account, ContractError, Line, OutOfRange


class UnknownAccount(ContractError):
    """No such SIP account."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a seed changed: each as it was and as it is now, None where there is none."""

    lines: tuple[tuple[Line | None, Line | None], ...]
    accounts: tuple[tuple[Account | None, Account | None], ...]


ALGORITHMS: Mapping[str, str] = {"SHA-256": "sha256", "MD5": "md5"}
"""Digest algorithms by the name SIP gives them (RFC 8760 §2.1), with hashlib's name."""

UNI_OPTION = "ngn-uni"
"""The option of a line whose phones need no password at their own addresses (facts §8: NGN)."""

MOST_SOURCES = 16
"""Of one account (A)."""

LEAST_PREFIX = {4: 8, 6: 32}
"""Bits a source's network must fix at least, by IP version: nobody has the whole network (A)."""

_E164 = re.compile(r"\+[0-9]{2,15}", re.ASCII)


def ha1(user: str, realm: str, password: str) -> dict[str, str]:
    """H(user:realm:password) as hex, by algorithm (RFC 7616 §3.4.2)."""
    text = f"{user}:{realm}:{password}".encode()
    return {
        name: hashlib.new(algorithm, text, usedforsecurity=False).hexdigest()
        for name, algorithm in ALGORITHMS.items()
    }


def is_e164(number: str) -> bool:
    """Whether `number` is `+` and 2 to 15 digits (ITU-T E.164)."""
    return _E164.fullmatch(number) is not None


def sources(written: Iterable[str]) -> tuple[str, ...]:
    """Addresses and networks as they are kept, in order: `192.0.2.1/32`, `192.0.2.0/29`.

    Raises:
        OutOfRange: with what is wrong with one.
    """
    found = {_network(text) for text in written}
    if len(found) > MOST_SOURCES:
        raise OutOfRange(f"sources: at most {MOST_SOURCES}")
    return tuple(sorted(found))


def _network(text: str) -> str:
    try:
        network = ip_network(text.strip())
    except ValueError:
        raise OutOfRange(
            f"sources: {text!r:.60} is no address or network: write it as 192.0.2.1 or 192.0.2.0/29"
        ) from None
    if network.prefixlen < LEAST_PREFIX[network.version]:
        raise OutOfRange(
            f"sources: {text!r:.60} is too many addresses: at least "
            f"/{LEAST_PREFIX[network.version]}"
        )
    return str(network)


class Networks:
    """Accounts by the networks they have as sources."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._networks = tuple(
            (ip_network(each), account) for account in accounts for each in account.sources
        )
        self._found = lru_cache(4096)(self._look)

    def at(self, host: str) -> tuple[Account, ...]:
        """The accounts that have an address among their sources, in the order they were given."""
        return self._found(host) if self._networks else ()

    def _look(self, host: str) -> tuple[Account, ...]:
        try:
            address = ip_address(host)
        except ValueError:
            return ()
        found = {a.user: a for network, a in self._networks if address in network}
        return tuple(found.values())
