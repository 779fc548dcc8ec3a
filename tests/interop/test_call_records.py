"""Call records of a real carrier: one a call whatever becomes of the process (BILL-01)."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone

pytestmark = [pytest.mark.interop, pytest.mark.rule("BILL-01")]

LINE = lines.WIRE
GAPS_MS = (0, 3)
"""Between two hang-ups, so that a kill meets records of every age up to 30 ms."""

Row = dict[str, Any]


@pytest.fixture
def own_carrier(tmp_path: Path, seed: Path) -> Iterator[Carrier]:
    """A carrier that a test may break."""
    with Carrier(tmp_path / "own", settings=SETTINGS, seed=seed, rtp_count=400) as carrier:
        yield carrier


def phone_of(carrier: Carrier) -> WirePhone:
    return WirePhone(carrier.address, LINE.number, LINE.password)


def records(carrier: Carrier, query: str = "limit=1000") -> list[Row]:
    rows: list[Row] = carrier.get(f"/v1/cdrs?{query}")["items"]
    return rows


@pytest.mark.parametrize("gap_ms", GAPS_MS)
def test_killed_at_many_instants_after_hang_ups_no_record_is_lost_or_doubled(
    own_carrier: Carrier, gap_ms: int
) -> None:
    """Ten calls end one after the other, `gap_ms` apart; the carrier dies at the last 200."""
    with phone_of(own_carrier) as phone, ExitStack() as open_calls:
        calls = [open_calls.enter_context(WireCall(phone, lines.TONE)) for _ in range(10)]
        for call in calls:
            assert call.dial().status == 200
        until(lambda: _noted(own_carrier) >= 10, "the calls standing in the journal")
        for call in calls:
            phone.receive(gap_ms / 1000)
            assert call.bye().status == 200
        own_carrier.kill()
    own_carrier.start_again()
    found = records(own_carrier)
    assert sorted(row["sip_call_id"] for row in found) == sorted(call.call_id for call in calls)
    assert {row["sip_status"] for row in found} == {200}
    assert all(row["seconds"] < 30 for row in found)


def _noted(carrier: Carrier) -> int:
    """How many lines the carrier's journal has."""
    journals = (carrier.folder / "data").glob("calls-*.journal")
    return sum(path.read_bytes().count(b"\n") for path in journals)


def test_killed_in_a_call_the_record_says_so(own_carrier: Carrier) -> None:
    with phone_of(own_carrier) as phone, WireCall(phone, lines.TONE) as call:
        assert call.dial().status == 200
        until(lambda: _noted(own_carrier), "the call standing in the journal")
        phone.drain(2.0)
        own_carrier.kill()
    own_carrier.start_again()
    (row,) = records(own_carrier)
    assert (row["cause"], row["interrupted"]) == ("interrupted", True)
    assert 1 <= row["seconds"] <= 7
    assert row["answered_at"] is not None
    own_carrier.kill()
    own_carrier.start_again()
    assert records(own_carrier) == [row]


def test_sigterm_with_twenty_calls_leaves_twenty_records(own_carrier: Carrier) -> None:
    with phone_of(own_carrier) as phone, ExitStack() as open_calls:
        calls = [open_calls.enter_context(WireCall(phone, lines.TONE)) for _ in range(20)]
        for call in calls:
            assert call.dial().status == 200
        assert len(own_carrier.get("/v1/calls")["items"]) == 20
        own_carrier.program.signal(15)
        ended: set[str] = set()
        while len(ended) < 20:
            bye = phone.expect_request("BYE")
            phone.answer(bye)
            ended.add(bye.get("Call-ID"))
        own_carrier.wait_ended()
        assert list((own_carrier.folder / "data").glob("calls-*.journal")) == []
        own_carrier.start_again()
        found = records(own_carrier)
        assert {row["sip_call_id"] for row in found} == {call.call_id for call in calls}
        assert len(found) == 20
        assert {row["cause"] for row in found} == {"carrier-stopped"}


@contextmanager
def following(carrier: Carrier) -> Iterator[list[Row]]:
    """What `/v1/events` tells meanwhile."""
    told: list[Row] = []
    stream = urllib.request.urlopen(carrier.request("/v1/events"), timeout=60)

    def listen() -> None:
        for line in stream:
            if line.startswith(b"data: "):
                told.append(json.loads(line.removeprefix(b"data: ")))
                if told[-1]["kind"] == "call.ended":
                    return

    listening = Thread(target=listen)
    listening.start()
    try:
        yield told
    finally:
        listening.join(60)
        stream.close()


def test_a_pjsua2_phone_s_call_from_the_first_event_to_the_record(
    own_carrier: Carrier, tmp_path: Path
) -> None:
    line = lines.PJSUA2
    with following(own_carrier) as told, Pjsua2Phone(tmp_path / "phone") as phone:
        phone.register(line.number, line.password, own_carrier.address)
        call = phone.dial("186000003", tmp_path / "heard.wav")
        call.wait_answered()
        (live,) = own_carrier.get("/v1/calls")["items"]
        assert (live["state"], live["service"]) == ("confirmed", "keys-test")
        until(lambda: own_carrier.get("/v1/calls")["items"][0]["prompts"], "a prompt being heard")
        call.keys("5")
        until(lambda: any(each["kind"] == "key.pressed" for each in told), "the key being told")
        call.hang_up()
        until(lambda: told[-1]["kind"] == "call.ended", "the end being told")
    (row,) = records(own_carrier, "line=" + line.number)
    kinds = [each["kind"] for each in told]
    for kind in ("registration.added", "call.received", "call.answered", "prompt.started"):
        assert kind in kinds, kinds
    assert {each["facts"].get("call_id", row["call_id"]) for each in told} == {row["call_id"]}
    assert (row["called"], row["prefix"], row["destination"]) == ("186000003", "186", "000003")
    assert row["presented"] == row["calling"] == row["line"]
    assert (row["cause"], row["sip_status"], row["q850"]) == ("hung-up", 200, 16)
    assert told[-1]["facts"]["seconds"] == row["seconds"] > 0
    secrets = (line.password, "response=")
    assert not [secret for secret in secrets if secret in json.dumps(told)]


def test_what_a_talkie_refused_is_free_and_recorded(carrier: Carrier) -> None:
    line = lines.CODES
    with (
        WirePhone(carrier.address, line.number, line.password) as phone,
        WireCall(phone, "184" + lines.UNASSIGNED) as call,
    ):
        assert call.dial().status == 404
        found = until(lambda: records(carrier, f"line={line.number}"), "the record")
    row = next(row for row in found if row["sip_call_id"] == call.call_id)
    assert (row["cause"], row["sip_status"], row["q850"], row["seconds"]) == ("refused", 404, 1, 0)
    assert (row["service"], row["presented"], row["prefix"]) == ("talkie", None, "184")
    assert row["destination"] == "+81399999999"
