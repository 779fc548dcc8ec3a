"""INFO that says nothing to us: the other party of the call is asked (RFC 6086)."""

import pytest

from ivr.sip.events import CallReceived, ForeignInfoReceived, InfoReceived
from ivr.sip.session import Session
from ivr.sip.settings import EndpointSettings
from tests.support.sip_network import OTHER_SDP, SDP, Network, Node
from tests.unit.sip.calls import talking

WITHOUT_INFO = EndpointSettings(allow=("INVITE", "ACK", "BYE", "CANCEL"))
XML = "application/media_control+xml"


def third(
    network: Network, bob: Node, settings: EndpointSettings | None = None
) -> tuple[Node, Session]:
    """A third party whom bob calls: its node, and bob's session with it."""
    carol = network.node("carol", "192.0.2.3", settings)
    session = bob.endpoint.invite(
        "sip:carol@192.0.2.3", bob.flow_to(carol), "<sip:bob@x>", "<sip:carol@x>", SDP, network.now
    )
    network.run()
    carol.one(CallReceived).session.answer(OTHER_SDP, network.now)
    network.run()
    return carol, session


@pytest.mark.parametrize("lost", [False, True])
def test_it_is_passed_on_and_the_answer_comes_back(lost: bool) -> None:
    network, _, bob, ours, _ = talking()
    carol, session = third(network, bob)
    ours.info(XML, b"<x/>", network.now)
    network.run()
    bob.one(ForeignInfoReceived).info.pass_on(session, network.now)
    network.run()
    asked = carol.one(ForeignInfoReceived).info
    assert asked.request.body == b"<x/>"
    assert str(asked.request.content_type) == XML
    if lost:
        network.lose = lambda sender, message, nth: sender is carol
    asked.refuse(network.now)
    network.run(40)
    told = bob.responses(504 if lost else 415, "INFO")
    assert len({each.to_tag for each in told}) == 1
    network.lose = lambda sender, message, nth: False
    network.run()
    assert bob.all(InfoReceived) == carol.all(InfoReceived) == []


def test_a_package_is_passed_on_with_its_name_and_what_is_taken_instead_comes_back() -> None:
    network, _, bob, ours, _ = talking()
    carol, session = third(network, bob)
    ours.core.send_in_dialog(
        ours.require_dialog(),
        "INFO",
        ours.careless(ours.require_dialog()),
        network.now,
        headers=[("Info-Package", "conference"), ("Content-Disposition", "info-package")],
        body=b"<x/>",
        content_type=XML,
    )
    network.run()
    bob.one(ForeignInfoReceived).info.pass_on(session, network.now)
    network.run()
    asked = carol.one(ForeignInfoReceived).info
    assert asked.request.headers.get("Info-Package") == "conference"
    assert asked.request.headers.get("Content-Disposition") == "info-package"
    asked.refuse(network.now)
    network.run()
    (refusal,) = bob.responses(469, "INFO")
    assert refusal.headers.get("Recv-Info") == ""


def test_who_takes_no_info_is_not_asked() -> None:
    network, _, bob, ours, _ = talking()
    carol, session = third(network, bob, WITHOUT_INFO)
    ours.info(XML, b"<x/>", network.now)
    network.run()
    bob.one(ForeignInfoReceived).info.pass_on(session, network.now)
    network.run()
    assert carol.all(ForeignInfoReceived) == []
    (refusal,) = bob.responses(415, "INFO")
    assert refusal.headers.get("Accept") == "application/dtmf-relay, application/dtmf"


def test_who_hung_up_meanwhile_is_told_nothing_more() -> None:
    network, alice, bob, ours, _ = talking()
    carol, session = third(network, bob)
    ours.info(XML, b"<x/>", network.now)
    network.run()
    bob.one(ForeignInfoReceived).info.pass_on(session, network.now)
    ours.hang_up(network.now)
    network.run()
    carol.one(ForeignInfoReceived).info.refuse(network.now)
    session.hang_up(network.now)
    network.run_out()
    for node in (alice, bob, carol):
        assert node.endpoint.census() == (0, 0, 0, 0)
