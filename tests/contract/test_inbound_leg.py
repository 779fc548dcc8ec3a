"""The leg of a real call, on loopback sockets, behaves as flows expect."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.contract.leg_contract import LegContract
from tests.support.wired_leg import WiredPhone, wired_phone


class TestInboundLeg(LegContract):
    @pytest_asyncio.fixture
    async def phone(self) -> AsyncIterator[WiredPhone]:
        async with wired_phone() as phone:
            yield phone
