"""Whatever is dialled: what may leave, what never does, and who is reached from outside."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.plan import EMERGENCY_NUMBERS, CallerIdPrefix, Kind, parse
from ivr.numbering.route import (
    AssignedLine,
    Emergency,
    Incomplete,
    SuspendedLine,
    ToTrunk,
    Unassigned,
    route,
    route_inward,
)
from provisioning.contract import Profile
from provisioning.profiles.store import ProfileFiles
from tests.support.fakes import InMemoryDirectory
from tests.support.scripted_call import DOCOMO, LINES
from tests.unit.numbering.test_route import OUTSIDE

PROFILES = ProfileFiles.load()
DIRECTORY = InMemoryDirectory(LINES)
DIALLED = (
    st.text()
    | st.text(alphabet="0123456789*#+%;=-.() :abtelphone", max_size=40)
    | st.text(alphabet="0123456789#", max_size=24)
)
BEFORE = st.lists(
    st.sampled_from(["184", "186", "0033", "002012", "-", " ", "tel:"]), max_size=3
).map("".join)
HOME = {Kind.INVALID, Kind.FREEPHONE, Kind.EMERGENCY, Kind.LAB_TEST, Kind.SHORT}


@given(DIALLED, st.sampled_from(Profile), st.booleans())
def test_only_numbers_of_others_leave(dialled: str, profile: Profile, overlap: bool) -> None:
    found = route(dialled, DOCOMO, PROFILES.of(profile), DIRECTORY, OUTSIDE, overlap=overlap)
    if isinstance(found.destination, ToTrunk):
        assert found.dialled.kind not in HOME
        assert found.dialled.digits not in EMERGENCY_NUMBERS
        assert found.dialled.e164 is None or DIRECTORY.line(found.dialled.e164) is None


@given(BEFORE, st.sampled_from(sorted(EMERGENCY_NUMBERS)), st.booleans())
def test_no_prefix_takes_an_emergency_call_out(before: str, number: str, overlap: bool) -> None:
    profile = PROFILES.of(Profile.DOCOMO)
    found = route(before + number, DOCOMO, profile, DIRECTORY, OUTSIDE, overlap=overlap)
    leaves = isinstance(found.destination, ToTrunk)
    assert not leaves
    if parse(before + number).kind is Kind.EMERGENCY:
        assert found.destination == Emergency()


@given(DIALLED, st.sampled_from(Profile))
def test_whole_numbers_are_routed_alike_digit_by_digit(dialled: str, profile: Profile) -> None:
    """A phone that dials digit by digit reaches what others reach, or is asked for more."""
    offered = PROFILES.of(profile)
    whole = route(dialled, DOCOMO, offered, DIRECTORY, OUTSIDE).destination
    slow = route(dialled, DOCOMO, offered, DIRECTORY, OUTSIDE, overlap=True).destination
    ended = "#" in dialled or "%23" in dialled
    assert slow == whole or isinstance(slow, Incomplete) or ended


@given(DIALLED, st.sampled_from(list(CallerIdPrefix)))
def test_from_outside_lines_are_reached_and_nothing_else(
    dialled: str, prefix: CallerIdPrefix
) -> None:
    for each in (dialled, prefix.value + dialled):
        destination = route_inward(each, DIRECTORY).destination
        assert isinstance(destination, AssignedLine | SuspendedLine | Unassigned | Emergency)
