"""Weights are obeyed exactly, evenly, and reproducibly."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.shares import next_turn

weights_ = st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any).map(tuple)


def calls(weights: tuple[int, ...], count: int, saved: tuple[int, ...] = ()) -> list[int]:
    chosen = []
    for _ in range(count):
        place, saved = next_turn(weights, saved)
        chosen.append(place)
    return chosen


def test_five_one_one_comes_evenly() -> None:
    assert calls((5, 1, 1), 7) == [0, 0, 1, 0, 2, 0, 0]


@pytest.mark.rule("FREE-08")
@given(weights_, st.integers(1, 5))
def test_each_number_has_its_share_to_the_call(weights: tuple[int, ...], rounds: int) -> None:
    found = Counter(calls(weights, rounds * sum(weights)))
    assert [found[place] for place in range(len(weights))] == [rounds * each for each in weights]


@given(weights_, st.integers(0, 60), st.integers(1, 60))
def test_any_window_is_off_by_less_than_two_calls(
    weights: tuple[int, ...], start: int, length: int
) -> None:
    found = Counter(calls(weights, start + length)[start:])
    for place, weight in enumerate(weights):
        assert abs(found[place] - length * weight / sum(weights)) < 2


@pytest.mark.rule("FREE-08")
@given(weights_)
def test_zero_never_receives(weights: tuple[int, ...]) -> None:
    assert all(weights[place] > 0 for place in calls(weights, 60))


def test_a_split_goes_on_where_it_stood() -> None:
    _, saved = next_turn((5, 1, 1))
    assert calls((5, 1, 1), 6, saved) == [0, 1, 0, 2, 0, 0]


@pytest.mark.parametrize("weights", [(), (0, 0), (1, -1)])
def test_weights_that_nobody_can_obey_are_refused(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="weights"):
        next_turn(weights)
