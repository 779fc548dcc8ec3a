"""Phones that are rung without a network: they obey a test, or a script in virtual time."""

import asyncio
from collections.abc import Callable, Sequence

from ivr.call.party import JoinEnd, KeyHandler, Ring, RingSign, Rung, Signs, Target
from tests.support.scripted_sound import ScriptedSound

BUSY = {486, 600}
GONE = {408, 430, 480, 503}
INCOMPATIBLE = {415, 488, 606}
RANKS = (600, 400, 500, 300)
"""6xx wins, then 4xx: the best final response (RFC 3261 §16.7, shortened)."""

STEP_S = 0.1
"""How often a ring without a sign of life is looked at."""


def outcome_of(status: int, *, rang: bool) -> Ring:
    """What a final response means."""
    if status in BUSY:
        return Ring.BUSY
    if status in INCOMPATIBLE:
        return Ring.INCOMPATIBLE
    if status in GONE and not rang:
        return Ring.UNREACHABLE
    return Ring.NO_ANSWER if rang and status in {408, 480} else Ring.DECLINED


class ScriptedFar(ScriptedSound):
    """The answered half of a scripted phone (`ivr.call.party.FarLeg`)."""

    def __init__(self) -> None:
        super().__init__()
        self.on_key: KeyHandler | None = None
        self.got_bye = False
        self.gone: asyncio.Future[JoinEnd] = asyncio.get_running_loop().create_future()

    @property
    def call_id(self) -> str:
        return "scripted-far@test"

    def press(self, key: str) -> None:
        """The party presses a key."""
        if self.on_key and not self.mute:
            self.on_key(key)

    def leave(self, why: JoinEnd = JoinEnd.FAR_HUNG_UP) -> None:
        """The party's half ends by itself."""
        self.fall_silent()
        if not self.gone.done():
            self.gone.set_result(why)

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        self.got_bye = self.got_bye or not self.gone.done()
        self.leave()


class Invitation:
    """One INVITE to one phone."""

    def __init__(self, target: Target, told: Signs) -> None:
        self.target = target
        self.signs: list[RingSign] = []
        self.final: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.far: ScriptedFar | None = None
        self.cancelled = False
        self._told: Signs | None = told
        self.final.add_done_callback(self._fall_silent)

    def sign(self, sign: RingSign) -> None:
        """The phone rings, or sends its own sound."""
        if self._told and sign not in self.signs and not self.final.done():
            self.signs.append(sign)
            self._told(sign)

    def settle(self, status: int) -> None:
        """The phone's final response."""
        if not self.final.done():
            self.far = ScriptedFar() if status == 200 else None
            self.final.set_result(status)

    def cancel(self) -> None:
        """The network no longer wants it."""
        if not self.final.done():
            self.cancelled = True
            self.final.cancel()
        elif self.far is not None:
            self.far.hang_up()

    def _fall_silent(self, _: asyncio.Future[int]) -> None:
        """Whoever was told is let go of: they may know this phone."""
        self._told = None

    @property
    def outcome(self) -> Ring:
        """What came of it, once it has its final response."""
        return outcome_of(self.final.result(), rang=bool(self.signs))


Script = Callable[[Invitation], None]
"""What a phone does once it is rung."""


class ScriptedParty:
    """A phone that is registered, or another carrier; `invitations` has every INVITE it got."""

    def __init__(self, script: Script | None = None) -> None:
        self.invitations: list[Invitation] = []
        self._script = script

    def invite(self, target: Target, told: Signs) -> Invitation:
        """Ring it."""
        invitation = Invitation(target, told)
        self.invitations.append(invitation)
        if self._script:
            self._script(invitation)
        return invitation


def behaves(
    *,
    rings_s: float | None = 1.0,
    early_media_s: float | None = None,
    answers_s: float | None = None,
    refuses: int | None = None,
    refuses_s: float = 0.2,
    talks_s: float | None = None,
    leaves: JoinEnd = JoinEnd.FAR_HUNG_UP,
) -> Script:
    """A script by what happens how many seconds after the INVITE; None never happens.

    `talks_s` counts from the answer; without it the party hangs up never.
    """

    def script(invitation: Invitation) -> None:
        def answer() -> None:
            invitation.settle(200)
            if talks_s is not None and invitation.far:
                after(talks_s, invitation.far.leave, leaves)

        after = asyncio.get_running_loop().call_later
        if rings_s is not None:
            after(rings_s, invitation.sign, RingSign.RINGING)
        if early_media_s is not None:
            after(early_media_s, invitation.sign, RingSign.EARLY_MEDIA)
        if answers_s is not None:
            after(answers_s, answer)
        if refuses is not None:
            after(refuses_s, invitation.settle, refuses)

    return script


async def ring_all(
    parties: Sequence[ScriptedParty], target: Target, within_s: float | None, signs: Signs
) -> Rung:
    """Ring phones at once, as `ivr.call.leg.Caller.ring` does: the first answer wins."""
    if not parties:
        return Rung(Ring.UNREACHABLE, 480, asked=False)
    told: list[RingSign] = []

    def tell(sign: RingSign) -> None:
        if sign not in told:
            told.append(sign)
            signs(sign)

    invitations = [party.invite(target, tell) for party in parties]
    answered: Invitation | None = None
    try:
        answered = await _first_answer(invitations, told, target.alive_within_s, within_s)
    finally:
        for invitation in invitations:
            if invitation is not answered:
                invitation.cancel()
    if answered:
        return Rung(Ring.ANSWERED, 200, answered.far)
    return _best(invitations, told)


async def _first_answer(
    invitations: Sequence[Invitation],
    told: Sequence[RingSign],
    alive_within_s: float | None,
    within_s: float | None,
) -> Invitation | None:
    now = asyncio.get_running_loop().time
    begun = now()
    pending = {invitation.final: invitation for invitation in invitations}
    while pending:
        limits = [within_s] if told else [within_s, alive_within_s]
        ends_s = min((limit for limit in limits if limit is not None), default=None)
        left_s = None if ends_s is None else begun + ends_s - now()
        if left_s is not None and left_s <= 0:
            return None
        step_s = None if left_s is None else min(left_s, STEP_S)
        done, _ = await asyncio.wait(pending, timeout=step_s, return_when=asyncio.FIRST_COMPLETED)
        for final in done:
            invitation = pending.pop(final)
            if final.result() == 200:
                return invitation
    return None


def _best(invitations: Sequence[Invitation], told: Sequence[RingSign]) -> Rung:
    """The best final response; of phones that gave none, what their silence means."""
    final = [each for each in invitations if not each.cancelled]
    if len(final) < len(invitations):
        return Rung(Ring.NO_ANSWER if told else Ring.UNREACHABLE, 480)
    best = min(final, key=lambda each: RANKS.index(each.final.result() // 100 * 100))
    return Rung(best.outcome, best.final.result())
