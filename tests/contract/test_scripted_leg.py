"""The scripted leg is a leg: what flows are tested on behaves as what they run on."""

import pytest

from ivr.call.party import RingSign, Target
from provisioning.contract import E164
from tests.contract.leg_contract import LegContract, eventually
from tests.contract.ring_contract import RingContract
from tests.support.scripted_leg import ScriptedLeg, account_of
from tests.support.scripted_party import Invitation, ScriptedParty

CALLED = "09000000002"


class ScriptedPhone:
    def __init__(self) -> None:
        self.leg = ScriptedLeg(account_of(E164("+819000000001")), "1429")

    async def press(self, key: str) -> None:
        self.leg.press(key)

    def say(self, ulaw: bytes) -> None:
        self.leg.say(ulaw)

    def final_status(self) -> int | None:
        return self.leg.ended.status if self.leg.ended else None

    def got_bye(self) -> bool:
        return self.leg.ended is not None and self.leg.answered


class TestScriptedLeg(LegContract):
    @pytest.fixture
    def phone(self) -> ScriptedPhone:
        return ScriptedPhone()


class ObedientPhone:
    """A scripted party without a script; what it is told is about its next invitation."""

    def __init__(self, party: ScriptedParty) -> None:
        self._party = party
        self._taken = 0
        self._now: Invitation | None = None

    async def rings(self) -> None:
        (await self._invited()).sign(RingSign.RINGING)

    async def sends_early_media(self) -> None:
        (await self._invited()).sign(RingSign.EARLY_MEDIA)

    async def answers(self) -> None:
        (await self._invited()).settle(200)

    async def refuses(self, status: int) -> None:
        (await self._invited()).settle(status)

    async def hangs_up(self) -> None:
        if far := (await self._invited()).far:
            far.leave()

    async def presses(self, key: str) -> None:
        if far := (await self._invited()).far:
            far.press(key)

    def cancelled(self) -> bool:
        return self._party.invitations[-1].cancelled

    def got_bye(self) -> bool:
        far = self._party.invitations[-1].far
        return far is not None and far.got_bye

    async def _invited(self) -> Invitation:
        """The invitation there is; after a refusal, the one to come."""
        if self._now is None or (self._now.final.done() and self._now.far is None):
            await eventually(lambda: len(self._party.invitations) > self._taken)
            self._now = self._party.invitations[self._taken]
            self._taken += 1
        return self._now


class ScriptedScene:
    target = Target(CALLED, users=(CALLED,))
    nobody = Target("09000000003", users=("09000000003",))

    def __init__(self) -> None:
        party = ScriptedParty()
        self.leg = ScriptedLeg(account_of(E164("+819000000001")), CALLED)
        self.leg.parties[CALLED] = party
        self.called = ObedientPhone(party)

    def provisional(self) -> list[int]:
        return self.leg.provisional


class TestScriptedRinging(RingContract):
    @pytest.fixture
    async def scene(self) -> ScriptedScene:
        return ScriptedScene()
