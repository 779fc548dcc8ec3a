"""Phones that are gone while they are called: the call goes on at once (fault 14).

Each line forwards after a minute of ringing, and at once when its phone cannot be reached.
"""

from contextlib import closing

import pytest

from tests.interop import journeys, lines
from tests.interop.lines import TestLine
from tests.interop.room import BOB_HZ, CAROL_HZ, Room
from tests.interop.talkers import talk
from tests.interop.test_line_rules import converse, forwarding, to
from tests.support.waiting import until
from tests.support.wire import WirePhone

pytestmark = [
    pytest.mark.interop,
    pytest.mark.listens,
    pytest.mark.rule("CALL-01"),
    pytest.mark.rule("FWD-05"),
]

GONE, DYING, TARGET = lines.CROWD[61], lines.CROWD[62], lines.CODES


def failed_leg(room: Room, gone: TestLine) -> tuple[str, int]:
    """Cause and status of the leg to the phone that was gone."""
    until(lambda: len(room.legs(gone.number)) == 3, "the records of all legs")
    leg = room.legs(gone.number)[1]
    return leg["cause"], leg["sip_status"]


def test_a_closed_port_is_known_from_its_host(room: Room) -> None:
    """503 is said of the ICMP error; a phone that is merely silent is given up as 408."""
    alice, target = room.pjsua2(), room.pjsua2(TARGET, BOB_HZ)
    with closing(WirePhone(room.carrier.address, GONE.number, GONE.password)) as phone:
        assert phone.register().status == 200
    with forwarding(room.carrier, GONE, no_answer=to(TARGET), ring_time_s=60):
        converse(alice, GONE.number, target)
    assert failed_leg(room, GONE) == ("absent", 503)


def test_a_phone_that_dies_while_it_rings_on_its_connection_rings_no_more(room: Room) -> None:
    alice, target = room.pjsua2(), room.pjsua2(TARGET, BOB_HZ)
    dying = room.pjsua2(DYING, CAROL_HZ, tcp=True)
    with forwarding(room.carrier, DYING, no_answer=to(TARGET), ring_time_s=60):
        alice.dial(DYING.number)
        dying.wait_rung()
        dying.phone.program.kill()
        target.take()
        alice.speak()
        talk(alice, target)
        alice.hang_up()
        target.wait_ended()
    assert failed_leg(room, DYING) == ("absent", 503)
    assert journeys.registrations(room.carrier, DYING) == []
