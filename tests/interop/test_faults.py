"""What goes wrong on purpose: kills, repeats, silence, and an orderly end with calls up."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop import journeys, lines
from tests.interop.conftest import SETTINGS
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import Message, WireCall, WirePhone, token

pytestmark = pytest.mark.interop

LINE = lines.WIRE
SHORT_PATIENCE = SETTINGS + "t1_ms = 100\n[media]\nsilence_s = 3\n"
"""64*T1 is 6.4 s instead of 32 s; a silent call ends after 3 s."""


@pytest.fixture
def own_carrier(tmp_path: Path, seed: Path) -> Iterator[Carrier]:
    """A carrier that a test may break."""
    with Carrier(tmp_path / "own", settings=SHORT_PATIENCE, seed=seed, rtp_count=400) as carrier:
        yield carrier


@pytest.fixture
def phone(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, LINE.number, LINE.password) as phone:
        yield phone


def phone_of(carrier: Carrier) -> WirePhone:
    return WirePhone(carrier.address, LINE.number, LINE.password)


@pytest.mark.rule("LINE-02")
def test_a_registration_survives_a_kill_right_after_its_200(own_carrier: Carrier) -> None:
    with phone_of(own_carrier) as phone:
        assert phone.register().status == 200
        own_carrier.kill()
        own_carrier.start_again()
        (binding,) = journeys.registrations(own_carrier, LINE)
        assert f":{phone.port}" in binding["contact"]


@pytest.mark.rule("FWD-01")
def test_forwarding_survives_a_restart_and_a_kill(own_carrier: Carrier) -> None:
    with phone_of(own_carrier) as phone:
        phone.register()
        with WireCall(phone, "1429") as call:
            assert call.dial().status == 200
            for key in f"3{journeys.TARGET_KEYS}#":
                call.rtp.key(key)
            confirm_when_read_back(own_carrier, call)
    journeys.assert_forwarding(own_carrier, LINE, active=False)
    own_carrier.restart()
    journeys.assert_forwarding(own_carrier, LINE, active=False)
    own_carrier.kill()
    own_carrier.start_again()
    journeys.assert_forwarding(own_carrier, LINE, active=False)


def confirm_when_read_back(carrier: Carrier, call: WireCall) -> None:
    """Key `#` until the number is kept: keys before the read-back do not confirm."""

    def kept() -> bool:
        call.rtp.waiting()
        call.rtp.key("#")
        path = f"/v1/lines/{LINE.number}/forwarding"
        return bool(carrier.get(path)["no_answer"]["target"] == journeys.TARGET)

    until(kept, "the destination being kept")


def test_an_invite_sent_five_times_is_one_call(phone: WirePhone) -> None:
    with WireCall(phone, lines.TONE) as call:
        branch = token("z9hG4bK")
        invite = call.invite(branch)
        for _ in range(5):
            phone.send(invite)
        final = call.wait_final(branch)
        assert final.status == 200
        others = [m for m in phone.drain() if m.status == 200 and m.method == "INVITE"]
        assert {message.to_tag for message in others} <= {final.to_tag}
        assert call.bye().status == 200


def test_a_merged_invite_gets_482(phone: WirePhone) -> None:
    """The same request over another path: same Call-ID, From tag and CSeq (RFC 3261 §8.2.2.2)."""
    with WireCall(phone, lines.TONE) as call:
        branch, other = token("z9hG4bK"), token("z9hG4bK")
        invite = call.invite(branch)
        phone.send(invite)
        phone.send(invite.replace(branch, other))
        finals: dict[str, Message] = {}
        while len(finals) < 2:
            final = phone.expect(*range(200, 700), method="INVITE")
            finals[other if other in final.get("Via") else branch] = final
        assert finals[other].status == 482
        assert finals[branch].status == 200
        call.acknowledge(finals[other], other)
        call.acknowledge(finals[branch])
        assert call.bye().status == 200


def test_a_storm_of_one_invite_leaves_the_carrier_answering(
    phone: WirePhone, carrier: Carrier
) -> None:
    with WireCall(phone, lines.TONE) as call:
        branch = token("z9hG4bK")
        invite = call.invite(branch)
        for _ in range(400):
            phone.send(invite)
        with phone_of(carrier) as other:
            other.ping()
        final = call.wait_final(branch)
        assert final.status == 200
        assert {m.to_tag for m in phone.drain() if m.status == 200} <= {final.to_tag}
        assert call.bye().status == 200


def test_an_answer_never_acknowledged_ends_with_a_bye(own_carrier: Carrier) -> None:
    """RFC 3261 §13.3.1.4: 64*T1 after the 2xx."""
    with phone_of(own_carrier) as phone, WireCall(phone, lines.TONE) as call:
        phone.send(call.invite())
        phone.expect(200, method="INVITE")
        phone.answer(phone.expect_request("BYE", timeout_s=60))
        assert call.bye().status == 481


@pytest.mark.rule("CALL-02")
def test_a_call_without_rtp_and_without_bye_is_torn_down(own_carrier: Carrier) -> None:
    with phone_of(own_carrier) as phone, WireCall(phone, lines.TONE) as call:
        assert call.dial().status == 200
        phone.answer(phone.expect_request("BYE", timeout_s=60))
        assert call.bye().status == 481


def test_a_cancelled_call_gets_487(phone: WirePhone) -> None:
    with WireCall(phone, lines.UNASSIGNED) as call:
        branch = token("z9hG4bK")
        phone.send(call.invite(branch))
        phone.expect(183, method="INVITE")
        phone.send(call.text("CANCEL", call.cseq, branch=branch))
        answers = {m.method: m for m in (phone.expect(200, 487), phone.expect(200, 487))}
        assert answers["CANCEL"].status == 200
        assert answers["INVITE"].status == 487
        call.acknowledge(answers["INVITE"], branch)
        assert not [m for m in phone.drain(1.0) if m.method == "INVITE"]


def test_a_lost_ack_of_a_refusal_makes_the_refusal_come_again(phone: WirePhone) -> None:
    """Timer G: a final response that is not a 2xx is sent again until its ACK (§17.2.1)."""
    with WireCall(phone, lines.UNASSIGNED) as call:
        branch = token("z9hG4bK")
        phone.send(call.invite(branch))
        first = phone.expect(404, method="INVITE")
        again = phone.expect(404, method="INVITE")
        assert again.headers == first.headers
        call.acknowledge(again, branch)
        assert not [m for m in phone.drain(5.0) if m.status == 404]


def test_a_challenge_is_sent_once(phone: WirePhone) -> None:
    """A stateless 401 (§8.2.7): whoever forges a caller's address cannot multiply packets."""
    with WireCall(phone, lines.TONE) as call:
        phone.send(call.text("INVITE", 1, body=call.sdp()))
        phone.expect(401, method="INVITE")
        assert phone.drain(2.0) == []


def test_sigterm_ends_twenty_calls_in_good_order(own_carrier: Carrier) -> None:
    """503 for a newcomer, BYE for each call, then a clean exit."""
    with phone_of(own_carrier) as phone, ExitStack() as open_calls:
        calls = [open_calls.enter_context(WireCall(phone, lines.TONE)) for _ in range(20)]
        for call in calls:
            assert call.dial().status == 200
        with phone_of(own_carrier) as late, WireCall(late, lines.TONE) as refused:
            own_carrier.program.signal(15)
            ended = set()
            first = phone.expect_request("BYE")
            late.send(refused.text("INVITE", 1, body=refused.sdp()))
            assert late.expect(*range(200, 700), method="INVITE").status == 503
            phone.answer(first)
            ended.add(first.get("Call-ID"))
            while len(ended) < 20:
                bye = phone.expect_request("BYE")
                phone.answer(bye)
                ended.add(bye.get("Call-ID"))
        assert ended == {call.call_id for call in calls}
        own_carrier.wait_ended()
