"""Where a number leads whom."""

from dataclasses import replace

import pytest

from ivr.numbering.route import (
    AssignedLine,
    Destination,
    Emergency,
    OtherNetwork,
    Service,
    SuspendedCaller,
    SuspendedLine,
    Unassigned,
    route,
)
from provisioning.contract import CarrierProfile, Line, LineStatus, Profile, RingTimes
from tests.support.fakes import InMemoryDirectory
from tests.support.scripted_call import DOCOMO, LINES, NTT, SUSPENDED

PROFILE = CarrierProfile(Profile.DOCOMO, {"1429": "forwarding-menu"}, RingTimes(0, 120, 15))
DIRECTORY = InMemoryDirectory(LINES)

pytestmark = pytest.mark.rule("LINE-04")


@pytest.mark.parametrize(
    ("caller", "dialled", "destination"),
    [
        (DOCOMO, "1429", Service("forwarding-menu")),
        (DOCOMO, "1841429", Service("forwarding-menu")),
        (DOCOMO, "1428", Unassigned()),
        (DOCOMO, "14290", Unassigned()),
        (DOCOMO, "0300000003", AssignedLine(NTT)),
        (DOCOMO, "+81300000003", AssignedLine(NTT)),
        (DOCOMO, "09000000006", SuspendedLine(SUSPENDED)),
        (DOCOMO, "09000000001", AssignedLine(DOCOMO)),
        (DOCOMO, "09099999999", Unassigned()),
        (DOCOMO, "0120000003", Unassigned()),
        (DOCOMO, "+12125551234", OtherNetwork()),
        (DOCOMO, "0033010123456", OtherNetwork()),
        (DOCOMO, "110", Emergency()),
        (DOCOMO, "", Unassigned()),
        (SUSPENDED, "1429", SuspendedCaller()),
        (SUSPENDED, "0300000003", SuspendedCaller()),
        (SUSPENDED, "110", Emergency()),
    ],
)
def test_destinations(caller: Line, dialled: str, destination: Destination) -> None:
    assert route(dialled, caller, PROFILE, DIRECTORY).destination == destination


NUMBERED = replace(PROFILE, services={"1420": "stop", "14": "menu"}, numbered={"1424": "forward"})


@pytest.mark.rule("FWD-02")
@pytest.mark.parametrize(
    ("dialled", "destination"),
    [
        ("14240312345678", Service("forward", "0312345678")),
        ("1424-03-1234-5678", Service("forward", "0312345678")),
        ("1841424110", Service("forward", "110")),
        ("1424*#", Service("forward", "*#")),
        ("1424", Service("forward")),
        ("1420", Service("stop")),
        ("14200312345678", Unassigned()),
        ("14230312345678", Unassigned()),
        ("1424+81312345678", Unassigned()),
        ("142", Unassigned()),
    ],
)
def test_a_number_may_follow_the_code(dialled: str, destination: Destination) -> None:
    assert route(dialled, DOCOMO, NUMBERED, DIRECTORY).destination == destination


def test_the_prefix_is_remembered_with_the_route() -> None:
    assert route("1840300000003", DOCOMO, PROFILE, DIRECTORY).dialled.prefix == "184"


def test_an_emergency_number_is_no_service_even_where_a_profile_says_so() -> None:
    profile = replace(PROFILE, services={"119": "forwarding-menu"})
    assert route("119", DOCOMO, profile, DIRECTORY).destination == Emergency()


def test_a_line_s_status_decides_and_nothing_is_remembered() -> None:
    back = replace(SUSPENDED, status=LineStatus.ACTIVE)
    assert route("09000000006", DOCOMO, PROFILE, InMemoryDirectory([back])).destination == (
        AssignedLine(back)
    )
