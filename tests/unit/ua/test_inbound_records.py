"""Whatever ends a call, each of its legs leaves exactly one record (BILL-01)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ivr.sip.offer_answer import Capabilities
from ivr.sip.settings import EndpointSettings
from ivr.sip.timers import Timing
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import Phone, PhoneCall, PhoneSettings
from ivr.ua.policy import CallPolicy
from provisioning.contract import CallRecord
from tests.contract.leg_contract import eventually
from tests.support.ports import free_range
from tests.support.switchboard import NUMBER, PASSWORD, USER, Switchboard, phone_of, switchboard

pytestmark = pytest.mark.rule("BILL-01")

PATIENCE_S = 30.0
QUICK = EndpointSettings(timing=Timing(t1_s=0.02, t2_s=0.04, t4_s=0.04))


@asynccontextmanager
async def dialled(
    policy: CallPolicy | None = None, settings: EndpointSettings | None = None
) -> AsyncIterator[tuple[Switchboard, Phone, PhoneCall, InboundLeg]]:
    """A call that is offered and not answered."""
    async with switchboard(policy=policy, settings=settings) as board, phone_of(board) as phone:
        call = phone.dial("1429")
        yield board, phone, call, await board.legs.get()


async def record_of(board: Switchboard) -> CallRecord:
    """The one record, once no call goes on."""
    await eventually(lambda: len(board.calls) == 0)
    assert board.events.kinds().count("call.ended") == 1
    assert board.records.live() == []
    return board.records.only()


def ended(record: CallRecord) -> tuple[str, int | None, int | None]:
    return record.cause, record.sip_status, record.q850


async def test_the_caller_hangs_up() -> None:
    async with dialled() as (board, _, call, leg):
        await leg.answer()
        await call.outcome
        call.hang_up()
        record = await record_of(board)
    assert ended(record) == ("hung-up", 200, 16)
    assert (record.line, record.called, record.leg) == (NUMBER, "1429", 1)
    assert record.sip_call_id == leg.call_id
    assert record.answered_at is not None


async def test_the_caller_gives_up() -> None:
    async with dialled() as (board, _, call, leg):
        await leg.progress()
        call.hang_up()
        assert ended(await record_of(board)) == ("cancelled", 487, 16)


@pytest.mark.parametrize(("outcome", "q850"), [("completed", 16), ("gave-up", 16), ("failed", 41)])
async def test_the_service_ends_an_answered_call(outcome: str, q850: int) -> None:
    async with dialled() as (board, _, call, leg):
        await leg.answer()
        await call.outcome
        leg.ticket.outcome = outcome
        leg.hang_up()
        assert ended(await record_of(board)) == (outcome, 200, q850)


async def test_a_talkie_ends_it_unanswered() -> None:
    async with dialled() as (board, _, _call, leg):
        await leg.progress()
        leg.ticket.outcome = "refused"
        leg.hang_up(404)
        assert ended(await record_of(board)) == ("refused", 404, 1)


async def test_the_answer_is_never_acknowledged() -> None:
    async with dialled(settings=QUICK) as (board, phone, _, leg):
        await phone.driver.close()
        waiting = asyncio.create_task(leg.answer())
        assert ended(await record_of(board)) == ("no-ack", 200, 102)
        await asyncio.wait([waiting])


async def test_no_sound_comes() -> None:
    policy = CallPolicy(silence_s=0.3, watch_s=0.05)
    async with dialled(policy) as (board, phone, call, leg):
        await leg.answer()
        await call.outcome
        phone._media.close()
        assert ended(await record_of(board)) == ("no-media", 200, 102)


@pytest.mark.rule("CALL-02")
async def test_a_killed_carrier_s_record_would_end_with_the_last_sound() -> None:
    policy = CallPolicy(lull_s=0.1, watch_s=0.02)
    async with dialled(policy) as (_, phone, call, leg):
        await leg.answer()
        await call.outcome
        began = leg.ticket.record().ended_at
        phone._media.close()
        await eventually(lambda: leg.ticket.record().ended_at > began)


async def test_the_carrier_stops() -> None:
    async with dialled() as (board, phone, _, leg):
        await leg.answer()
        phone.dial("1429")
        await board.legs.get()
        await board.calls.drain(PATIENCE_S)
        await phone.dial("1429").outcome
    kept = sorted(ended(record) for record in board.records.all)
    assert kept == [("carrier-stopped", 200, 41), ("carrier-stopped", 503, 41)]


async def test_a_service_that_fails_without_a_word() -> None:
    async with dialled() as (board, _, _call, leg):
        running = board.calls._running[leg.session]
        running.task.cancel()
        assert ended(await record_of(board)) == ("failed", 500, 41)


async def test_too_many_calls_at_once() -> None:
    async with dialled(CallPolicy(calls_per_user=1)) as (board, phone, _, _leg):
        await phone.dial("1421").outcome
        record = board.records.only()
    assert ended(record) == ("too-many-calls", 486, 17)
    assert record.called == "1421"


async def test_no_port_is_free() -> None:
    async with switchboard() as board, phone_of(board) as phone:
        taken = [board.media.open() for _ in range(20)]
        await phone.dial("1429").outcome
        for leg in taken:
            leg.close()
        assert ended(await record_of(board)) == ("congested", 503, 41)


async def test_an_offer_of_nothing_usable() -> None:
    async with switchboard() as board:
        settings = PhoneSettings(
            board.address,
            USER,
            PASSWORD,
            rtp_ports=free_range(40),
            capabilities=Capabilities(("G722",)),
        )
        phone = await Phone.open(settings)
        await phone.dial("1429").outcome
        await phone.close()
        assert ended(await record_of(board)) == ("not-acceptable", 488, 79)


async def test_who_is_not_known_leaves_no_record() -> None:
    async with switchboard() as board, phone_of(board, password="wrong") as phone:
        await phone.dial("1429").outcome
        assert board.records.all == []
        assert board.events.told == []
