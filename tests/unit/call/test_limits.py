"""Limits that no caller could meet are refused."""

from collections.abc import Callable

import pytest

from ivr.call.limits import CallLimits


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CallLimits(first_digit_s=0),
        lambda: CallLimits(inter_digit_s=-1),
        lambda: CallLimits(longest_call_s=0),
        lambda: CallLimits(talkie_pause_s=-0.1),
        lambda: CallLimits(closing_pause_s=-0.1),
        lambda: CallLimits(ring_s=0),
        lambda: CallLimits(link_alive_s=0),
        lambda: CallLimits(busy_tone_s=-1),
    ],
)
def test_times_are_positive(wrong: Callable[[], CallLimits]) -> None:
    with pytest.raises(ValueError, match="positive seconds"):
        wrong()


@pytest.mark.parametrize(
    "wrong", [lambda: CallLimits(attempts=0), lambda: CallLimits(talkie_times=0)]
)
def test_counts_are_at_least_one(wrong: Callable[[], CallLimits]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        wrong()


def test_a_network_may_forward_no_call() -> None:
    assert CallLimits(forwardings=0).forwardings == 0
    with pytest.raises(ValueError, match="not negative"):
        CallLimits(forwardings=-1)


def test_a_talkie_may_follow_without_a_pause() -> None:
    assert CallLimits(talkie_pause_s=0).talkie_pause_s == 0
