"""Incoming calls between our own phone and the user-agent layer, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from ivr.sip.message import Response
from ivr.sip.offer_answer import Capabilities
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import (
    Answered,
    Ended,
    Phone,
    PhoneCall,
    PhoneEvent,
    PhoneSettings,
    Progress,
    Refused,
)
from ivr.ua.policy import CallPolicy
from tests.contract.leg_contract import eventually
from tests.support.ports import free_range
from tests.support.switchboard import PASSWORD, USER, Switchboard, phone_of, switchboard

PATIENCE_S = 30.0


@pytest.fixture
async def board() -> AsyncIterator[Switchboard]:
    async with switchboard() as board:
        yield board


@pytest.fixture
async def phone(board: Switchboard) -> AsyncIterator[Phone]:
    async with phone_of(board) as phone:
        yield phone


async def established(board: Switchboard, phone: Phone) -> tuple[InboundLeg, PhoneCall]:
    call = phone.dial("1429")
    leg = await board.legs.get()
    await leg.answer()
    assert await call.outcome == Answered()
    return leg, call


def events_of(call: PhoneCall) -> list[PhoneEvent]:
    seen: list[PhoneEvent] = []
    call.told = seen.append
    return seen


def _changed(call: PhoneCall, before: bytes) -> bool:
    return call.session.remote_sdp != before


async def over(call: PhoneCall) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await call.over.wait()


class TestWhoMayCall:
    async def test_the_account_is_the_digest_user(self, board: Switchboard, phone: Phone) -> None:
        leg, _ = await established(board, phone)
        assert (leg.whose, leg.dialled) == (USER, "1429")

    async def test_a_wrong_password_is_refused(self, board: Switchboard) -> None:
        async with phone_of(board, password="wrong") as phone:
            outcome = await phone.dial("1429").outcome
        assert isinstance(outcome, Refused)
        assert outcome.status == 401
        assert board.legs.empty()

    async def test_one_account_has_so_many_calls_at_once(self) -> None:
        async with (
            switchboard(policy=CallPolicy(calls_per_user=1)) as board,
            phone_of(board) as phone,
        ):
            _, first = await established(board, phone)
            second = await phone.dial("1429").outcome
            assert isinstance(second, Refused)
            assert second.status == 486
            first.hang_up()
            await over(first)
            await established(board, phone)

    async def test_the_phone_says_why_an_answer_is_no_use(
        self, board: Switchboard, phone: Phone
    ) -> None:
        call = phone.dial("1429")
        await board.legs.get()
        body = b"v=0\r\no=- 1 1 IN IP4 224.0.0.1\r\ns=-\r\nc=IN IP4 224.0.0.1\r\nt=0 0\r\n"
        call.answered(Response(200, body=body + b"m=audio 20000 RTP/AVP 0\r\n"))
        outcome = await call.outcome
        assert isinstance(outcome, Refused)
        assert outcome.status == 488
        assert "multicast" in outcome.reason

    async def test_ipv6(self) -> None:
        async with switchboard("::1") as board, phone_of(board) as phone:
            await established(board, phone)


class TestMedia:
    async def test_what_the_leg_plays_the_phone_hears(
        self, board: Switchboard, phone: Phone
    ) -> None:
        leg, call = await established(board, phone)
        heard = bytearray()
        call.listen(lambda offset, ulaw: heard.extend(ulaw))
        done = asyncio.Event()
        leg.play(bytes(range(1, 200)) * 40, lambda whole: done.set())
        await done.wait()
        await eventually(lambda: bytes(range(1, 200)) in heard)

    async def test_early_media_then_the_refusal(self, board: Switchboard, phone: Phone) -> None:
        call = phone.dial("0312345678")
        seen = events_of(call)
        leg = await board.legs.get()
        await leg.progress()
        leg.hang_up(404)
        outcome = await call.outcome
        assert seen == [Progress(183, "Session Progress", True), outcome]
        assert isinstance(outcome, Refused)
        assert outcome.status == 404

    async def test_a_phone_without_events_presses_in_band(self, board: Switchboard) -> None:
        settings = PhoneSettings(
            board.address,
            USER,
            PASSWORD,
            rtp_ports=free_range(40),
            capabilities=Capabilities(("PCMA",), telephone_event=False),
        )
        phone = await Phone.open(settings)
        leg, call = await established(board, phone)
        pressed: asyncio.Queue[str] = asyncio.Queue()
        leg.on_key = pressed.put_nowait
        await call.press("159#")
        async with asyncio.timeout(PATIENCE_S):
            assert [await pressed.get() for _ in range(4)] == list("159#")
        await phone.close()

    async def test_keys_as_info(self, board: Switchboard, phone: Phone) -> None:
        leg, call = await established(board, phone)
        pressed: asyncio.Queue[str] = asyncio.Queue()
        leg.on_key = pressed.put_nowait
        with phone.driver.turn() as now:
            call.session.info("application/dtmf-relay", b"Signal=7\r\nDuration=160\r\n", now)
            call.session.info("application/dtmf", b"8", now)
        async with asyncio.timeout(PATIENCE_S):
            assert sorted([await pressed.get(), await pressed.get()]) == ["7", "8"]


class TestHold:
    @pytest.mark.parametrize("update", [False, True])
    async def test_hold_and_resume(self, board: Switchboard, phone: Phone, update: bool) -> None:
        leg, call = await established(board, phone)
        assert leg.silent_since() is not None
        plain = call.session.local_sdp
        for direction, held in ((b"sendonly", True), (b"inactive", True), (b"sendrecv", False)):
            version = call.session.remote_sdp
            with phone.driver.turn() as now:
                call.session.reoffer(plain.replace(b"sendrecv", direction), now, update=update)
            await eventually(partial(_changed, call, version))
            assert (leg.silent_since() is None) is held


class TestEndings:
    async def test_the_caller_hangs_up(self, board: Switchboard, phone: Phone) -> None:
        _, call = await established(board, phone)
        call.hang_up()
        await over(call)
        await eventually(lambda: len(board.calls) == 0)
        assert board.media.stats().streams == 0

    async def test_the_caller_gives_up_before_the_answer(
        self, board: Switchboard, phone: Phone
    ) -> None:
        call = phone.dial("1429")
        leg = await board.legs.get()
        await leg.progress()
        call.hang_up()
        await over(call)
        outcome = await call.outcome
        assert isinstance(outcome, Refused)
        assert outcome.status == 487

    @pytest.mark.rule("CALL-02")
    async def test_a_call_without_sound_is_torn_down(self) -> None:
        policy = CallPolicy(silence_s=0.3, watch_s=0.05)
        async with switchboard(policy=policy) as board, phone_of(board) as phone:
            _, call = await established(board, phone)
            seen = events_of(call)
            phone.driver.endpoint.take_events()
            phone._media.close()
            await over(call)
            assert seen == [Ended(True, "the peer hung up")]
            assert "call.silent" in board.notes.events()

    async def test_draining_hangs_up_and_takes_nothing_new(
        self, phone: Phone, board: Switchboard
    ) -> None:
        _, call = await established(board, phone)
        ringing = phone.dial("1429")
        await board.legs.get()
        await board.calls.drain(PATIENCE_S)
        late = await phone.dial("1429").outcome
        await over(call)
        assert [await ringing.outcome, late] == [
            Refused(503, "Service Unavailable"),
            Refused(503, "Service Unavailable"),
        ]

    async def test_ports_run_out_and_come_back(self, board: Switchboard, phone: Phone) -> None:
        taken = [board.media.open() for _ in range(20)]
        refused = await phone.dial("1429").outcome
        assert refused == Refused(503, "Service Unavailable")
        for leg in taken:
            leg.close()
        await established(board, phone)
