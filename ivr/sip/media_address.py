"""Where a peer may have us send: an address it names is its word alone, and not always true.

A wildcard address is no lie but a hold (RFC 3264 §8.4). An address behind a NAT is none either: it
is not reached, and the peer's packets tell a better one (RFC 4961).
"""

from collections.abc import Container
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import NamedTuple

_UNICAST_ALONE, _MISCELLANEOUS = 330, 399
"""Multicast not available; miscellaneous (RFC 3261 §20.43)."""
_LONGEST = 45
_THIS_NETWORK = IPv4Network("0.0.0.0/8")


class Objection(NamedTuple):
    """Why nothing is sent to an address, with the code of a Warning."""

    code: int
    why: str


_NO_ADDRESS = Objection(_MISCELLANEOUS, "The media address is no IP address")


class Ends(NamedTuple):
    """What is known of the two ends besides their descriptions.

    Attributes:
        peer: the host that the peer's signalling comes from.
        ours: our own hosts, as we bind and as we tell them.
        own: the RTP and RTCP ports here that no phone can be at.
        spirals: those of them that may be sent to all the same: where calls of ours that another
            carrier sends back to us, untouched, come from (RFC 3261 §16.3).
    """

    peer: str
    ours: tuple[str, ...]
    own: Container[int]
    spirals: Container[int] = ()


def objection(remote: tuple[str, int], ends: Ends) -> Objection | None:
    """Why sound must not go to `remote`, a literal address and port; None when it may."""
    host, port = remote
    said = _at_any_port(host) if len(host) <= _LONGEST else _NO_ADDRESS
    address = _read(host)
    if said is not None or address is None or not _is_ours(address, ends.ours):
        return said
    if port in ends.own and port not in ends.spirals:
        return Objection(_MISCELLANEOUS, "The media address is our own")
    return None


def corrected(remote: tuple[str, int], ends: Ends) -> tuple[str, int]:
    """`remote`, but the peer's own host for the loopback address of one that is elsewhere.

    So says a phone beside a container that the carrier runs in; its packets are sent by, and sent
    to, the host it signals from.
    """
    address = _read(remote[0])
    if address is None or not address.is_loopback or _is_local(ends):
        return remote
    return ends.peer, remote[1]


def is_held(host: str) -> bool:
    """Whether an address says that nothing is to be sent now (RFC 3264 §8.4)."""
    address = _read(host)
    return address is not None and address.is_unspecified


def is_literal(host: str) -> bool:
    """Whether it is an IP address, not a name."""
    return _read(host) is not None


def is_nowhere(host: str) -> bool:
    """Whether it is an IP address that is no single host's: nothing is ever sent there."""
    return len(host) <= _LONGEST and _at_any_port(host) not in (None, _NO_ADDRESS)


@lru_cache(maxsize=4096)
def _at_any_port(host: str) -> Objection | None:
    """What speaks against an address whatever the port; phones come back with the same."""
    address = _parsed(host)
    if address is None:
        return _NO_ADDRESS
    if address.is_multicast:
        return Objection(_UNICAST_ALONE, "Media is sent to one address, not to a multicast group")
    if _is_nobodys(address):
        return Objection(_MISCELLANEOUS, "The media address is nobody's: reserved or broadcast")
    return None


def _is_nobodys(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        return address.is_unspecified
    return address.is_reserved or address in _THIS_NETWORK


def _is_ours(address: IPv4Address | IPv6Address, ours: tuple[str, ...]) -> bool:
    own = [each for host in ours if (each := _read(host)) is not None]
    everywhere = any(each.is_unspecified for each in own)
    return address in own or (address.is_loopback and everywhere)


def _is_local(ends: Ends) -> bool:
    """Whether the peer is on this host, where loopback addresses are true."""
    peer = _read(ends.peer)
    return peer is not None and (peer.is_loopback or _is_ours(peer, ends.ours))


def _read(host: str) -> IPv4Address | IPv6Address | None:
    """The address; one of IPv4 inside of IPv6 as what it stands for."""
    return _parsed(host) if len(host) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped
