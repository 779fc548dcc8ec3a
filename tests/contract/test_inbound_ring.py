"""The leg of a real call can be connected: our own phone calls, a phone of plain text is rung."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ivr.call.party import Target
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import PhoneCall, PhoneEvent, Progress
from tests.contract.leg_contract import PATIENCE_S, eventually
from tests.contract.ring_contract import RingContract
from tests.support.socket_phone import CALLED, registered
from tests.support.switchboard import phone_of, switchboard
from tests.support.text_phone import OFFER, TextPhone
from tests.support.wire import Message

KEY = ["Content-Type: application/dtmf-relay"]


class ObedientPhone:
    """Does as it is told with the INVITE that came, or comes, last."""

    def __init__(self, phone: TextPhone) -> None:
        self._phone = phone
        self._refused = 0

    async def rings(self) -> None:
        self._phone.reply(await self._invite(), 180)

    async def sends_early_media(self) -> None:
        self._phone.reply(await self._invite(), 183, sdp=OFFER)

    async def answers(self) -> None:
        self._phone.reply(await self._invite(), 200, sdp=OFFER)

    async def refuses(self, status: int) -> None:
        self._phone.reply(await self._invite(), status, contact=False)
        self._refused += 1

    async def hangs_up(self) -> None:
        self._phone.bye(await self._invite())

    async def presses(self, key: str) -> None:
        self._phone.request("INFO", await self._invite(), KEY, f"Signal={key}\r\nDuration=160\r\n")

    def cancelled(self) -> bool:
        return bool(self._phone.requests("CANCEL"))

    def got_bye(self) -> bool:
        return bool(self._phone.requests("BYE"))

    def _invites(self) -> list[Message]:
        return list({m.get("Call-ID"): m for m in self._phone.requests("INVITE")}.values())

    async def _invite(self) -> Message:
        await eventually(lambda: len(self._invites()) > self._refused)
        return self._invites()[-1]


class WireScene:
    target = Target(CALLED, users=(CALLED,))
    nobody = Target("09000000003", users=("09000000003",))

    def __init__(self, leg: InboundLeg, call: PhoneCall, phone: TextPhone) -> None:
        self.leg = leg
        self.called = ObedientPhone(phone)
        self._told: list[PhoneEvent] = []
        call.told = self._told.append

    def provisional(self) -> list[int]:
        return [told.status for told in self._told if isinstance(told, Progress)]


class TestInboundRinging(RingContract):
    @pytest.fixture
    async def scene(self) -> AsyncIterator[WireScene]:
        async with (
            switchboard() as board,
            registered(board) as called,
            phone_of(board) as phone,
        ):
            call = phone.dial(CALLED)
            async with asyncio.timeout(PATIENCE_S):
                leg = await board.legs.get()
            yield WireScene(leg, call, called)
