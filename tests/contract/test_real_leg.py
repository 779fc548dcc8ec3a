"""The leg on the wire is a leg: real sockets, our own phone at the far end."""

from collections.abc import AsyncIterator

import pytest

from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import Ended, PhoneCall, PhoneEvent, Refused
from tests.contract.leg_contract import LegContract
from tests.support.switchboard import phone_of, switchboard


class FarEnd:
    """A leg and the phone call at its other end."""

    def __init__(self, leg: InboundLeg, call: PhoneCall) -> None:
        self.leg = leg
        self.call = call
        self._seen: list[PhoneEvent] = []
        call.told = self._seen.append

    async def press(self, key: str) -> None:
        assert await self.call.press(key)

    def final_status(self) -> int | None:
        return next((event.status for event in self._seen if isinstance(event, Refused)), None)

    def got_bye(self) -> bool:
        return any(isinstance(event, Ended) and event.by_peer for event in self._seen)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
class TestLegOnTheWire(LegContract):
    @pytest.fixture
    async def phone(self, transport: str) -> AsyncIterator[FarEnd]:
        async with switchboard() as board, phone_of(board, transport=transport) as phone:
            call = phone.dial("1429")
            yield FarEnd(await board.legs.get(), call)
