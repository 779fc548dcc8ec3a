"""Database or carrier go away while a message is left, and while it is heard: nothing is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.interop.test_voicemail_abuse import LOUD, at_pace
from tests.support import postgres
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone

pytestmark = [pytest.mark.interop, pytest.mark.rule("VM-08")]

OWNER, CALLER = lines.CROWD[92], lines.WIRE
BOX = f"/v1/voicemail/{OWNER.number}"


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    with postgres.stoppable() as server:
        yield server


@pytest.fixture
def own_carrier(tmp_path: Path, seed: Path, server: postgres.Server) -> Iterator[Carrier]:
    """A carrier on a PostgreSQL that a test may stop."""
    url = postgres.lasting_database(server.url)
    storage = f'[storage]\nurl = "{url}"\nwait_s = 0.5\n'
    with Carrier(
        tmp_path / "own", settings=SETTINGS + storage, seed=seed, rtp_count=400
    ) as carrier:
        yield carrier


def phone_of(carrier: Carrier, line: lines.TestLine) -> WirePhone:
    return WirePhone(carrier.address, line.number, line.password)


def messages(carrier: Carrier) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = carrier.get(f"{BOX}/messages")["items"]
    return found


def records(carrier: Carrier, called: str) -> list[dict[str, Any]]:
    rows = carrier.get("/v1/cdrs?limit=1000")["items"]
    return [row for row in rows if row["called"] == called]


@pytest.mark.rule("BILL-01")
def test_what_is_left_and_heard_meanwhile_is_there_afterwards(
    own_carrier: Carrier, server: postgres.Server
) -> None:
    carrier = own_carrier
    carrier.send("PATCH", f"/v1/lines/{OWNER.number}", {"options": ["voicemail"]})
    with phone_of(carrier, CALLER) as caller, WireCall(caller, OWNER.number) as call:
        assert call.dial().status == 200
        call.rtp.key("1")
        at_pace(call, 1.5, lambda: None)
        at_pace(call, 1.0, lambda: call.rtp.send(LOUD))
        server.stop()
        at_pace(call, 1.0, lambda: call.rtp.send(LOUD))
        assert call.bye().status == 200
    server.start()
    (left,) = until(lambda: messages(carrier), "the message being in the box")
    assert left["seconds"] >= 1.5
    assert left["interrupted"] is False
    until(lambda: len(records(carrier, OWNER.number)) == 1, "the record of the call")

    with phone_of(carrier, OWNER) as owner, WireCall(owner, "1417") as call:
        assert call.dial().status == 200
        server.stop()
        call.rtp.key("4")
        call.rtp.key("3")
        owner.answer(owner.expect_request("BYE", timeout_s=60))
    server.start()
    until(lambda: len(records(carrier, "1417")) == 1, "the record of listening")
    assert [each["id"] for each in messages(carrier)] == [left["id"]]
    assert records(carrier, "1417")[0]["service"] == "voicemail-playback"
    carrier.assert_untroubled()


@pytest.fixture
def doomed(tmp_path: Path, seed: Path) -> Iterator[Carrier]:
    """A carrier that a test may kill."""
    with Carrier(tmp_path / "doomed", settings=SETTINGS, seed=seed, rtp_count=400) as carrier:
        carrier.send("PATCH", f"/v1/lines/{OWNER.number}", {"options": ["voicemail"]})
        yield carrier


@pytest.mark.rule("VM-05")
def test_killed_in_a_recording_and_in_1417_it_has_message_records_and_charge(
    doomed: Carrier,
) -> None:
    """What was heard until the kill is a message; both calls have their one record."""
    with phone_of(doomed, CALLER) as caller, WireCall(caller, OWNER.number) as call:
        assert call.dial().status == 200
        call.rtp.key("1")
        at_pace(call, 1.5, lambda: None)
        at_pace(call, 3.0, lambda: call.rtp.send(LOUD))
        doomed.kill()
    doomed.start_again()
    (left,) = messages(doomed)
    assert (left["interrupted"], left["mark"]) == (True, "new")
    assert left["seconds"] >= 2.0, "all but the last second at most"
    (record,) = records(doomed, OWNER.number)
    assert (record["cause"], record["interrupted"]) == ("interrupted", True)

    with phone_of(doomed, OWNER) as owner, WireCall(owner, "1417") as call:
        assert call.dial().status == 200
        doomed.kill()
    doomed.start_again()
    (heard,) = records(doomed, "1417")
    assert (heard["service"], heard["interrupted"]) == ("voicemail-playback", True)
    assert heard["answered_at"] is not None
    path = f"/v1/charges?call_id={heard['call_id']}"
    (charge,) = until(lambda: doomed.get(path)["items"], "the charge")
    assert (charge["cause"], charge["units"]) == ("playback", 1)
    assert messages(doomed) == [left]
