"""The database is locked while calls go on: they are served, and recorded when it is back."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioning.office import DATABASE_FILE
from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone

pytestmark = [pytest.mark.interop, pytest.mark.rule("BILL-01")]

LINE = lines.WIRE
IMPATIENT = SETTINGS + "[storage]\nwait_s = 0.2\n"


@pytest.fixture
def own_carrier(tmp_path: Path, seed: Path) -> Iterator[Carrier]:
    with Carrier(tmp_path / "own", settings=IMPATIENT, seed=seed, rtp_count=400) as carrier:
        yield carrier


@contextmanager
def locked(carrier: Carrier) -> Iterator[None]:
    """Another program holds the write lock of the carrier's database."""
    path = carrier.folder / "data" / DATABASE_FILE
    holder = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


@pytest.mark.rule("LINE-02")
def test_who_is_known_calls_and_no_record_is_lost(own_carrier: Carrier) -> None:
    with WirePhone(own_carrier.address, LINE.number, LINE.password) as phone:
        assert phone.register().status == 200
        calls = []
        with locked(own_carrier):
            assert phone.register().status == 503, "neither 401 nor 404: the phone tries again"
            for _ in range(3):
                with WireCall(phone, lines.TONE) as call:
                    assert call.dial().status == 200
                    assert call.bye().status == 200
                    calls.append(call.call_id)
            assert own_carrier.get("/v1/cdrs")["items"] == []
        assert phone.register().status == 200
        until(lambda: recorded(own_carrier) == sorted(calls), "each call's one record")


def recorded(carrier: Carrier) -> list[str]:
    return sorted(row["sip_call_id"] for row in carrier.get("/v1/cdrs?limit=1000")["items"])
