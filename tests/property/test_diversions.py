"""Diversions under any sequence of changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.plan import FORWARDING_ABROAD, NotForwardable, forwardable, parse
from provisioning.contract import (
    E164,
    ContractError,
    Diversion,
    Line,
    Location,
    OutOfRange,
    Profile,
    RingTimes,
)
from provisioning.forwarding import model

LINE = E164("+819000000001")
BOUNDS = RingTimes(0, 120, 15)

numbers = st.one_of(
    st.just(LINE),
    st.from_regex(r"\A\+81(120|800|570|180|[1-9][0-9]|[5-9]0)[0-9]{6,9}\Z").map(E164),
    st.text(max_size=20).map(E164),
)
changes = st.one_of(
    st.just(model.started),
    st.just(model.stopped),
    numbers.map(lambda target: lambda old: model.aimed(old, LINE, target)),
    st.integers().map(lambda seconds: lambda old: model.ringing(old, seconds, BOUNDS)),
)


@given(st.lists(changes, max_size=20))
def test_what_must_always_hold_always_holds(sequence: list[object]) -> None:
    diversion = Diversion()
    for change in sequence:
        assert callable(change)
        try:
            diversion = change(diversion)
        except ContractError:
            continue
        assert diversion.target is not None or not diversion.active
        assert diversion.target != LINE
        assert BOUNDS.least <= diversion.ring_time_s <= BOUNDS.most


@given(numbers)
def test_a_target_is_taken_as_it_is_or_refused(target: E164) -> None:
    try:
        kept = model.aimed(Diversion(), LINE, target).target
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
                model.aimed(Diversion(), LINE, number, abroad=abroad)
    else:
        assert model.aimed(Diversion(), LINE, target, abroad=abroad).target == target
