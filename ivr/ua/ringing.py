"""One party being rung: which phones are called when, what is heard of them, who answers first.

The phones of one q ring at once, those of the next when they all have refused, or when none of
them has given a sign of life for a while (RFC 3261 §16.6). A trunk's peers are tried one after the
other, the next only when one is out of order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from ivr.call.party import Ring, RingSign, Rung, Signs
from ivr.net.media_leg import MediaLeg
from ivr.sip.message import Response
from ivr.sip.session_table import State
from ivr.ua.causes import Cause
from ivr.ua.far_leg import ELSEWHERE, Early, FarLeg
from ivr.ua.forking import CAUSE_OF, Final, best, final
from ivr.ua.ways import Group, Way

_UNAVAILABLE, _NO_SIGN, _OK, _CANCELLED = 480, 408, 200, 487
_NOT_ACCEPTABLE = 488
_OUT_OF_ORDER = frozenset((_NO_SIGN, 503))
_NO_SUCH_SOUND = frozenset((406, 415, 488, 606))
"""What phones without SRTP say to an offer of nothing else."""


class Desk(Protocol):
    """Where branches are made."""

    def place(self, ringing: "Ringing", way: Way) -> FarLeg | Final:
        """Send an INVITE; or the reason why none can be sent this way."""
        ...

    def given_up(self, ringing: "Ringing") -> None:
        """The ring is over: whoever was rung in vain may be called again."""
        ...


class Ringing:
    """Rings groups of ways in their order; `outcome` is set once.

    Args:
        listener: where the party's own sound goes before it answers.
        hunting: the ways lead to one and the same party, which speaks for all of them.
        step_s: how long a group may give no sign of life before the next one is called.
        lifeless_s: how long any phone may answer nothing at all before it counts as gone.
    """

    def __init__(
        self,
        desk: Desk,
        listener: MediaLeg,
        groups: Sequence[Group],
        signs: Signs,
        *,
        hunting: bool,
        step_s: float,
        lifeless_s: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[Rung] = self._loop.create_future()
        self.rang = False
        self.winner: FarLeg | None = None
        self._desk = desk
        self._listener = listener
        self._groups = deque(groups)
        self._signs = signs
        self._hunting = hunting
        self._step_s = step_s
        self._lifeless_s = lifeless_s
        self._told: set[RingSign] = set()
        self._pending: dict[FarLeg, None] = {}
        self._finals: list[Final] = []
        self._sounding: dict[FarLeg, None] = {}
        """Who sends sound of its own; the first is heard."""
        self._step_timer: asyncio.TimerHandle | None = None
        self._timers: list[asyncio.TimerHandle] = []

    def begin(self, within_s: float | None, alive_within_s: float | None) -> None:
        """Call the first group; the party has so long to answer, and so long to give a sign."""
        if within_s is not None:
            self._after(within_s, self._run_out)
        if alive_within_s is not None:
            self._after(alive_within_s, self._look_alive)
        self._go_on()

    # What becomes of a branch

    def progressed(self, branch: FarLeg, response: Response) -> None:
        """An 18x came."""
        if branch not in self._pending:
            return
        self.rang = True
        match branch.progressed(response):
            case Early.SOUND:
                self._hear(branch)
            case Early.PERHAPS:
                if branch not in self._sounding:
                    branch.when_heard(lambda: self._hear(branch))
                self._sign(RingSign.RINGING)
            case Early.NOTHING:
                self._sign(RingSign.RINGING)

    def answered(self, branch: FarLeg, response: Response, now: float) -> None:
        """The first answer wins; one without usable sound is a refusal."""
        if branch not in self._pending:
            return
        if not branch.answered(response, now):
            branch.hang_up(reason='SIP;cause=488;text="No common audio codec"')
            self.failed(branch, _NOT_ACCEPTABLE)
            return
        del self._pending[branch]
        self.winner = branch
        self._settle(Rung(Ring.ANSWERED, _OK, branch))

    def failed(self, branch: FarLeg, status: int) -> None:
        """A branch ended without an answer."""
        if branch not in self._pending:
            return
        del self._pending[branch]
        branch.close()
        self._silence(branch)
        if branch.weaker is None or status not in _NO_SUCH_SOUND or self.outcome.done():
            self._conclude(final(status, rang=branch.rang))
            return
        refused = self._place(branch.weaker)
        if refused is not None:
            self._conclude(refused)

    def stop(self) -> None:
        """Nobody wants the party any more: whoever rings is told so, whoever answered too."""
        for timer in (*self._timers, self._step_timer):
            if timer is not None:
                timer.cancel()
        self._timers.clear()
        self._sounding.clear()
        reason = ELSEWHERE if self.winner is not None else None
        pending, self._pending = self._pending, {}
        for branch in pending:
            branch.hang_up(reason=reason)
        self._desk.given_up(self)

    # Which branch is next

    def _go_on(self) -> None:
        """Call the next group that anybody can be called in; with none left it is over."""
        while self._groups and not self._pending and not self.outcome.done():
            self._call(self._groups.popleft())
        if self._step_timer is not None:
            self._step_timer.cancel()
        if self._pending and self._groups:
            self._step_timer = self._loop.call_later(self._step_s, self._step)
        elif not self._pending:
            self._fail()

    def _call(self, ways: Group) -> None:
        for way in ways:
            refused = self._place(way)
            if refused is not None:
                self._finals.append(refused)

    def _place(self, way: Way) -> Final | None:
        """Call one phone; why not, if it cannot be called."""
        placed = self._desk.place(self, way)
        if not isinstance(placed, FarLeg):
            return placed
        self._pending[placed] = None
        self._after(self._lifeless_s, partial(self._give_up, placed))
        return None

    def _give_up(self, branch: FarLeg) -> None:
        """A phone that has not answered anything by now is not there."""
        if branch in self._pending and branch.session.state is State.CALLING:
            branch.hang_up()
            self.failed(branch, _NO_SIGN)

    def _step(self) -> None:
        """Try the next group too, when nothing at all was heard of this one."""
        if self.outcome.done() or not self._groups:
            return
        if any(branch.session.state is not State.CALLING for branch in self._pending):
            return
        if self._hunting:
            for branch in list(self._pending):
                self._give_up(branch)
        else:
            self._call(self._groups.popleft())
            self._go_on()

    def _conclude(self, ended: Final) -> None:
        self._finals.append(ended)
        if self.outcome.done():
            return
        if ended.everywhere or (self._hunting and ended.status not in _OUT_OF_ORDER):
            self._fail()
        elif not self._pending:
            self._go_on()

    # How it ends

    def _run_out(self) -> None:
        """The time to answer is over."""
        if any(branch.rang for branch in self._pending):
            self._finish(Final(_UNAVAILABLE, Ring.NO_ANSWER))
        else:
            self._finals += [Final(_NO_SIGN, Ring.UNREACHABLE)] * len(self._pending)
            self._fail()

    def _look_alive(self) -> None:
        """The time to give a sign is over (LINE-03)."""
        if not self.rang:
            self._finish(Final(_UNAVAILABLE, Ring.UNREACHABLE))

    def _fail(self) -> None:
        self._finish(best(self._finals or [Final(_UNAVAILABLE, Ring.UNREACHABLE)]))

    def _finish(self, ended: Final) -> None:
        self._settle(Rung(ended.outcome, ended.status))

    def _settle(self, rung: Rung) -> None:
        if not self.outcome.done():
            self.outcome.set_result(rung)
            self.stop()

    # What is heard meanwhile

    def _hear(self, branch: FarLeg) -> None:
        """Let the caller hear this phone, unless another is heard already."""
        if branch not in self._pending or branch in self._sounding:
            return
        self._sounding[branch] = None
        if len(self._sounding) == 1:
            branch.media.relay_to(self._listener)
        self._sign(RingSign.EARLY_MEDIA)

    def _silence(self, branch: FarLeg) -> None:
        """It rings no more: the next one that sounds is heard."""
        if branch in self._sounding:
            del self._sounding[branch]
            following = next(iter(self._sounding), None)
            if following is not None:
                following.media.relay_to(self._listener)

    def _sign(self, sign: RingSign) -> None:
        if sign not in self._told and RingSign.EARLY_MEDIA not in self._told:
            self._told.add(sign)
            self._signs(sign)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append(self._loop.call_later(seconds, act))


def cause_of(rung: Rung) -> tuple[Cause, int]:
    """What the record of a party says that was rung in vain."""
    return CAUSE_OF[rung.outcome], rung.status


GIVEN_UP = (Cause.CANCELLED, _CANCELLED)
"""What it says when the caller gave up."""
