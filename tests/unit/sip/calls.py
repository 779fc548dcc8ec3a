"""Calls between two endpoints, brought to where a test begins."""

from __future__ import annotations

from ivr.sip.events import CallReceived
from ivr.sip.session import Session
from ivr.sip.session_table import State
from ivr.sip.settings import EndpointSettings
from tests.support.sip_network import OTHER_SDP, SDP, Network, Node, pair

BOB = "sip:bob@192.0.2.2"


def dial(network: Network, alice: Node, bob: Node, transport: str = "UDP") -> Session:
    return alice.endpoint.invite(
        BOB, alice.flow_to(bob, transport), "<sip:alice@x>", "<sip:bob@x>", SDP, network.now
    )


def talking(transport: str = "UDP") -> tuple[Network, Node, Node, Session, Session]:
    """An established call: the network, both nodes, the caller's session and the callee's."""
    network, alice, bob = pair()
    ours = dial(network, alice, bob, transport)
    network.run()
    theirs = bob.one(CallReceived).session
    theirs.answer(OTHER_SDP, network.now)
    network.run()
    assert (ours.state, theirs.state) == (State.CONFIRMED, State.CONFIRMED)
    return network, alice, bob, ours, theirs


def ringing_call(
    settings: EndpointSettings | None = None,
) -> tuple[Network, Node, Node, Session, Session]:
    """A call that was offered and not answered."""
    network, alice, bob = pair(settings)
    ours = dial(network, alice, bob)
    network.run()
    return network, alice, bob, ours, bob.one(CallReceived).session
