"""SIPp loads: nothing is lost on a bad network and nothing is counted twice."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.interop import journeys, lines
from tests.interop.lines import TestLine
from tests.support.carrier import Carrier
from tests.support.impair import Relay, Weather
from tests.support.phones import sipp
from tests.support.waiting import until
from tests.support.wire import Message, WirePhone, token

pytestmark = pytest.mark.interop

ROUGH = Weather(drop=0.10, duplicate=0.03, reorder=0.10, delay_ms=30, jitter_ms=15)
TWICE = Weather(duplicate=1.0)
CALLERS = lines.CROWD[3:20]
"""Those who call other lines; the first three of the crowd are called."""


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


def records_of(carrier: Carrier, called: TestLine) -> list[tuple[str, int]]:
    """Call and leg of each record of the calls to a line that nobody else calls."""
    found, after = list[tuple[str, int]](), ""
    while True:
        page = carrier.get(f"/v1/cdrs?limit=1000{after}")
        rows = [row for row in page["items"] if row["called"] == called.number]
        found += [(row["call_id"], row["leg"]) for row in rows]
        if not page.get("next"):
            return found
        after = f"&after={page['next']}"


def assert_recorded(carrier: Carrier, called: TestLine, calls: int) -> None:
    """Each call left one record of either half, and nothing else."""
    until(lambda: len(records_of(carrier, called)) >= 2 * calls, "every record", timeout_s=40)
    found = records_of(carrier, called)
    assert len(found) == len(set(found)) == 2 * calls


@pytest.mark.rule("CALL-01")
@pytest.mark.rule("BILL-01")
@pytest.mark.parametrize(("called", "lost_percent"), [(lines.CROWD[0], 0), (lines.CROWD[1], 5)])
def test_no_call_between_lines_fails_at_fifty_a_second(
    carrier: Carrier, tmp_path: Path, called: TestLine, lost_percent: int
) -> None:
    """Packets are lost on the caller's side and on the called one's; the bench
    calls 200 times a second."""
    with WirePhone(carrier.address, called.number, called.password, algorithm="MD5") as phone:
        assert phone.register().status == 200
    with sipp.Answering(tmp_path / "called", phone.port, lost_percent=lost_percent):
        outcome = sipp.run(
            tmp_path / "calling",
            "call",
            carrier.address,
            users(tmp_path, CALLERS),
            calls=200,
            rate=50,
            hold_ms=300,
            lost_percent=lost_percent,
            service=called.number,
            patient=True,
            timeout_s=60,
        )
        assert (outcome.successful, outcome.failed) == (200, 0), outcome.screen
        if not lost_percent:  # else the last halves end 64*T1 later
            assert_recorded(carrier, called, 200)


@pytest.mark.rule("CALL-01")
@pytest.mark.rule("BILL-01")
def test_calls_between_lines_survive_a_rough_network(carrier: Carrier, tmp_path: Path) -> None:
    """Fault 8: what either side sends and gets is lost, doubled, late and out of order."""
    called = lines.CROWD[2]
    with Relay(carrier.address, ROUGH, seed=9) as relay:
        with WirePhone(relay.address, called.number, called.password, algorithm="MD5") as phone:
            register_patiently(phone)
        with sipp.Answering(tmp_path / "called", phone.port):
            outcome = sipp.run(
                tmp_path / "calling",
                "call",
                relay.address,
                users(tmp_path, CALLERS),
                calls=100,
                rate=25,
                hold_ms=300,
                service=called.number,
                patient=True,
                timeout_s=90,
            )
            assert outcome.successful >= 99, outcome.screen
            assert_recorded(carrier, called, 100)


def register_patiently(phone: WirePhone) -> None:
    """Register through a network that loses packets: each request again and again."""
    call_id, uri = token(), f"sip:{phone.server[0]}:{phone.server[1]}"
    refusal = answer_to(phone, phone.register_text(call_id, 1))
    extra = [phone.credentials(refusal, "REGISTER", uri)]
    assert answer_to(phone, phone.register_text(call_id, 2, extra=extra), least=2).status == 200


def answer_to(phone: WirePhone, text: str, least: int = 1) -> Message:
    """The final response to a request whose CSeq is `least`, which is sent until one comes."""
    found: list[Message] = []

    def answered() -> bool:
        phone.send(text)
        finals = (m for m in phone.drain(0.3) if (m.status or 0) >= 200)
        found.extend(m for m in finals if m.get("CSeq") == f"{least} REGISTER")
        return bool(found)

    until(answered, "an answer through a rough network")
    return found[0]
