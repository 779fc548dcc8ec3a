"""Every way a call does not come about has its talkie or tone."""

from typing import get_args

import pytest

from ivr.call.party import JoinEnd, Ring, Rung
from ivr.call.ringing import JOIN_ENDS
from ivr.flows import talkies
from ivr.flows.line_call import HAPPENED
from ivr.numbering.diversion import Happened
from ivr.numbering.route import (
    AssignedLine,
    Destination,
    Incomplete,
    Service,
    ToFreephone,
    ToTrunk,
)

pytestmark = pytest.mark.rule("LINE-05")

SERVED = {Service, AssignedLine, ToTrunk, ToFreephone, Incomplete}
"""Where a number leads that gets no talkie at once."""


def test_every_destination_that_is_not_served_has_one() -> None:
    assert talkies.TALKIES.keys() == set(get_args(Destination)) - SERVED


def test_every_end_of_ringing_but_the_answer_has_one() -> None:
    assert talkies.RINGS.keys() == set(Ring) - {Ring.ANSWERED}
    assert JOIN_ENDS.keys() == set(JoinEnd)


def test_every_happening_of_forwarding_is_an_end_of_ringing() -> None:
    assert set(HAPPENED.values()) == set(Happened)


def test_every_final_response_is_one_that_refuses() -> None:
    said = [*talkies.TALKIES.values(), *talkies.RINGS.values(), talkies.LOOP, talkies.TOO_FAR]
    assert all(400 <= talkie.status <= 699 for talkie in said)
    assert all(400 <= status <= 699 for status in talkies.PASSED_ON)


@pytest.mark.parametrize("status", [301, 302, 401, 407, 421, 500, 502, 699])
def test_what_is_between_carriers_is_not_passed_on(status: int) -> None:
    passed = talkies.passed_on(Rung(Ring.DECLINED, status))
    assert passed == 603


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize("status", [482, 483])
def test_a_call_that_goes_round_between_carriers_went_too_far(status: int) -> None:
    """RFC 3261 §21.4.20 and §21.4.21."""
    rung = Rung(Ring.DECLINED, status)
    assert talkies.of_trunk(rung) == talkies.TOO_FAR
    assert talkies.passed_on(rung) == 480
