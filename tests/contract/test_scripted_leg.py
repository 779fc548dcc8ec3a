"""The scripted leg is a leg: what flows are tested on behaves as what they run on."""

import pytest

from provisioning.contract import E164
from tests.contract.leg_contract import LegContract
from tests.support.scripted_leg import ScriptedLeg, account_of


class ScriptedPhone:
    def __init__(self) -> None:
        self.leg = ScriptedLeg(account_of(E164("+819000000001")), "1429")

    async def press(self, key: str) -> None:
        self.leg.press(key)

    def final_status(self) -> int | None:
        return self.leg.ended.status if self.leg.ended else None

    def got_bye(self) -> bool:
        return self.leg.ended is not None and self.leg.answered


class TestScriptedLeg(LegContract):
    @pytest.fixture
    def phone(self) -> ScriptedPhone:
        return ScriptedPhone()
