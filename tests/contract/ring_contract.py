"""What a leg that can be connected (`ivr.call.leg.Caller`) must do beyond `leg_contract`.

Subclass `RingContract` and give it a fixture `scene`: a caller's leg, and a phone that can be rung
and obeys the test. Nothing here depends on how fast the subclass's loop is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol

import pytest

from ivr.call.leg import Caller
from ivr.call.party import JoinEnd, Ring, RingSign, Rung, Target
from tests.contract.leg_contract import LONG, PATIENCE_S, SHORT, Endings, eventually, later

LONG_ENOUGH_S = 30.0


class CalledPhone(Protocol):
    """A phone of this network that is registered; each verb waits for the INVITE to be there."""

    async def rings(self) -> None:
        """Send 180."""
        ...

    async def sends_early_media(self) -> None:
        """Send 183 with a description, and sound."""
        ...

    async def answers(self) -> None: ...

    async def refuses(self, status: int) -> None: ...

    async def hangs_up(self) -> None: ...

    async def presses(self, key: str) -> None: ...

    def cancelled(self) -> bool:
        """Whether the network gave its INVITE up."""
        ...

    def got_bye(self) -> bool: ...


class Scene(Protocol):
    """A caller, and whom they call."""

    @property
    def leg(self) -> Caller: ...

    @property
    def called(self) -> CalledPhone: ...

    @property
    def target(self) -> Target:
        """Rings `called`."""
        ...

    @property
    def nobody(self) -> Target:
        """An account that no phone is registered for."""
        ...

    def provisional(self) -> list[int]:
        """The provisional responses that the caller got, but 100."""
        ...


class Ringing:
    """A ring that goes on, and the signs it gave."""

    def __init__(self, scene: Scene, within_s: float | None) -> None:
        self.signs: list[RingSign] = []
        self.task = asyncio.ensure_future(
            scene.leg.ring(scene.target, within_s=within_s, signs=self.signs.append)
        )

    async def ended(self) -> Rung:
        async with asyncio.timeout(PATIENCE_S):
            return await self.task


@asynccontextmanager
async def ringing(scene: Scene, within_s: float | None = LONG_ENOUGH_S) -> AsyncIterator[Ringing]:
    ring = Ringing(scene, within_s)
    try:
        yield ring
    finally:
        ring.task.cancel()
        await asyncio.wait([ring.task])


async def talking(scene: Scene) -> Rung:
    """Ring, and answer both halves; the far half is there."""
    async with ringing(scene) as ring:
        await scene.called.rings()
        await scene.called.answers()
        rung = await ring.ended()
    await scene.leg.answer()
    return rung


class RingContract:
    async def test_a_phone_rings_and_answers(self, scene: Scene) -> None:
        async with ringing(scene) as ring:
            await scene.called.rings()
            await eventually(lambda: ring.signs == [RingSign.RINGING])
            await scene.called.answers()
            rung = await ring.ended()
        assert (rung.outcome, rung.status) == (Ring.ANSWERED, 200)
        assert rung.far is not None
        rung.far.hang_up()
        await eventually(scene.called.got_bye)

    async def test_early_media_is_told_once(self, scene: Scene) -> None:
        async with ringing(scene) as ring:
            await scene.called.rings()
            await scene.called.sends_early_media()
            await eventually(lambda: RingSign.EARLY_MEDIA in ring.signs)
            await later()
            assert ring.signs == [RingSign.RINGING, RingSign.EARLY_MEDIA]

    @pytest.mark.parametrize(
        ("status", "rings", "outcome"),
        [
            (486, True, Ring.BUSY),
            (600, False, Ring.BUSY),
            (480, True, Ring.NO_ANSWER),
            (480, False, Ring.UNREACHABLE),
            (503, False, Ring.UNREACHABLE),
            (603, True, Ring.DECLINED),
            (403, False, Ring.DECLINED),
            (488, False, Ring.INCOMPATIBLE),
            (415, False, Ring.INCOMPATIBLE),
        ],
    )
    async def test_a_refusal_is_an_outcome(
        self, scene: Scene, status: int, rings: bool, outcome: Ring
    ) -> None:
        async with ringing(scene) as ring:
            if rings:
                await scene.called.rings()
                await eventually(lambda: ring.signs == [RingSign.RINGING])
            await scene.called.refuses(status)
            rung = await ring.ended()
        assert (rung.outcome, rung.status, rung.far, rung.asked) == (outcome, status, None, True)

    async def test_a_phone_that_nobody_answers_stops_ringing(self, scene: Scene) -> None:
        async with ringing(scene, within_s=0.5) as ring:
            await scene.called.rings()
            rung = await ring.ended()
        assert (rung.outcome, rung.far) == (Ring.NO_ANSWER, None)
        await eventually(scene.called.cancelled)

    async def test_a_phone_that_gives_no_sign_is_unreachable(self, scene: Scene) -> None:
        async with ringing(scene, within_s=0.5) as ring:
            rung = await ring.ended()
        assert (rung.outcome, ring.signs) == (Ring.UNREACHABLE, [])

    async def test_a_phone_must_give_a_sign_in_time_where_another_waits(self, scene: Scene) -> None:
        target = replace(scene.target, alive_within_s=0.3)
        async with asyncio.timeout(PATIENCE_S):
            rung = await scene.leg.ring(target, within_s=LONG_ENOUGH_S, signs=lambda _: None)
        assert rung.outcome is Ring.UNREACHABLE

    async def test_nobody_registered_is_unreachable_at_once(self, scene: Scene) -> None:
        rung = await scene.leg.ring(scene.nobody, within_s=None, signs=lambda _: None)
        assert (rung.outcome, rung.far, rung.asked) == (Ring.UNREACHABLE, None, False)

    async def test_a_caller_who_gives_up_stops_the_ringing(self, scene: Scene) -> None:
        async with ringing(scene) as ring:
            await scene.called.rings()
            await eventually(lambda: ring.signs == [RingSign.RINGING])
        assert ring.task.cancelled()
        await eventually(scene.called.cancelled)

    async def test_the_next_party_is_rung_after_a_refusal(self, scene: Scene) -> None:
        async with ringing(scene) as ring:
            await scene.called.refuses(486)
            await ring.ended()
        async with ringing(scene) as ring:
            await scene.called.answers()
            rung = await ring.ended()
        assert rung.outcome is Ring.ANSWERED
        assert rung.far is not None
        rung.far.hang_up()
        await eventually(scene.called.got_bye)

    async def test_the_caller_is_told_of_ringing_once(self, scene: Scene) -> None:
        await scene.leg.progress(ringing=True)
        await scene.leg.progress(ringing=True)
        await scene.leg.progress()
        await eventually(lambda: scene.provisional() == [180])
        await later()
        assert scene.provisional() == [180]

    async def test_ringing_is_told_after_other_early_media(self, scene: Scene) -> None:
        await scene.leg.progress()
        await scene.leg.progress(ringing=True)
        await eventually(lambda: scene.provisional() == [183, 180])

    async def test_ring_back_is_heard_while_it_rings(self, scene: Scene) -> None:
        async with ringing(scene) as ring:
            await scene.called.rings()
            await eventually(lambda: ring.signs == [RingSign.RINGING])
            await scene.leg.progress(ringing=True)
            done = Endings()
            scene.leg.play(SHORT, done)
            await eventually(lambda: done.told == [True])

    async def test_talking_ends_when_the_party_hangs_up(self, scene: Scene) -> None:
        rung = await talking(scene)
        assert rung.far is not None
        joined = asyncio.ensure_future(scene.leg.join(rung.far))
        await later()
        assert not joined.done()
        await scene.called.hangs_up()
        async with asyncio.timeout(PATIENCE_S):
            assert await joined is JoinEnd.FAR_HUNG_UP

    async def test_a_party_that_is_gone_already_is_joined_no_more(self, scene: Scene) -> None:
        rung = await talking(scene)
        assert rung.far is not None
        await scene.called.hangs_up()
        await later()
        async with asyncio.timeout(PATIENCE_S):
            assert await scene.leg.join(rung.far) is JoinEnd.FAR_HUNG_UP

    async def test_the_party_is_let_go_when_the_caller_is_gone(self, scene: Scene) -> None:
        rung = await talking(scene)
        assert rung.far is not None
        joined = asyncio.ensure_future(scene.leg.join(rung.far))
        await later()
        joined.cancel()
        await asyncio.wait([joined])
        assert joined.cancelled()
        rung.far.hang_up()
        await eventually(scene.called.got_bye)

    async def test_the_party_can_be_played_to(self, scene: Scene) -> None:
        rung = await talking(scene)
        assert rung.far is not None
        done, second = Endings(), Endings()
        rung.far.play(SHORT, done)
        await eventually(lambda: done.told == [True])
        rung.far.play(LONG, second)
        rung.far.stop_playing()
        await eventually(lambda: second.told == [False])
        rung.far.hang_up()

    async def test_keys_of_the_party_are_heard(self, scene: Scene) -> None:
        rung = await talking(scene)
        assert rung.far is not None
        pressed: list[str] = []
        rung.far.on_key = pressed.append
        await scene.called.presses("5")
        await eventually(lambda: pressed == ["5"])
        rung.far.hang_up()
        rung.far.hang_up()
        await eventually(scene.called.got_bye)
