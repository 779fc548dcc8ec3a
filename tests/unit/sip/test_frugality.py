"""What a call may cost the signalling core, counted in calls of functions and not in time."""

import sys
from collections.abc import Callable
from itertools import count
from types import FrameType

from ivr.sip.endpoint import Endpoint
from ivr.sip.message import parse
from ivr.sip.settings import EndpointSettings
from tests.bench.bench_signalling import SDP, message, one_call

MOST_A_CALL = 330
"""INVITE, 180, 200, ACK, BYE and 200; what is above the count of today is room for a feature."""
MOST_A_MESSAGE = 20
"""An INVITE read, its key headers included."""


def calls_of(work: Callable[[], object]) -> int:
    """How many Python functions `work` calls, itself included."""
    calls = 0

    def note(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def test_a_call_costs_few_calls() -> None:
    numbers = count(1)
    endpoint = Endpoint(EndpointSettings(), lambda: f"{next(numbers):016x}", lambda: 0.5)
    one_call(endpoint, 1, 1.0)  # what is remembered of peers and addresses is remembered now
    assert calls_of(lambda: one_call(endpoint, 2, 2.0)) <= MOST_A_CALL


def test_a_message_costs_few_calls() -> None:
    invite = message("INVITE", 1, 1, "", SDP)
    assert calls_of(lambda: parse(invite)) <= MOST_A_MESSAGE
