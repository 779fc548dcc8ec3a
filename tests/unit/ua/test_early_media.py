"""What a caller hears of a party before and after it answers, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ivr.call.party import Ring, RingSign, Rung, Target
from ivr.media.g711 import FRAME_SAMPLES
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import PhoneCall
from tests.contract.leg_contract import eventually
from tests.support.socket_phone import CALLED, registered
from tests.support.switchboard import Switchboard, phone_of, switchboard
from tests.support.text_phone import TextPhone
from tests.support.wire import Message
from tests.support.wire_rtp import RtpEnd

pytestmark = pytest.mark.rule("CALL-01")

EARLY = bytes(range(1, 1 + FRAME_SAMPLES))
LATE = EARLY[::-1]


@dataclass
class Scene:
    """A caller, the phone that is rung for them, and its RTP socket."""

    board: Switchboard
    leg: InboundLeg
    call: PhoneCall
    phone: TextPhone
    rtp: RtpEnd
    signs: list[RingSign] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    async def ring(self) -> "asyncio.Task[Rung]":
        """Ring the phone; returns once it has the INVITE."""
        self.call.listen(lambda offset, ulaw: self.heard.append(ulaw))
        target = Target(CALLED, users=(CALLED,))
        ringing = asyncio.ensure_future(self.leg.ring(target, within_s=30, signs=self.signs.append))
        await eventually(lambda: bool(self.phone.requests("INVITE")))
        self.rtp.peer_from(self.invite.body)
        return ringing

    @property
    def invite(self) -> Message:
        return self.phone.requests("INVITE")[0]

    @property
    def sdp(self) -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.rtp.port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )

    def hears(self, ulaw: bytes) -> bool:
        """Say it once more, and tell whether the caller has heard it."""
        self.rtp.send(ulaw)
        return ulaw in self.heard

    def gets(self, ulaw: bytes) -> bool:
        """Whether the phone that was rung is sent this sound now."""
        packet = self.rtp.receive(0)
        return packet is not None and packet.payload == ulaw


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    async with (
        switchboard() as board,
        registered(board) as phone,
        phone_of(board) as caller,
    ):
        rtp = RtpEnd()
        try:
            call = caller.dial(CALLED)
            leg = await board.legs.get()
            yield Scene(board, leg, call, phone, rtp)
        finally:
            rtp.close()


async def ended(ringing: "asyncio.Task[Rung]") -> None:
    ringing.cancel()
    await asyncio.wait([ringing])


async def test_sound_before_the_answer_is_heard() -> None:
    async with scene() as on:
        ringing = await on.ring()
        on.phone.reply(on.invite, 183, sdp=on.sdp)
        await eventually(lambda: on.signs == [RingSign.EARLY_MEDIA])
        await on.leg.progress()
        await eventually(lambda: on.hears(EARLY))
        await ended(ringing)


async def test_a_phone_that_rings_with_a_description_is_heard_once_it_sounds() -> None:
    async with scene() as on:
        ringing = await on.ring()
        on.phone.reply(on.invite, 180, sdp=on.sdp)
        await eventually(lambda: on.signs == [RingSign.RINGING])
        await on.leg.progress(ringing=True)
        await eventually(lambda: on.hears(EARLY))
        assert on.signs == [RingSign.RINGING, RingSign.EARLY_MEDIA]
        await ended(ringing)


async def test_ports_come_back_as_soon_as_a_phone_refuses() -> None:
    async with scene() as on:
        free = on.board.media.stats().free_ports
        ringing = await on.ring()
        on.phone.reply(on.invite, 183, sdp=on.sdp)
        await eventually(lambda: on.signs == [RingSign.EARLY_MEDIA])
        assert on.board.media.stats().free_ports == free - 1
        on.phone.reply(on.invite, 486, contact=False)
        assert (await ringing).outcome is Ring.BUSY
        assert on.board.media.stats().free_ports == free


async def test_both_talk_once_both_have_answered() -> None:
    async with scene() as on:
        ringing = await on.ring()
        on.phone.reply(on.invite, 200, sdp=on.sdp)
        rung = await ringing
        assert rung.far is not None
        await on.leg.answer()
        joined = asyncio.ensure_future(on.leg.join(rung.far))
        await eventually(lambda: on.hears(LATE))
        on.call._sound.media.play(EARLY, loop=True)
        await eventually(lambda: on.gets(EARLY))
        on.phone.bye(on.invite)
        await joined
        rung.far.hang_up()
