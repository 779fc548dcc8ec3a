"""Ways to whom we call: from a registered contact, or a trunk's peer, to a flow and a URI."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import groupby

from ivr.net.transport import Transport
from ivr.sip.abnf import GrammarError
from ivr.sip.core import transport_of
from ivr.sip.events import Flow
from ivr.sip.uri import Uri
from ivr.ua.flows import read_flow
from provisioning.contract import Binding

_DEFAULT_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061}


@dataclass(frozen=True, slots=True)
class Way:
    """One address that an INVITE can go to.

    Attributes:
        uri: the Request-URI.
        flow: how it leaves; None when its transport is not up, or no address can be made of it.
        whose: the user, or the key of the trunk, that a call this way counts for.
        routes: the values of Route, topmost first.
        weaker: SRTP alone was refused on this way: offer plain RTP, and a key beside it.
    """

    uri: str
    flow: Flow | None
    whose: str
    routes: tuple[str, ...] = ()
    weaker: bool = False


Transports = Mapping[str, Transport]
Group = tuple[Way, ...]


def groups_of(
    bindings: Iterable[tuple[str, Binding]], transports: Transports, number: str | None = None
) -> list[Group]:
    """Users' contacts in the order they are called: those of one q at once (RFC 3261 §16.6).

    `number`: whom the phone system behind a contact is to reach; None for the contact itself.
    """
    ordered = sorted(bindings, key=lambda each: -each[1].q)
    return [
        tuple(_to_contact(user, binding, transports, number) for user, binding in group)
        for _, group in groupby(ordered, key=lambda each: each[1].q)
    ]


def peers_of(peers: Sequence[str], number: str, whose: str, transports: Transports) -> list[Group]:
    """A trunk's peers, one after the other, each asked for `number`."""
    return [(_to_peer(peer, number, whose, transports),) for peer in peers]


def _to_contact(user: str, binding: Binding, transports: Transports, number: str | None) -> Way:
    """The way the REGISTER came: through the NAT, on its connection (RFC 5626 §5.3, RFC 5923).

    An INVITE never leaves for another host than that, whatever the Contact says. Path is gone
    through on the way (RFC 3327 §5.1).
    """
    contact = Uri.parse(binding.contact)
    uri = binding.contact
    if number is not None:
        uri = str(Uri("sip", number, contact.host, contact.port, params=contact.params))
    named = read_flow(binding.flow)
    flow = _registered(*named, contact, transports) if named else None
    return Way(uri, flow, user, binding.path)


def _registered(
    transport: str, peer: tuple[str, int], contact: Uri, transports: Transports
) -> Flow | None:
    """The flow that stands; a connection that was lost is only opened to a phone that listens.

    One that keeps its connection for that (`ob`, RFC 5626 §5.4), or speaks WebSocket, cannot be
    reached otherwise.
    """
    known = transports.get(transport)
    if known is None:
        return None
    standing = known.standing(peer)
    if standing is not None:
        return standing
    if not listens(contact, transport, peer):
        return None
    return _flow(transport, (contact.host, contact.port or _DEFAULT_PORTS[transport]), transports)


def listens(contact: Uri, transport: str, peer: tuple[str, int]) -> bool:
    """Whether a phone that registered from `peer` can be connected to anew at its contact."""
    there = contact.host == peer[0] and "ob" not in contact.params
    return there and transport in _DEFAULT_PORTS


def _to_peer(peer: str, number: str, whose: str, transports: Transports) -> Way:
    try:
        address = Uri.parse(f"sip:{peer}")
    except GrammarError:
        return Way(f"sip:{peer}", None, whose)
    uri = Uri("sip", number, address.host, address.port, params={**address.params, "user": "phone"})
    transport = transport_of(address, "UDP")
    port = address.port or _DEFAULT_PORTS.get(transport, 5060)
    return Way(str(uri), _flow(transport, (address.host, port), transports), whose)


def _flow(transport: str, peer: tuple[str, int], transports: Transports) -> Flow | None:
    known = transports.get(transport)
    try:
        host = str(ip_address(peer[0]))
    except ValueError:
        return None
    if known is None or not 0 < peer[1] < 65536:
        return None
    return known.standing((host, peer[1])) or Flow(transport, known.local, (host, peer[1]))
