"""Which of several refusals stands for a party (RFC 3261 §16.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call.party import Ring
from ivr.ua.forking import CAUSE_OF, Final, best, final

FINALS = st.lists(
    st.builds(final, st.integers(300, 699), rang=st.booleans()), min_size=1, max_size=8
)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([480, 486], (486, Ring.BUSY)),
        ([486, 603], (603, Ring.DECLINED)),
        ([503, 404], (404, Ring.DECLINED)),
        ([503, 500], (500, Ring.DECLINED)),
        ([408, 488], (488, Ring.INCOMPATIBLE)),
        ([302, 486], (486, Ring.BUSY)),
        ([302], (480, Ring.DECLINED)),
        ([408, 503], (408, Ring.UNREACHABLE)),
    ],
)
def test_the_best_of_some(statuses: list[int], expected: tuple[int, Ring]) -> None:
    finals = [final(status, rang=False) for status in statuses]
    assert best(finals) == best(finals[::-1]) == expected


@pytest.mark.parametrize("status", [408, 480, 487])
def test_who_rang_and_gave_up_did_not_answer(status: int) -> None:
    assert final(status, rang=True).outcome is Ring.NO_ANSWER


@given(FINALS)
def test_the_best_is_one_of_them_and_of_the_lowest_class(finals: list[Final]) -> None:
    found = best(finals)
    assert found in finals
    if any(each.everywhere for each in finals):
        assert found.everywhere
    else:
        assert found.status // 100 == min(each.status // 100 for each in finals)


@given(st.integers(300, 699), st.booleans())
def test_every_refusal_is_an_error_for_the_caller(status: int, rang: bool) -> None:
    found = final(status, rang=rang)
    assert 400 <= found.status <= 699
    assert found.outcome is not Ring.ANSWERED


def test_every_ring_in_vain_has_its_cause() -> None:
    assert set(CAUSE_OF) == set(Ring) - {Ring.ANSWERED}
