"""The leg of a real call is a leg: loopback sockets, our own phone at the far end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import Ended, PhoneCall, PhoneEvent, Refused
from tests.contract.leg_contract import LegContract
from tests.support.switchboard import phone_of, switchboard

PATIENCE_S = 10.0


class FarEnd:
    """A leg and the phone call at its other end."""

    def __init__(self, leg: InboundLeg, call: PhoneCall) -> None:
        self.leg = leg
        self._call = call
        self._told: list[PhoneEvent] = []
        call.told = self._told.append

    async def press(self, key: str) -> None:
        """Key it as an RTP event."""
        assert await self._call.press(key)

    def say(self, ulaw: bytes) -> None:
        self._call.say(ulaw)

    def final_status(self) -> int | None:
        return next((told.status for told in self._told if isinstance(told, Refused)), None)

    def got_bye(self) -> bool:
        return any(isinstance(told, Ended) and told.by_peer for told in self._told)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
class TestInboundLeg(LegContract):
    @pytest.fixture
    async def phone(self, transport: str) -> AsyncIterator[FarEnd]:
        async with switchboard() as board, phone_of(board, transport=transport) as phone:
            call = phone.dial("1429")
            async with asyncio.timeout(PATIENCE_S):
                leg = await board.legs.get()
            yield FarEnd(leg, call)
