"""Whether a call is forwarded, against a model that looks at every condition by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.diversion import CAUSES, MEETS, Happened, Redirection, redirection
from ivr.sip.diverted import Cause
from provisioning.contract import (
    E164,
    Access,
    Condition,
    Diversion,
    Diversions,
    ForwardingRules,
    Profile,
)
from provisioning.profiles.store import ProfileFiles

PROFILES = ProfileFiles.load()
TARGETS = [E164("+81312345678"), E164("+81612345678"), E164("+819011112222")]

diversion = st.builds(Diversion, st.booleans(), st.none() | st.sampled_from(TARGETS))
settings = st.builds(Diversions, diversion, diversion, diversion, diversion)
rules = st.sampled_from([PROFILES.of(profile).forwarding for profile in Profile]) | st.builds(
    ForwardingRules,
    st.lists(st.sampled_from(Condition), unique=True).map(tuple),
    st.booleans(),
    st.booleans(),
    st.frozensets(st.sampled_from(Access)),
)
happenings = st.sets(st.sampled_from(Happened))


def applies(condition: Condition, rules: ForwardingRules, happened: set[Happened]) -> bool:
    if condition is Condition.CFU:
        return True
    if condition is Condition.CFNRC:
        return Happened.UNREACHABLE in happened
    if condition is Condition.CFB:
        return Happened.BUSY in happened
    if Happened.NO_ANSWER in happened:
        return True
    return rules.unreachable_is_no_answer and Happened.UNREACHABLE in happened


@pytest.mark.rule("FWD-04")
@pytest.mark.rule("FWD-05")
@given(settings, rules, happenings, st.sampled_from(Access))
def test_the_first_active_condition_that_applies_decides(
    diversions: Diversions, rules: ForwardingRules, happened: set[Happened], access: Access
) -> None:
    expected = None
    if access in rules.accesses:
        for condition in reversed(rules.precedence):
            one = diversions.on(condition)
            if one.active and one.target and applies(condition, rules, happened):
                expected = Redirection(condition, one.target)
    assert redirection(diversions, rules, happened, access=access) == expected


EVERYTHING = Diversions(
    always=Diversion(True, TARGETS[0]),
    unreachable=Diversion(True, TARGETS[1]),
    busy=Diversion(True, TARGETS[2]),
    no_answer=Diversion(True, TARGETS[0]),
)
EVERY = set(Happened)


@pytest.mark.rule("FWD-04")
@pytest.mark.rule("FWD-05")
@pytest.mark.parametrize("carrier", [Profile.AU, Profile.RAKUTEN])
def test_all_comes_before_unreachable_before_busy_before_no_answer(carrier: Profile) -> None:
    rules, left, order = PROFILES.of(carrier).forwarding, EVERYTHING, []
    while found := redirection(left, rules, EVERY):
        order.append(found.condition)
        left = left.but({found.condition: Diversion()})
    assert order == [Condition.CFU, Condition.CFNRC, Condition.CFB, Condition.CFNR]


@pytest.mark.rule("FWD-04")
@pytest.mark.parametrize("happened", [set(), {Happened.BUSY}, EVERY])
def test_a_call_on_link_is_never_forwarded(happened: set[Happened]) -> None:
    rules = PROFILES.of(Profile.RAKUTEN).forwarding
    assert redirection(EVERYTHING, rules, happened, access=Access.OS) is not None
    assert redirection(EVERYTHING, rules, happened, access=Access.LINK) is None


@pytest.mark.rule("FWD-05")
@pytest.mark.parametrize(
    ("carrier", "happened", "condition"),
    [
        (Profile.DOCOMO, Happened.UNREACHABLE, Condition.CFNR),
        (Profile.DOCOMO, Happened.NO_ANSWER, Condition.CFNR),
        (Profile.DOCOMO, Happened.BUSY, None),
        (Profile.AU, Happened.UNREACHABLE, Condition.CFNR),
        (Profile.NTT, Happened.UNREACHABLE, Condition.CFNR),
        (Profile.RAKUTEN, Happened.UNREACHABLE, None),
    ],
)
def test_what_no_answer_takes_along(
    carrier: Profile, happened: Happened, condition: Condition | None
) -> None:
    only = Diversions(no_answer=Diversion(True, TARGETS[0]))
    found = redirection(only, PROFILES.of(carrier).forwarding, {happened})
    assert (found.condition if found else None) is condition


def test_every_condition_has_a_cause_of_its_own() -> None:
    assert set(CAUSES) == {Condition.CFU, *MEETS.values()} == set(Condition)
    assert {Cause(cause) for cause in CAUSES.values()} == {
        Cause.UNCONDITIONAL,
        Cause.UNREACHABLE,
        Cause.BUSY,
        Cause.NO_REPLY,
    }
