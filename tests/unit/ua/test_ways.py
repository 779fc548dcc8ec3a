"""Where an INVITE goes: the registered flow and nowhere else, or a trunk's peer."""

import pytest

from ivr.net.transport import Transport
from ivr.sip.events import Flow
from ivr.ua.flows import flow_text, read_flow
from ivr.ua.ways import Way, groups_of, peers_of
from provisioning.contract import Binding

LOCAL = ("192.0.2.1", 5060)


class Wire:
    """A transport with some connections that stand, all with number 7."""

    def __init__(self, name: str, *standing: tuple[str, int]) -> None:
        self.name, self.local = name, LOCAL
        self._standing = standing

    async def listen(self, host: str, port: int) -> None: ...

    def standing(self, peer: tuple[str, int]) -> Flow | None:
        if self.name == "UDP":
            return Flow("UDP", LOCAL, peer)
        return Flow(self.name, LOCAL, peer, 7) if peer in self._standing else None

    def send(self, flow: Flow, data: bytes) -> None: ...

    async def close(self) -> None: ...


def wires(*standing: tuple[str, int]) -> dict[str, Transport]:
    return {name: Wire(name, *standing) for name in ("UDP", "TCP", "TLS", "WS")}


def binding(contact: str, flow: str, q: float = 1.0, path: tuple[str, ...] = ()) -> Binding:
    return Binding(contact, "r", 1, 1e9, flow, q, path)


def way(contact: str, flow: str, *standing: tuple[str, int]) -> Way:
    """The way to the one contact of a user."""
    (group,) = groups_of([("u", binding(contact, flow))], wires(*standing))
    (only,) = group
    return only


def peer_of(found: Way) -> tuple[str, tuple[str, int], int] | None:
    flow = found.flow
    return (flow.transport, flow.peer, flow.connection) if flow is not None else None


@pytest.mark.parametrize(
    ("contact", "flow", "expected"),
    [
        ("sip:u@192.0.2.5:5062", "udp:192.0.2.5:5062", ("UDP", ("192.0.2.5", 5062), 0)),
        # Behind a NAT, and one that names a victim: the REGISTER's source alone.
        ("sip:u@10.0.0.1:5060", "udp:192.0.2.5:40000", ("UDP", ("192.0.2.5", 40000), 0)),
        ("sip:u@198.51.100.9", "udp:192.0.2.5:5062", ("UDP", ("192.0.2.5", 5062), 0)),
        ("sip:u@[2001:db8::5]:5062", "udp:[2001:db8::5]:5062", ("UDP", ("2001:db8::5", 5062), 0)),
        ("sip:u@phone.example.com", "udp:192.0.2.5:5062", ("UDP", ("192.0.2.5", 5062), 0)),
        # No connection stands: only a phone that listens can be asked for one.
        ("sip:u@192.0.2.5:5070", "tcp:192.0.2.5:40000", ("TCP", ("192.0.2.5", 5070), 0)),
        ("sip:u@192.0.2.5", "tls:192.0.2.5:40000", ("TLS", ("192.0.2.5", 5061), 0)),
        ("sip:u@192.0.2.5:5070;ob", "tcp:192.0.2.5:40000", None),
        ("sip:u@10.0.0.1:5070", "tcp:192.0.2.5:40000", None),
        ("sip:u@x.invalid;transport=ws", "ws:192.0.2.5:40000", None),
        ("sip:u@192.0.2.5", "sctp:192.0.2.5:5060", None),
        ("sip:u@192.0.2.5", "nonsense", None),
    ],
)
def test_the_way_to_a_contact(
    contact: str, flow: str, expected: tuple[str, tuple[str, int], int] | None
) -> None:
    found = way(contact, flow)
    assert (found.uri, peer_of(found)) == (contact, expected)


def test_a_connection_that_stands_is_used() -> None:
    found = way("sip:u@10.0.0.1;ob", "ws:192.0.2.5:40000", ("192.0.2.5", 40000))
    assert peer_of(found) == ("WS", ("192.0.2.5", 40000), 7)


def test_contacts_of_one_q_ring_at_once_the_most_wanted_first() -> None:
    contacts = [("a", 0.5), ("b", 1.0), ("a", 1.0), ("b", 0.1)]
    known = [
        (user, binding(f"sip:{number}@192.0.2.5", "udp:192.0.2.5:5060", q))
        for number, (user, q) in enumerate(contacts)
    ]
    groups = groups_of(known, wires())
    assert [[each.uri[4] for each in group] for group in groups] == [["1", "2"], ["0"], ["3"]]
    assert [each.whose for each in groups[0]] == ["b", "a"]


def test_a_path_is_gone_through() -> None:
    path = ("<sip:edge@192.0.2.7;lr>", "<sip:p2@192.0.2.8;lr>")
    known = binding("sip:u@10.0.0.1", "udp:192.0.2.7:5060", path=path)
    ((found,),) = groups_of([("u", known)], wires())
    assert found.routes == path


def test_a_phone_system_is_told_the_number() -> None:
    known = binding("sip:pbx@192.0.2.5:5062;transport=udp", "udp:192.0.2.5:5062")
    ((found,),) = groups_of([("u", known)], wires(), "0312345678")
    assert found.uri == "sip:0312345678@192.0.2.5:5062;transport=udp"


@pytest.mark.parametrize(
    ("peer", "uri", "expected"),
    [
        ("192.0.2.5:5070", "sip:+81@192.0.2.5:5070;user=phone", ("UDP", ("192.0.2.5", 5070), 0)),
        (
            "192.0.2.5;transport=tls",
            "sip:+81@192.0.2.5;transport=tls;user=phone",
            ("TLS", ("192.0.2.5", 5061), 0),
        ),
        ("[2001:db8::5]", "sip:+81@[2001:db8::5];user=phone", ("UDP", ("2001:db8::5", 5060), 0)),
        ("peer.example.com", "sip:+81@peer.example.com;user=phone", None),
        ("not an address", "sip:not an address", None),
    ],
)
def test_the_way_to_a_peer(
    peer: str, uri: str, expected: tuple[str, tuple[str, int], int] | None
) -> None:
    ((found,),) = peers_of([peer], "+81", "trunk:t", wires())
    assert (found.uri, peer_of(found), found.whose) == (uri, expected, "trunk:t")


@pytest.mark.parametrize("peer", [("192.0.2.5", 5060), ("2001:db8::5", 5062)])
def test_a_flow_is_read_as_it_was_written(peer: tuple[str, int]) -> None:
    assert read_flow(flow_text(Flow("TLS", LOCAL, peer))) == ("TLS", peer)


@pytest.mark.parametrize("text", ["", "udp", "udp:", "udp:192.0.2.5", "udp:[::1", "udp:h:99999"])
def test_other_text_names_no_flow(text: str) -> None:
    assert read_flow(text) is None
