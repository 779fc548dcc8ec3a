"""What TLS and WebSocket change for the core: our Contact, and where requests in a dialog go."""

import pytest

from ivr.sip.core import Core
from ivr.sip.dialog import Dialog
from ivr.sip.events import CallReceived, Flow
from ivr.sip.settings import EndpointSettings
from tests.support.sip_network import OTHER_SDP, SDP, pair

LOCAL, PEER = ("192.0.2.1", 5061), ("198.51.100.7", 40001)


def core() -> Core:
    return Core(EndpointSettings(), lambda: "token", lambda: 0.5)


def dialog(flow: Flow, target: str) -> Dialog:
    parties = ("<sip:a@x>", "1"), ("<sip:b@x>", "2")
    return Dialog("call", *parties, target, [], flow)


@pytest.mark.parametrize(
    ("transport", "sips", "contact"),
    [
        ("TLS", False, "<sip:192.0.2.1:5061;transport=tls>"),
        ("TLS", True, "<sips:192.0.2.1:5061;transport=tls>"),
        ("WS", False, "<sip:192.0.2.1:5061;transport=ws>"),
        ("WSS", False, "<sip:192.0.2.1:5061;transport=ws>"),
        ("WSS", True, "<sips:192.0.2.1:5061;transport=ws>"),
    ],
)
def test_our_contact_names_the_transport(transport: str, sips: bool, contact: str) -> None:
    assert core().contact(Flow(transport, LOCAL, PEER, 3), sips=sips) == contact


@pytest.mark.parametrize(
    ("target", "transport", "scheme"),
    [
        ("sips:bob@192.0.2.2", "TLS", "sips"),
        ("SIPS:bob@192.0.2.2", "TLS", "sips"),
        ("sip:bob@192.0.2.2", "TLS", "sip"),
        ("sip:bob@192.0.2.2", "UDP", "sip"),
    ],
)
def test_a_call_by_sips_stays_so(target: str, transport: str, scheme: str) -> None:
    network, alice, bob = pair()
    flow = alice.flow_to(bob, transport)
    alice.endpoint.invite(target, flow, "<sip:alice@x>", "<sip:bob@x>", SDP, network.now)
    network.run()
    bob.one(CallReceived).session.answer(OTHER_SDP, network.now)
    network.run()
    (invite,), (answer,) = alice.requests("INVITE"), bob.responses(200, "INVITE")
    assert invite.contacts[0].uri.scheme == scheme
    assert answer.contacts[0].uri.scheme == scheme
    assert invite.via.transport == transport


@pytest.mark.parametrize("header", ["Record-Route", "Contact"])
def test_a_peer_that_shows_itself_by_sips_is_answered_so(header: str) -> None:
    network, alice, bob = pair()
    sent = alice.endpoint.invite(
        "sip:bob@192.0.2.2",
        alice.flow_to(bob, "TLS"),
        "<sip:alice@x>",
        "<sip:bob@x>",
        SDP,
        network.now,
    )
    fields = sent.request.headers
    fields.set(header, "<sips:alice@192.0.2.1;lr>")
    alice.endpoint.take_transmits()
    bob.endpoint.receive(sent.request.encode(), bob.flow_to(alice, "TLS"), network.now)
    network.run()
    bob.one(CallReceived).session.answer(OTHER_SDP, network.now)
    network.run()
    assert bob.responses(200, "INVITE")[0].contacts[0].uri.scheme == "sips"


@pytest.mark.parametrize("transport", ["WS", "WSS"])
@pytest.mark.parametrize("target", ["sip:b@192.0.2.99:5060", "sip:b@x.invalid;transport=ws"])
def test_a_websocket_is_never_left(transport: str, target: str) -> None:
    own = Flow(transport, LOCAL, PEER, 3)
    assert core().flow_toward(dialog(own, target)) == own


@pytest.mark.parametrize(
    ("target", "follows"),
    [
        ("sip:b@198.51.100.7:5070;transport=tls", True),
        ("sips:b@198.51.100.7:5070", True),
        ("sip:b@10.0.0.9:5061;transport=tls;ob", True),
        ("sip:b@10.0.0.9:5061;transport=tls", False),
    ],
)
def test_the_peers_connection_is_used_again(target: str, follows: bool) -> None:
    own = Flow("TLS", LOCAL, PEER, 3)
    assert (core().flow_toward(dialog(own, target)) == own) is follows


@pytest.mark.parametrize(
    "host", ["224.0.0.1", "255.255.255.255", "0.0.0.0", "[ff02::1]", "[::ffff:239.1.1.1]"]
)
def test_a_contact_that_is_nobodys_address_is_reached_on_its_flow(host: str) -> None:
    """No BYE of ours goes to a multicast group because a phone says so."""
    own = Flow("UDP", LOCAL, PEER)
    assert core().flow_toward(dialog(own, f"sip:b@{host}:5060")) == own
