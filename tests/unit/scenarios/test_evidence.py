"""What is kept of a failure: the ladder, the capture and the recordings; and the results' files."""

import json
from datetime import UTC
from pathlib import Path
from xml.etree import ElementTree

from lab.scenarios import evidence, results
from lab.scenarios.cast import Player
from lab.scenarios.ladder import ladder
from lab.scenarios.results import Failure, Result
from lab.trace import Seen

CARRIER = ("192.0.2.1", 5060)
ALICE, BOB, OTHER = (("192.0.2.1" + str(last), 5060) for last in (1, 2, 3))
PLAYERS = {
    "caller": Player("09000000001", "09000000001", "secret-a"),
    "friend": Player("0300000003", "0300000003", "secret-b"),
}
LADDER = """\
             caller 09000000001                carrier                           friend 0300000003
00:00:00.000 |- INVITE 0300000003 ------------>|                                 |
00:00:00.010 |                                 |- INVITE 0300000003 ------------>|
00:00:00.020 |                                 |< 180 Ringing (INVITE) ----------|
00:00:00.030 |< 180 Ringing (INVITE) ----------|                                 |
00:00:00.040 |- CANCEL 0300000003 ------------>|                                 |
"""


def message(start: str, call: str, cseq: str, caller: str) -> bytes:
    lines = [start, f"From: <sip:{caller}@h>;tag=1", "To: <sip:0300000003@h>"]
    return "\r\n".join([*lines, f"Call-ID: {call}", f"CSeq: {cseq}", "", ""]).encode()


def seen() -> list[Seen]:
    invite, ringing = "INVITE sip:0300000003@h SIP/2.0", "SIP/2.0 180 Ringing"
    cancel = "CANCEL sip:0300000003@h SIP/2.0"
    rows = [
        (False, ALICE, message(invite, "one", "1 INVITE", "09000000001")),
        (True, BOB, message(invite, "two", "1 INVITE", "09000000001")),
        (False, BOB, message(ringing, "two", "1 INVITE", "09000000001")),
        (True, ALICE, message(ringing, "one", "1 INVITE", "09000000001")),
        (False, ALICE, b"\r\n\r\n"),
        (
            False,
            ALICE,
            message(cancel, "one", "1 CANCEL", "09000000001"),
        ),
    ]
    stamps = (0.0, 0.01, 0.02, 0.03, 0.035, 0.04)
    return [
        Seen(number, at, sent, "UDP", CARRIER, peer, data)
        for number, (at, (sent, peer, data)) in enumerate(zip(stamps, rows, strict=True), 1)
    ]


NAMES = {ALICE: "caller 09000000001", BOB: "friend 0300000003"}


def test_the_ladder_has_a_column_for_each_phone() -> None:
    assert "".join(f"{line}\n" for line in ladder(seen(), NAMES, UTC)) == LADDER


def test_nothing_in_a_message_steers_the_terminal() -> None:
    evil = b"SIP/2.0 200 \x1b[2Jgone\r\nCSeq: 1 INVITE\r\n\r\n"
    lines = list(ladder([Seen(1, 0.0, True, "UDP", CARRIER, ALICE, evil)], {}, UTC))
    assert "< 200 ?[2Jgone (INVITE) -" in lines[1]
    assert "\x1b" not in "".join(lines)


def test_the_messages_of_the_players_are_told_from_others() -> None:
    data = message("INVITE sip:0399999999@h SIP/2.0", "x", "1 INVITE", "09012345678")
    foreign = Seen(9, 1.0, False, "UDP", CARRIER, OTHER, data.replace(b"0300000003", b"0399999999"))
    kept = evidence.of_players([*seen(), foreign], PLAYERS)
    assert foreign not in kept
    assert len(kept) == 5
    assert evidence.addresses(kept, PLAYERS) == {ALICE: "caller 09000000001"}


def test_a_failure_is_kept_in_files(tmp_path: Path) -> None:
    failure = Failure("a.yaml:7:5", "caller hears: goodbye", "goodbye was not heard")
    files = evidence.sounds({"caller": [b"RIFF1", b"RIFF2"]})
    evidence.keep(tmp_path / "x", failure, seen(), NAMES, files, UTC)
    said = (tmp_path / "x" / "failure.txt").read_text()
    assert said == "a.yaml:7:5: caller hears: goodbye\ngoodbye was not heard\n"
    assert (tmp_path / "x" / "ladder.txt").read_text() == LADDER
    assert (tmp_path / "x" / "trace.pcap").read_bytes()[:4] == b"\xa1\xb2\x3c\x4d"
    assert (tmp_path / "x" / "caller-call-2.wav").read_bytes() == b"RIFF2"


def test_the_results_are_junit_and_json(tmp_path: Path) -> None:
    failure = Failure("a.yaml:7:5", "caller hears: <goodbye>", "heard \x00 & nothing")
    came = [
        Result("call", "A call", "own", ("CALL-01",), 1.5),
        Result("call", "A call", "baresip", ("CALL-01",), 2.5, failure, tmp_path / "call-baresip"),
    ]
    results.write(tmp_path, came)
    root = ElementTree.fromstring((tmp_path / "junit.xml").read_text("utf-8"))
    assert (root.get("tests"), root.get("failures"), root.get("time")) == ("2", "1", "4.000")
    assert [suite.get("name") for suite in root] == ["own", "baresip"]
    case = root[1][0]
    assert (case.get("classname"), case.get("name")) == ("scenarios.baresip", "call")
    told = case.find("failure")
    assert told is not None
    assert told.get("message") == "a.yaml:7:5: caller hears: <goodbye>"
    assert told.text == "a.yaml:7:5: caller hears: <goodbye>\nheard ? & nothing"
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert (document["played"], document["failed"]) == (2, 1)
    assert [each["passed"] for each in document["results"]] == [True, False]
