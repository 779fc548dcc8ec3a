"""Killed at instants that dice choose, the carrier loses no message and no record (VM-08)."""

from pathlib import Path

import pytest

from tests.interop.conftest import SETTINGS
from tests.interop.killed_calls import kill_often
from tests.support.carrier import Carrier

pytestmark = pytest.mark.interop


@pytest.mark.rule("VM-08")
@pytest.mark.rule("BILL-01")
def test_calls_that_are_killed_leave_what_their_phones_know(tmp_path: Path, seed: Path) -> None:
    with Carrier(tmp_path / "doomed", settings=SETTINGS, seed=seed, rtp_count=400) as carrier:
        score = kill_often(carrier, kills=4, seed=1417)
    assert score.kills == 4
    assert score.records >= 4
