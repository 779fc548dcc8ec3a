"""Where a number leads whom."""

from dataclasses import replace

import pytest

from ivr.numbering.route import (
    AssignedLine,
    Destination,
    Emergency,
    Incomplete,
    OtherNetwork,
    Service,
    SuspendedCaller,
    SuspendedLine,
    ToTrunk,
    Unassigned,
    route,
    route_inward,
)
from provisioning.contract import (
    E164,
    CarrierProfile,
    Line,
    LineStatus,
    Profile,
    RingTimes,
    Trunk,
    TrunkAccount,
    TrunkClass,
    TrunkLogin,
)
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


FIXED = Trunk("fixed", TrunkClass.FIXED)
ABROAD = Trunk("abroad", TrunkClass.INTERNATIONAL)


class EveryTrunk:
    """Other carriers that would take any number whatever."""

    def of(self, name: str) -> Trunk | None:
        return {FIXED.name: FIXED, ABROAD.name: ABROAD}.get(name)

    def toward(self, digits: str) -> Trunk | None:
        return ABROAD if digits.startswith("+") else FIXED

    def login(self, name: str) -> TrunkLogin | None:
        return None

    def from_peer(self, host: str, port: int, transport: str = "UDP") -> Trunk | None:
        return None

    def account(self, user: str) -> TrunkAccount | None:
        return None


OUTSIDE = EveryTrunk()


@pytest.mark.parametrize(
    ("caller", "dialled", "destination"),
    [
        (DOCOMO, "0312345678", ToTrunk(FIXED)),
        (DOCOMO, "+81312345678", ToTrunk(FIXED)),
        (DOCOMO, "1840312345678", ToTrunk(FIXED)),
        (DOCOMO, "09099999999", ToTrunk(FIXED)),
        (DOCOMO, "05099999999", ToTrunk(FIXED)),
        (DOCOMO, "0570123456", ToTrunk(FIXED)),
        (DOCOMO, "0033010123456", ToTrunk(FIXED)),
        (DOCOMO, "117", Unassigned()),
        (DOCOMO, "184184110", Emergency()),
        (DOCOMO, "+12125551234", ToTrunk(ABROAD)),
        (DOCOMO, "01012125551234", ToTrunk(ABROAD)),
        (DOCOMO, "01081312345678", OtherNetwork()),
        (DOCOMO, "0120000003", Unassigned()),
        (DOCOMO, "08000000003", Unassigned()),
        (DOCOMO, "000999", Unassigned()),
        (DOCOMO, "031234", Unassigned()),
        (DOCOMO, "", Unassigned()),
        (DOCOMO, "0300000003", AssignedLine(NTT)),
        (DOCOMO, "09000000006", SuspendedLine(SUSPENDED)),
        (DOCOMO, "1429", Service("forwarding-menu")),
        (SUSPENDED, "0312345678", SuspendedCaller()),
    ],
)
def test_a_number_that_no_line_has_leaves_by_a_trunk(
    caller: Line, dialled: str, destination: Destination
) -> None:
    assert route(dialled, caller, PROFILE, DIRECTORY, OUTSIDE).destination == destination


@pytest.mark.parametrize("number", ["110", "118", "119"])
@pytest.mark.parametrize(
    "written",
    ["{}", "184{}", "186{}", "0033{}", "002012{}", "00330033{}", "0033184{}", "tel:{}", "{}-"],
)
def test_an_emergency_number_never_leaves(written: str, number: str) -> None:
    dialled = written.format(number)
    assert route(dialled, DOCOMO, PROFILE, DIRECTORY, OUTSIDE).destination == Emergency()


def test_a_service_number_of_another_carrier_is_no_line_even_where_one_has_it() -> None:
    premium = replace(DOCOMO, number=E164("+81570000001"))
    found = route("0570000001", DOCOMO, PROFILE, InMemoryDirectory([premium]))
    assert found.destination == Unassigned()


@pytest.mark.parametrize(
    ("dialled", "destination"),
    [
        ("031234567", Incomplete()),
        ("0312345678", ToTrunk(FIXED)),
        ("03123456789", Unassigned()),
        ("0300000003", AssignedLine(NTT)),
        ("010121255", Incomplete()),
        ("01012125551234", Incomplete()),
        ("01012125551234#", ToTrunk(ABROAD)),
        ("+12125551234", ToTrunk(ABROAD)),
        ("0312#", Unassigned()),
        ("0033031234567", Incomplete()),
        ("00330312345678", ToTrunk(FIXED)),
        ("142", Incomplete()),
        ("1429", Service("forwarding-menu")),
        ("14241", Incomplete()),
        ("1424110", Service("forward", "110")),
        ("11", Incomplete()),
        ("110", Emergency()),
        ("", Incomplete()),
        ("0312;phone-context=+81", Unassigned()),
    ],
)
def test_digit_by_digit(dialled: str, destination: Destination) -> None:
    profile = replace(PROFILE, numbered={"1424": "forward"})
    found = route(dialled, DOCOMO, profile, DIRECTORY, OUTSIDE, overlap=True)
    assert found.destination == destination


def test_a_suspended_line_is_told_so_at_its_first_digit() -> None:
    found = route("0", SUSPENDED, PROFILE, DIRECTORY, overlap=True)
    assert found.destination == SuspendedCaller()


@pytest.mark.parametrize(
    ("dialled", "destination"),
    [
        ("0300000003", AssignedLine(NTT)),
        ("+81300000003", AssignedLine(NTT)),
        ("09000000006", SuspendedLine(SUSPENDED)),
        ("0312345678", Unassigned()),
        ("+12125551234", Unassigned()),
        ("0033010123456", Unassigned()),
        ("1429", Unassigned()),
        ("0120000003", Unassigned()),
        ("110", Emergency()),
        ("", Unassigned()),
    ],
)
def test_another_carrier_reaches_lines_and_nothing_else(
    dialled: str, destination: Destination
) -> None:
    assert route_inward(dialled, DIRECTORY).destination == destination


OWN = E164("+815009991417")
NUMBERS = {OWN: "voicemail-remote"}


@pytest.mark.rule("VM-03")
def test_a_number_of_the_network_s_own_is_a_service_for_everybody() -> None:
    for_lines = route("05009991417", DOCOMO, PROFILE, DIRECTORY, numbers=NUMBERS)
    for_others = route_inward("+815009991417", DIRECTORY, NUMBERS)
    assert for_lines.destination == for_others.destination == Service("voicemail-remote")
    assert route_inward("05009991418", DIRECTORY, NUMBERS).destination == Unassigned()
