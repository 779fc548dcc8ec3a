"""Which access rings and which one a number leaves through."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.access import IOS_HANDSET, leaves_through, ringing
from ivr.numbering.plan import parse
from provisioning.contract import Access, Profile
from provisioning.profiles.store import ProfileFiles
from tests.support.scripted_call import DOCOMO, RAKUTEN

LINK, OS = Access.LINK, Access.OS
IOS = replace(RAKUTEN, options=frozenset({IOS_HANDSET}))
PROFILES = ProfileFiles.load()


def rings_by_the_rule(*, ios: bool, caller_on_link: bool, registered: bool, stable: bool) -> Access:
    """LINE-03, sentence by sentence."""
    if caller_on_link and registered and stable:
        return LINK
    if not caller_on_link and ios:
        return OS
    if not registered:
        return OS
    return LINK if stable else OS


@pytest.mark.rule("LINE-03")
@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_the_access_that_rings_in_the_end(
    ios: bool, caller_on_link: bool, registered: bool, stable: bool
) -> None:
    reachable = {OS, LINK} if registered and stable else {OS}
    order = ringing(IOS if ios else RAKUTEN, {LINK, OS}, from_link=caller_on_link)
    rings = next(access for access in order if access in reachable)
    assert rings is rings_by_the_rule(
        ios=ios, caller_on_link=caller_on_link, registered=registered, stable=stable
    )


@pytest.mark.rule("LINE-03")
@pytest.mark.parametrize("from_link", [True, False])
def test_a_line_without_link_rings_its_phones(from_link: bool) -> None:
    assert ringing(DOCOMO, {OS}, from_link=from_link) == (OS,)
    assert ringing(IOS, set(), from_link=from_link) == (OS,)


@pytest.mark.rule("LINK-02")
@pytest.mark.parametrize(
    ("dialled", "excluded"),
    [
        ("0570012345", True),
        ("1840570012345", True),
        ("0180123456", True),
        ("188", True),
        ("171", True),
        ("1417", True),
        ("%237119", True),
        ("#9110", True),
        ("184#8000", True),
        ("1880", False),
        ("0312345678", False),
        ("09000000001", False),
        ("#7110", False),
        ("", False),
    ],
)
def test_numbers_that_are_never_links(dialled: str, excluded: bool) -> None:
    profile = PROFILES.of(Profile.RAKUTEN)
    understood = parse(dialled)
    assert profile.is_excluded(understood.digits) is excluded
    assert leaves_through(understood, LINK, profile) is (OS if excluded else LINK)
    assert leaves_through(understood, OS, profile) is OS


@pytest.mark.rule("LINK-02")
def test_a_carrier_without_link_excludes_nothing() -> None:
    assert not PROFILES.of(Profile.DOCOMO).is_excluded("0570012345")
