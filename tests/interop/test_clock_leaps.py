"""The host's clock leaps by hours during a call: it lives, and costs what it lasted."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone, token

pytestmark = [pytest.mark.interop, pytest.mark.rule("BILL-01")]

CALLER, CALLED = lines.WIRE, lines.CODES
LEAPS_S = (10_800, -10_800)
LEAPING = """\
import time
from pathlib import Path

_true, _leap = time.time, Path(__file__).with_name("leap")
time.time = lambda: _true() + float(_leap.read_text())
"""
"""A `sitecustomize` that lets a process read a wall clock of ours; other clocks never leap."""


class Clock:
    """The wall clock that the carrier reads."""

    def __init__(self, folder: Path) -> None:
        self._leap = folder / "leap"
        self.leap(0)
        (folder / "sitecustomize.py").write_text(LEAPING)

    def leap(self, seconds: float) -> None:
        """Show a time so far from the true one."""
        waiting = self._leap.with_suffix(".new")
        waiting.write_text(str(seconds))
        waiting.rename(self._leap)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Clock(tmp_path)


@pytest.fixture
def own_carrier(clock: Clock, tmp_path: Path, seed: Path) -> Iterator[Carrier]:
    with Carrier(tmp_path / "own", settings=SETTINGS, seed=seed, rtp_count=400) as carrier:
        yield carrier


@pytest.mark.rule("LINE-02")
def test_a_call_and_its_charge_are_as_long_as_it_lasted(own_carrier: Carrier, clock: Clock) -> None:
    address = own_carrier.address
    with (
        WirePhone(address, CALLED.number, CALLED.password) as called,
        WirePhone(address, CALLER.number, CALLER.password) as phone,
        WireCall(phone, lines.TONE) as spoken,
    ):
        assert called.register(3600).status == 200
        begun = time.monotonic()
        assert spoken.dial().status == 200
        for leap_s in LEAPS_S:
            clock.leap(leap_s)
            assert reaches(phone, called), "the called phone is registered still"
        assert spoken.bye().status == 200
        lasted_s = time.monotonic() - begun
    (row,) = until(lambda: rows_of(own_carrier, spoken), "the record")
    begun_at = [datetime.fromisoformat(str(each["started_at"])) for each in rows(own_carrier)]
    assert max(begun_at) - min(begun_at) > timedelta(hours=5), "the clock did leap"
    assert row["seconds"] == pytest.approx(lasted_s, abs=1)
    assert row["cause"] == "hung-up"


def reaches(phone: WirePhone, called: WirePhone) -> bool:
    """Whether a call rings the called phone, which declines."""
    with WireCall(phone, called.user) as call:
        branch = token("z9hG4bK")
        phone.send(call.invite(branch))
        called.answer(called.expect_request("INVITE"), "603 Decline")
        return call.wait_final(branch).status == 603


def rows_of(carrier: Carrier, call: WireCall) -> list[dict[str, object]]:
    """The records of a call."""
    return [row for row in rows(carrier) if row["sip_call_id"] == call.call_id]


def rows(carrier: Carrier) -> list[dict[str, object]]:
    """Every record."""
    found: list[dict[str, object]] = carrier.get("/v1/cdrs?limit=1000")["items"]
    return found
