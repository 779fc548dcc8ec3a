"""Which access rings, where calls are forwarded and what is shown: real phones, each by its tone.

Who talks to whom is told by the tone that is heard, never by what the carrier says of itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.scenarios.hearing import from_ulaw, tone_level
from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.interop.dialled import Dialled
from tests.interop.lines import TestLine
from tests.interop.room import BOB_HZ, CAROL_HZ, DAVE_HZ, Room, connect
from tests.interop.talkers import Pjsua2, talk
from tests.support.carrier import Carrier
from tests.support.open_phone import OpenPhone, Ringing
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.listens]

RAKUTEN, IOS, AU = lines.RAKUTEN, lines.IOS, lines.FORWARDERS[0]
BOB, DAVE = lines.CODES, lines.CROWD[60]


@contextmanager
def forwarding(carrier: Carrier, line: TestLine, **conditions: Any) -> Iterator[None]:
    """The line's forwarding is this for a while, and then none."""
    path = f"/v1/lines/{line.number}/forwarding"
    ring_time_s = conditions.pop("ring_time_s", 15)
    carrier.send("PUT", path, {"ring_time_s": ring_time_s} | conditions)
    try:
        yield
    finally:
        carrier.send("PUT", path, {"ring_time_s": 15})


def to(line: TestLine) -> dict[str, Any]:
    """An active condition that leads to a line."""
    return {"active": True, "target": full(line.number)}


def full(number: str) -> str:
    return "+81" + number[1:]


def converse(caller: Pjsua2, number: str, answering: Pjsua2) -> None:
    """Call a number: who answers hears the caller, and is heard; then the caller hangs up."""
    caller.dial(number)
    answering.take()
    caller.speak()
    talk(caller, answering)
    caller.hang_up()
    answering.wait_ended()


@pytest.mark.rule("LINE-03")
def test_link_rings_and_the_dialler_when_it_is_logged_out(room: Room) -> None:
    alice, dialler = room.pjsua2(), room.pjsua2(RAKUTEN, BOB_HZ)
    link = room.pjsua2(RAKUTEN, CAROL_HZ, link=True)
    converse(alice, RAKUTEN.number, link)
    assert dialler.rung == []
    link.close()
    converse(alice, RAKUTEN.number, dialler)


@pytest.mark.rule("LINE-03")
def test_the_dialler_rings_when_link_gives_no_sign(room: Room) -> None:
    """This phone of the Link app takes calls and rings by no 18x, as on a bad network."""
    alice, dialler = room.pjsua2(), room.pjsua2(RAKUTEN, BOB_HZ)
    link = room.pjsua2(RAKUTEN, CAROL_HZ, link=True)
    alice.dial(RAKUTEN.number)
    link.wait_rung()
    dialler.take()
    alice.speak()
    talk(alice, dialler)
    alice.hang_up()
    dialler.wait_ended()


@pytest.mark.rule("LINE-03")
def test_an_ios_handset_rings_its_dialler_unless_the_caller_is_on_link(room: Room) -> None:
    alice, caller_on_link = room.pjsua2(), room.pjsua2(RAKUTEN, DAVE_HZ, link=True)
    dialler, link = room.pjsua2(IOS, BOB_HZ), room.pjsua2(IOS, CAROL_HZ, link=True)
    converse(alice, IOS.number, dialler)
    assert link.rung == []
    converse(caller_on_link, IOS.number, link)
    assert len(dialler.rung) == 1


@pytest.mark.rule("FWD-04")
def test_calls_that_ring_on_link_are_not_forwarded_and_others_are(room: Room) -> None:
    alice, target = room.pjsua2(), room.pjsua2(BOB, BOB_HZ)
    link = room.pjsua2(RAKUTEN, CAROL_HZ, link=True)
    with forwarding(room.carrier, RAKUTEN, always=to(BOB)):
        converse(alice, RAKUTEN.number, link)
        assert target.rung == []
        link.close()
        converse(alice, RAKUTEN.number, target)


@pytest.mark.rule("FWD-05")
@pytest.mark.rule("FWD-07")
@pytest.mark.rule("FWD-08")
def test_every_condition_leads_to_the_destination(room: Room) -> None:
    """CFU and CFB on an au line, CFNR and CFNRc on a docomo one."""
    alice, target = room.pjsua2(), room.pjsua2(BOB, BOB_HZ)
    with forwarding(room.carrier, AU, always=to(BOB)):
        converse(alice, AU.number, target)
        assert f"sip:{alice.line.number}@" in target.rung[-1]
    busy = room.pjsua2(AU, CAROL_HZ)
    with forwarding(room.carrier, AU, busy=to(BOB)):
        alice.dial(AU.number)
        busy.reject(486)
        target.take()
        alice.speak()
        talk(alice, target)
        alice.hang_up()
        target.wait_ended()
    with forwarding(room.carrier, DAVE, no_answer=to(BOB), ring_time_s=1):
        silent = room.pjsua2(DAVE, DAVE_HZ)
        converse(alice, DAVE.number, target)
        assert len(silent.rung) == 1
        silent.close()
    with forwarding(room.carrier, DAVE, no_answer=to(BOB), ring_time_s=60):
        converse(alice, DAVE.number, target)
    until(lambda: len(forwarded_legs(room, DAVE)) == 2, "the records of the last two calls")
    assert {leg["payer"] for leg in forwarded_legs(room, DAVE)} == {full(DAVE.number)}


def forwarded_legs(room: Room, forwarder: TestLine) -> list[dict[str, Any]]:
    """The records of the legs on which the test's calls of a line were forwarded."""
    return [leg for leg in room.legs(forwarder.number) if leg["service"] == "forwarding"]


@pytest.mark.rule("FWD-05")
def test_forwarding_that_is_changed_in_a_call_leaves_the_call_alone(room: Room) -> None:
    alice, busy = room.pjsua2(), room.pjsua2(AU, CAROL_HZ)
    connect(alice, busy)
    other, target = room.pjsua2(DAVE, DAVE_HZ), room.pjsua2(BOB, BOB_HZ)
    with forwarding(room.carrier, AU, always=to(BOB)):
        converse(other, AU.number, target)
        talk(alice, busy)
    alice.hang_up()
    busy.wait_ended()


@pytest.mark.rule("FWD-06")
def test_a_loop_of_three_forwardings_ends_with_a_talkie(
    room: Room, tmp_path: Path, voice: Voice
) -> None:
    one, two, three = lines.FORWARDERS
    alice = room.pjsua2()
    with (
        forwarding(room.carrier, one, always=to(two)),
        forwarding(room.carrier, two, always=to(three)),
        forwarding(room.carrier, three, always=to(one)),
    ):
        dialled = Dialled(alice.phone, one.number, tmp_path / "heard.wav", voice)
        dialled.ear.hears(Prompt.TALKIE_FORWARDING_LOOP)
        assert dialled.call.wait_ended() == 482
        assert "CONFIRMED" not in dialled.call.states


@pytest.mark.rule("FWD-09")
def test_starting_voicemail_stops_forwarding_and_the_other_way_round(room: Room) -> None:
    line = lines.EITHER
    phone = room.pjsua2(line).phone
    with forwarding(room.carrier, line, no_answer=to(BOB)):
        for code, voicemail, forwards in (("1411", True, False), ("1421", False, True)):
            assert phone.dial(code).wait_ended() == 200
            box = room.carrier.get(f"/v1/voicemail/{line.number}")
            set_up = room.carrier.get(f"/v1/lines/{line.number}/forwarding")
            assert (box["active"], set_up["no_answer"]["active"]) == (voicemail, forwards)


@pytest.mark.rule("CALL-04")
def test_a_called_phone_sees_who_calls_unless_184_withholds_it(room: Room) -> None:
    alice, bob = room.pjsua2(), room.baresip()
    carol = room.pjsua2(BOB, CAROL_HZ)
    for prefix, shown in (("", alice.line.number), ("184", "anonymous"), ("186", "")):
        alice.dial(prefix + BOB.number)
        seen = carol.wait_rung()
        assert f"sip:{shown or alice.line.number}@" in seen
        assert ("Anonymous" in seen) is (shown == "anonymous")
        carol.reject(486)
        alice.wait_ended()
    bob.dial("184" + BOB.number)
    assert bob.line.number[1:] not in carol.wait_rung()
    carol.take()
    talk(bob, carol)
    carol.hang_up()
    bob.wait_ended()
    until(lambda: len(room.legs("184" + BOB.number)) == 4, "the records of both withheld calls")
    legs = room.legs("184" + BOB.number)
    assert {leg["presented"] for leg in legs} == {None}
    assert {leg["calling"] for leg in legs} == {full(each.line.number) for each in (alice, bob)}


@pytest.mark.rule("SHOW-02")
def test_the_called_phone_sees_the_freephone_number_but_after_184(room: Room) -> None:
    office, bob = room.pjsua2(lines.DISPLAY), room.pjsua2(BOB, BOB_HZ)
    room.carrier.send("PUT", f"/v1/lines/{lines.DISPLAY.number}/presentation", {"active": True})
    for prefix, shown in (("", lines.DISPLAY.freephone), ("184", "anonymous")):
        office.dial(prefix + BOB.number)
        seen = bob.wait_rung()
        assert f"sip:{shown}@" in seen
        assert lines.DISPLAY.number[1:] not in seen
        bob.take()
        office.speak()
        talk(office, bob)
        office.hang_up()
        bob.wait_ended()
    until(lambda: len(room.legs(BOB.number)) == 2, "the records of the first call")
    assert {leg["calling"] for leg in room.legs(BOB.number)} == {full(lines.DISPLAY.number)}


@pytest.mark.rule("LINK-02")
def test_an_excluded_number_dialled_on_link_leaves_by_the_dialler(room: Room) -> None:
    link, number = room.pjsua2(RAKUTEN, link=True), "0570099001"
    trunk = {"name": "navi", "caller_class": "fixed", "prefixes": ["0570"]}
    with OpenPhone(room.carrier.address, number, "127.0.0.32") as far:
        room.carrier.send("POST", "/v1/trunks", trunk | {"peers": [f"127.0.0.32:{far.port}"]})
        try:
            link.dial(number)
            with Ringing(far) as ringing:
                ringing.accept()
                link.speak()
                until(lambda: hears_there(ringing, link.hertz), "the tone at the other carrier")
                link.hang_up()
                far.answer(far.expect_request("BYE"))
        finally:
            room.carrier.send("DELETE", "/v1/trunks/navi")
    until(lambda: len(room.legs(number)) == 2, "the records of both legs")
    assert room.legs(number)[0]["access"] == "os"


def hears_there(ringing: Ringing, hertz: int) -> bool:
    """Whether the next half second that comes is the tone."""
    packets = [ringing.rtp.receive() for _ in range(25)]
    assert None not in packets, "no sound came for 5 s"
    return tone_level(from_ulaw(b"".join(each.payload for each in packets if each)), hertz) > 0.7
