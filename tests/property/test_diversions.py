"""Diversions under any sequence of changes."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.plan import FORWARDING_ABROAD, NotForwardable, forwardable, parse
from provisioning.contract import (
    E164,
    CarrierProfile,
    Condition,
    ContractError,
    Diversion,
    Diversions,
    Line,
    Location,
    OutOfRange,
    Profile,
)
from provisioning.forwarding import model
from provisioning.profiles.store import ProfileFiles

LINE = E164("+819000000001")
PROFILES = ProfileFiles.load()

numbers = st.one_of(
    st.just(LINE),
    st.from_regex(r"\A\+81(120|800|570|180|[1-9][0-9]|[5-9]0)[0-9]{6,9}\Z").map(E164),
    st.text(max_size=20).map(E164),
)
some = st.sets(st.sampled_from(Condition), min_size=1)


def changes(profile: CarrierProfile) -> st.SearchStrategy[Callable[[Diversions], Diversions]]:
    """Whatever one may ask of a line of a carrier, sensible or not."""
    rules = profile.forwarding

    def aimed(target: E164, conditions: set[Condition]) -> Callable[[Diversions], Diversions]:
        return lambda old: model.aimed(old, rules, model.checked(target, LINE), conditions)

    return st.one_of(
        some.map(lambda conditions: lambda old: model.started(old, rules, conditions)),
        st.just(model.stopped),
        st.builds(aimed, numbers, some),
        st.integers(-5, 200).map(
            lambda seconds: lambda old: model.ringing(old, seconds, profile.ring_times)
        ),
    )


@pytest.mark.rule("FWD-05")
@given(st.sampled_from(Profile), st.data())
def test_what_must_always_hold_always_holds(carrier: Profile, data: st.DataObject) -> None:
    profile = PROFILES.of(carrier)
    bounds, rules = profile.ring_times, profile.forwarding
    diversions = Diversions(ring_time_s=bounds.default)
    for change in data.draw(st.lists(changes(profile), max_size=20)):
        try:
            diversions = change(diversions)
        except ContractError:
            continue
        every = {condition: diversions.on(condition) for condition in Condition}
        targets = {each.target for each in every.values() if each.target}
        assert all(each.target for each in every.values() if each.active)
        assert {on for on, each in every.items() if each != Diversion()} <= set(rules.precedence)
        assert LINE not in targets
        assert not rules.one_target or len(targets) <= 1
        assert bounds.least <= diversions.ring_time_s <= bounds.most


@pytest.mark.rule("FWD-06")
@given(numbers)
def test_a_target_is_taken_as_it_is_or_refused(target: E164) -> None:
    try:
        kept = model.checked(target, LINE)
    except ContractError:
        return
    assert kept == target
    assert target.startswith("+81")
    assert target.isascii()
    assert len(target) in (12, 13)
    assert target[3:6] not in ("120", "800", "570", "180", "990")


keyed = st.from_regex(r"\A(0[0-9]{9,10}|010[0-9]{6,16}|\+[0-9]{6,16})\Z")


@pytest.mark.rule("FWD-06")
@given(keyed, st.sampled_from([frozenset[str](), frozenset({FORWARDING_ABROAD})]))
def test_office_and_telephone_refuse_the_same(digits: str, options: frozenset[str]) -> None:
    """Whatever a caller may key, the office takes; what is refused there, is refused here."""
    line = Line(LINE, Profile.DOCOMO, Location("東京", "東京都"), options=options)
    abroad = model.ABROAD in options
    try:
        target = forwardable(digits, line)
    except NotForwardable:
        number = parse(digits).e164
        if number is not None:
            with pytest.raises(OutOfRange):
                model.checked(number, LINE, abroad=abroad)
    else:
        assert model.checked(target, LINE, abroad=abroad) == target
