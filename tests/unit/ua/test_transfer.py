"""Parties who send each other elsewhere, on real loopback sockets; the service is a short one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from ivr.call.party import JoinEnd, Presented, Ring, RingSign, Rung, Signs, Target
from ivr.sip import events
from ivr.sip.message import Response
from ivr.sip.settings import ALLOW
from ivr.sip.uri import Uri
from ivr.ua.causes import Cause
from ivr.ua.coupling import Couplings, CouplingSettings
from ivr.ua.dialler import Calling
from ivr.ua.leg import InboundLeg
from ivr.ua.side import Side
from ivr.ua.ticket import Tickets
from ivr.ua.transfer import ReferredLeg, TransferPolicy, Transfers, dialled_of
from tests.contract.leg_contract import eventually
from tests.support.switchboard import ACCOUNT, Switchboard, switchboard
from tests.unit.ua.couples import EVENTS, SPEECH, Party, party, silence

CAROL = "0312345678"
FORBIDDEN = "0990123456"
POLICY = TransferPolicy(most=2, leave_s=0.2)


def hears(party: Party) -> bool:
    return SPEECH in party.heard


@dataclass
class Told:
    """What a sender's phone hears of its REFER."""

    answers: list[int] = field(default_factory=list)
    fragments: list[bytes] = field(default_factory=list)

    def on_response(self, transaction: object, response: Response, now: float) -> None:
        self.answers.append(response.status)

    def on_failure(self, transaction: object, status: int, now: float) -> None:
        self.answers.append(status)


@dataclass
class Scene:
    """A caller who talks with a called party, and a third one who can be rung."""

    board: Switchboard
    alice: Party
    bob: Party
    carol: Party
    couplings: Couplings
    transfers: Transfers
    outcome: Rung
    talk: asyncio.Task[JoinEnd]
    told: Told = field(default_factory=Told)
    rung: list[Target] = field(default_factory=list)
    ring_on: asyncio.Event = field(default_factory=asyncio.Event)

    def refer(self, sender: Party, number: str = CAROL, uri_tail: str = "") -> None:
        session = sender.call.session
        with sender.phone.driver.turn() as now:
            session.core.send_in_dialog(
                session.require_dialog(),
                "REFER",
                self.told,
                now,
                headers=[("Refer-To", f"<sip:{number}@127.0.0.1{uri_tail}>")],
            )

    async def ring(self, target: Target, signs: Signs) -> Rung:
        self.rung.append(target)
        signs(RingSign.RINGING)
        await self.ring_on.wait()
        return self.outcome


async def served(leg: ReferredLeg) -> None:
    """What a line-to-line call comes down to."""
    rung = await leg.ring(Target(leg.dialled, presented=Presented(None)), within_s=None,
                          signs=lambda sign: None)  # fmt: skip
    if rung.far is None:
        leg.hang_up(rung.status)
        return
    try:
        await leg.answer()
        await leg.join(rung.far)
    finally:
        rung.far.hang_up()
    leg.hang_up()
    leg.ticket.outcome = "far-hung-up"


async def talked(couplings: Couplings, first: InboundLeg, second: InboundLeg) -> JoinEnd:
    try:
        return await couplings.join(first, second)
    finally:
        second.hang_up()
        first.hang_up()


def understand_notify(party: Party, told: Told) -> None:
    """Have the phone answer NOTIFY with 200 and remember what it said."""
    endpoint = party.phone.driver.endpoint
    settings = endpoint._settings
    object.__setattr__(settings, "allow", (*ALLOW, "NOTIFY"))
    handle = party.phone.driver._handle

    def understand(event: events.Event) -> None:
        if isinstance(event, events.RequestReceived) and event.request.method == "NOTIFY":
            told.fragments.append(event.request.body)
            with party.phone.driver.turn() as now:
                endpoint.answer(event.transaction, 200, now)
        else:
            handle(event)

    party.phone.driver._handle = understand


@contextlib.asynccontextmanager
async def scene(status: int = 200) -> AsyncIterator[Scene]:
    async with switchboard() as board, contextlib.AsyncExitStack() as stack:
        alice, bob, carol = [await party(board, stack, EVENTS) for _ in range(3)]
        couplings = Couplings(board.driver, CouplingSettings(), board.notes)
        far = carol.leg if status == 200 else None
        outcome = Rung(Ring.ANSWERED if far else Ring.BUSY, status, far)
        stages: list[Scene] = []

        class Dialler:
            async def ring(
                self, caller: Calling, target: Target, *, within_s: float | None, signs: Signs
            ) -> Rung:
                return await stages[0].ring(target, signs)

            def release(self, caller: Calling) -> None:
                """It forgets nobody."""

        transfers = Transfers(
            board.driver,
            Tickets(board.records, board.events, lambda: (1000.0, 2000.0)),
            couplings,
            Dialler(),
            lambda side: ACCOUNT,
            lambda number: number == CAROL,
            served,
            POLICY,
            board.occupancy,
            board.notes,
        )
        talk = asyncio.ensure_future(talked(couplings, alice.leg, bob.leg))
        stage = Scene(board, alice, bob, carol, couplings, transfers, outcome, talk)
        stages.append(stage)
        for each in (alice, bob):
            understand_notify(each, stage.told)
        await eventually(lambda: alice.leg.coupling is not None)
        yield stage
        stage.talk.cancel()
        await transfers.drain()
        await asyncio.wait([stage.talk])


def last_told(scene: Scene) -> Callable[[], bool]:
    return lambda: scene.told.fragments[-1:] == [b"SIP/2.0 200 OK\r\n"]


async def hear_each_other(one: Party, other: Party) -> None:
    for speaker, listener in ((one, other), (other, one)):
        await silence(listener)
        speaker.speak(SPEECH)
        await eventually(lambda party=listener: hears(party))  # type: ignore[misc]


class TestBlind:
    async def test_the_called_party_sends_the_caller_on(self) -> None:
        async with scene() as it:
            it.refer(it.bob)
            await eventually(lambda: it.told.answers == [202])
            await eventually(lambda: [target.number for target in it.rung] == [CAROL])
            await eventually(lambda: len(it.told.fragments) == 2)
            it.ring_on.set()
            await eventually(last_told(it))
            await hear_each_other(it.alice, it.carol)
            await eventually(it.bob.call.over.is_set)
            it.carol.call.hang_up()
            assert await it.talk is JoinEnd.FAR_HUNG_UP
            await eventually(it.alice.call.over.is_set)

    async def test_the_caller_sends_the_called_party_on(self) -> None:
        async with scene() as it:
            it.refer(it.alice)
            it.ring_on.set()
            await eventually(last_told(it))
            await hear_each_other(it.bob, it.carol)
            await eventually(it.alice.call.over.is_set)
            assert await it.talk is JoinEnd.TRANSFERRED
            assert not it.bob.leg.closed
            it.carol.call.hang_up()
            await eventually(it.bob.call.over.is_set)
            assert len(it.transfers) == 0

    @pytest.mark.parametrize("caller_sends", [True, False])
    async def test_who_sends_may_hang_up_at_once(self, caller_sends: bool) -> None:
        async with scene() as it:
            sender, sent = (it.alice, it.bob) if caller_sends else (it.bob, it.alice)
            it.refer(sender)
            await eventually(lambda: it.told.answers == [202])
            sender.call.hang_up()
            await eventually(sender.call.over.is_set)
            await eventually(lambda: bool(it.rung))
            it.ring_on.set()
            await hear_each_other(sent, it.carol)
            sent.call.hang_up()
            await eventually(it.carol.call.over.is_set)

    @pytest.mark.parametrize("caller_sends", [True, False])
    async def test_a_busy_party_gives_the_old_call_back(self, caller_sends: bool) -> None:
        async with scene(486) as it:
            sender = it.alice if caller_sends else it.bob
            it.refer(sender)
            it.ring_on.set()
            await eventually(lambda: it.told.fragments[-1:] == [b"SIP/2.0 486 Busy Here\r\n"])
            await hear_each_other(it.alice, it.bob)
            assert len(it.transfers) == 0
            it.refer(sender)
            await eventually(lambda: len(it.rung) == 2)

    @pytest.mark.parametrize("caller_sends", [True, False])
    async def test_a_busy_party_and_nobody_to_go_back_to(self, caller_sends: bool) -> None:
        async with scene(486) as it:
            sender, sent = (it.alice, it.bob) if caller_sends else (it.bob, it.alice)
            it.refer(sender)
            await eventually(lambda: bool(it.rung))
            sender.call.hang_up()
            await eventually(sender.call.over.is_set)
            it.ring_on.set()
            await eventually(sent.call.over.is_set)

    @pytest.mark.parametrize("caller_sends", [True, False])
    async def test_who_is_sent_may_give_up(self, caller_sends: bool) -> None:
        async with scene() as it:
            sender, sent = (it.alice, it.bob) if caller_sends else (it.bob, it.alice)
            it.refer(sender)
            await eventually(lambda: bool(it.rung))
            sent.call.hang_up()
            await eventually(sender.call.over.is_set)
            assert len(it.transfers) == 0
            assert it.told.fragments[-1] in (
                b"SIP/2.0 487 Request Terminated\r\n",
                b"SIP/2.0 180 Ringing\r\n",
            )

    async def test_the_new_call_is_the_senders(self) -> None:
        async with scene() as it:
            it.refer(it.bob)
            it.ring_on.set()
            await eventually(last_told(it))
            first = it.bob.leg.ticket
            it.carol.call.hang_up()
            await it.talk
            await eventually(lambda: len(it.transfers) == 0)
            (record,) = [each for each in it.board.records.all if each.called == CAROL]
            assert record.linked_id == first.linked_id
            assert record.payer == ACCOUNT.line
            assert record.answered_at is not None
            assert record.cause == Cause.FAR_HUNG_UP


class TestRefusals:
    @pytest.mark.parametrize(
        ("number", "tail"),
        [
            (FORBIDDEN, ""),
            ("110", ""),
            (CAROL, ";method=BYE"),
            (CAROL, "?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2"),
        ],
        ids=["premium", "emergency", "no call", "attended"],
    )
    async def test_who_may_not_be_called_this_way(self, number: str, tail: str) -> None:
        async with scene() as it:
            it.refer(it.bob, number, tail)
            await eventually(lambda: it.told.answers == [403])
            assert it.rung == []
            await hear_each_other(it.alice, it.bob)

    async def test_one_at_a_time(self) -> None:
        async with scene() as it:
            it.refer(it.bob)
            await eventually(lambda: bool(it.rung))
            it.refer(it.bob)
            it.refer(it.alice)
            await eventually(lambda: sorted(it.told.answers) == [202, 491, 491])

    async def test_not_for_ever(self) -> None:
        async with scene(486) as it:
            it.ring_on.set()
            for expected in (202, 202, 403):
                await eventually(lambda: it.alice.leg.coupling is not None)
                it.told.answers.clear()
                it.refer(it.bob)
                await eventually(lambda status=expected: it.told.answers == [status])  # type: ignore[misc]
                await eventually(lambda: len(it.transfers) == 0)

    async def test_a_trunk_sends_nobody(self) -> None:
        async with scene() as it:
            it.transfers._account_of = _nobody
            it.refer(it.bob)
            await eventually(lambda: it.told.answers == [403])


def _nobody(side: Side) -> None:
    return None


@pytest.mark.parametrize(
    ("uri", "dialled"),
    [
        ("sip:0312345678@x", "0312345678"),
        ("sip:03-1234-5678@x", "0312345678"),
        ("tel:+81-3-1234-5678", "+81312345678"),
        ("sip:carol@x", "carol"),
        ("sip:x", ""),
    ],
)
def test_what_a_refer_to_dials(uri: str, dialled: str) -> None:
    assert dialled_of(Uri.parse(uri)) == dialled
