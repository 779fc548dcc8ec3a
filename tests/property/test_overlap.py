"""Digit by digit: every beginning of a number may become one, and a number once complete is one."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.overlap import Extent, extent
from ivr.numbering.plan import NUMBERED, CallerIdPrefix, Kind, parse
from provisioning.contract import Profile
from provisioning.profiles.store import ProfileFiles

PROFILES = ProfileFiles.load()
ANY_TEXT = st.text() | st.text(alphabet="0123456789*#+%;=-.() :abtelphone", max_size=80)
NUMBERS = st.from_regex(r"0[1-9][0-9]{8,9}", fullmatch=True).filter(
    lambda digits: parse(digits).kind in NUMBERED
)
PREFIXES = st.sampled_from(["", *(prefix.value for prefix in CallerIdPrefix)])


@given(ANY_TEXT, st.sampled_from(Profile))
def test_every_text_has_an_extent(text: str, profile: Profile) -> None:
    assert extent(text, PROFILES.of(profile)) in Extent


@given(NUMBERS, PREFIXES, st.sampled_from(Profile))
def test_a_number_grows_digit_by_digit(digits: str, prefix: str, profile: Profile) -> None:
    offered = PROFILES.of(profile)
    whole = prefix + digits
    extents = [extent(whole[:length], offered) for length in range(len(whole) + 1)]
    assert extents == [Extent.INCOMPLETE] * len(whole) + [Extent.COMPLETE]
    assert extent(whole + "1", offered) is Extent.IMPOSSIBLE


@given(st.text("0123456789*#", max_size=16), st.sampled_from(Profile))
def test_what_is_impossible_stays_so(digits: str, profile: Profile) -> None:
    offered = PROFILES.of(profile)
    if extent(digits, offered) is Extent.IMPOSSIBLE:
        assert extent(digits + "0", offered) is Extent.IMPOSSIBLE


@given(st.text("0123456789*#", max_size=16), st.sampled_from(Profile))
def test_what_is_incomplete_is_no_number_yet(digits: str, profile: Profile) -> None:
    offered = PROFILES.of(profile)
    if extent(digits, offered) is Extent.INCOMPLETE:
        assert digits not in offered.services
        assert parse(digits).kind in {
            Kind.INVALID,
            Kind.SHORT,
            Kind.CARRIER_PREFIX,
            Kind.INTERNATIONAL,
        }
