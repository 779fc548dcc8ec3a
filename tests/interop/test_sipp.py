"""SIPp loads: nothing is lost on a bad network and nothing is counted twice."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.interop import journeys, lines
from tests.interop.lines import TestLine
from tests.support.carrier import Carrier
from tests.support.impair import Relay, Weather
from tests.support.phones import sipp
from tests.support.wire import WirePhone

pytestmark = pytest.mark.interop

ROUGH = Weather(drop=0.10, duplicate=0.03, reorder=0.10, delay_ms=30, jitter_ms=15)
TWICE = Weather(duplicate=1.0)


@pytest.fixture
def carrier(md5_carrier: Carrier) -> Carrier:
    return md5_carrier


def users(folder: Path, crowd: Sequence[TestLine]) -> Path:
    return sipp.users_file(folder / "users.csv", [(line.number, line.password) for line in crowd])


def test_no_call_fails_when_five_percent_of_the_packets_are_lost(
    carrier: Carrier, tmp_path: Path
) -> None:
    outcome = sipp.run(
        tmp_path,
        "call",
        carrier.address,
        users(tmp_path, lines.CROWD),
        calls=500,
        rate=50,
        hold_ms=300,
        lost_percent=5,
    )
    assert (outcome.successful, outcome.failed) == (500, 0), outcome.screen


@pytest.mark.rule("LINE-02")
def test_registrations_doubled_and_retransmitted_bind_once(
    carrier: Carrier, tmp_path: Path
) -> None:
    crowd = lines.CROWD[50:]
    with Relay(carrier.address, TWICE) as relay:
        outcome = sipp.run(
            tmp_path,
            "register",
            relay.address,
            users(tmp_path, crowd),
            calls=100,
            rate=50,
            lost_percent=5,
        )
    assert (outcome.successful, outcome.failed) == (100, 0), outcome.screen
    assert [len(journeys.registrations(carrier, line)) for line in crowd] == [1] * 50


def test_registrations_and_calls_survive_a_rough_network(carrier: Carrier, tmp_path: Path) -> None:
    crowd = lines.CROWD[20:50]
    with Relay(carrier.address, ROUGH, seed=8) as relay:
        for scenario in ("register", "call"):
            outcome = sipp.run(
                tmp_path,
                scenario,
                relay.address,
                users(tmp_path, crowd),
                calls=100,
                rate=25,
                hold_ms=300,
                patient=True,
            )
            assert outcome.successful >= 99, outcome.screen


def test_calls_over_tcp(carrier: Carrier, tmp_path: Path) -> None:
    outcome = sipp.run(
        tmp_path,
        "call",
        carrier.address,
        users(tmp_path, lines.CROWD),
        calls=200,
        rate=100,
        hold_ms=100,
        tcp=True,
    )
    assert (outcome.successful, outcome.failed) == (200, 0), outcome.screen


def test_no_call_between_lines_fails_when_packets_are_lost(
    carrier: Carrier, tmp_path: Path
) -> None:
    """Five of a hundred packets, on the caller's side and on the called one's."""
    called, address = lines.CROWD[0], carrier.address
    with WirePhone(address, called.number, called.password, algorithm="MD5") as phone:
        assert phone.register().status == 200
    with sipp.Answering(tmp_path / "called", phone.port, lost_percent=5):
        outcome = sipp.run(
            tmp_path / "calling",
            "call",
            address,
            users(tmp_path, lines.CROWD[1:50]),
            calls=100,
            rate=50,
            hold_ms=300,
            lost_percent=5,
            service=called.number,
            patient=True,
            timeout_s=60,
        )
    assert (outcome.successful, outcome.failed) == (100, 0), outcome.screen
