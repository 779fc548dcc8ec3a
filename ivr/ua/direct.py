"""Direct media: two phones send their sound to each other, past the carrier.

After the answer each half is offered the other phone's address by a re-INVITE. As soon as one
phone changes anything, refuses, goes on sending here, or is wanted elsewhere, both are offered our
own address again, for good: what plays, records or translates needs the sound to come through here.
"""

import asyncio
from collections.abc import Callable

from ivr.sip.errors import WrongState
from ivr.sip.message import Response
from ivr.ua.side import Side
from ivr.ua.sound import NotAcceptable

Address = tuple[str, int]

_LOOK_S, _ASTRAY = 0.5, 10
"""How often it is looked who goes on sending here, and how many packets in that time are more than
what was on its way (A). PJSIP answers to who is first heard after an offer: that may be us."""
_NO_WAY_BACK = 'SIP;cause=488;text="media cannot come back"'


class _Half:
    """One phone: where its sound is to go (None: here), where it goes, what it is asked."""

    __slots__ = ("asked", "came", "events", "given", "side", "wanted")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.wanted: Address | None = None
        self.given: Address | None = None
        self.asked: tuple[Address | None] | None = None
        self.events: int | None = None
        self.came = 0

    def count(self) -> int:
        """How many packets came here since this was last asked."""
        before, self.came = self.came, self.side.media.facts().received
        return self.came - before


class Direct:
    """Brings two sides together, once, until `close`.

    `resumed` is told when the sound is to be relayed again. `astray` is called when a phone goes on
    sending here, and is to `end` it.
    """

    def __init__(
        self, first: Side, second: Side, resumed: Callable[[], None], astray: Callable[[], None]
    ) -> None:
        self._halves = (_Half(first), _Half(second))
        self._resumed, self._astray = resumed, astray
        self._looking: asyncio.TimerHandle | None = None
        self._then: Callable[[], None] | None = None
        """Answers the change of one phone."""
        self.over = not (_reachable(first) and _reachable(second) and _alike(first, second))

    @property
    def active(self) -> bool:
        """Whether a phone sends its sound elsewhere, or is asked to."""
        return any(half.given or half.asked or half.wanted for half in self._halves)

    def begin(self, now: float) -> None:
        """Offer each phone the other's address, if they can do with each other's sound."""
        if self.over:
            return
        one, other = self._halves
        one.wanted, other.wanted = _address(other.side), _address(one.side)
        one.events = _events(other.side)  # the number that was ours to choose serves for both
        self._settle(now)

    def make_way(self, side: Side, now: float, then: Callable[[], None]) -> None:
        """Call `then`, which answers a phone's own change, once the other one speaks to us."""
        if not self.active:
            then()
            return
        self.let_go()
        self._then = then
        self._stop()
        own = self._half(side)
        own.wanted = own.given  # the answer brings it back here
        for half in self._halves:
            if half is not own:
                half.wanted = None
        self._settle(now)

    def let_go(self) -> None:
        """Answer a change that waits, whatever became of the other phone."""
        then, self._then = self._then, None
        if then is not None:
            then()

    def changed(self, side: Side, now: float) -> None:
        """A phone's own re-INVITE or UPDATE was answered, with our address in it."""
        self._half(side).given = None
        self.end(now)

    def end(self, now: float) -> None:
        """Let the sound come through here again."""
        self._stop()
        for half in self._halves:
            half.wanted = None
        self._settle(now)

    def close(self) -> None:
        """The two are parted."""
        self._look_no_more()
        self.let_go()

    def _stop(self) -> None:
        self._look_no_more()
        if not self.over:
            self.over = True
            self._resumed()

    def _look_again(self) -> None:
        for half in self._halves:
            half.count()
        self._looking = asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        if max(half.count() for half in self._halves) >= _ASTRAY:
            self._astray()
        else:
            self._look_again()

    def _look_no_more(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def answered(self, side: Side, response: Response, now: float) -> None:
        """A phone took our offer."""
        half = self._half(side)
        if half.asked is None:
            return
        (address,), half.asked = half.asked, None
        half.given = address
        try:
            side.sound.accept(response.body)
        except NotAcceptable:
            self.end(now)
        self._settle(now)

    def refused(self, side: Side, now: float) -> None:
        """A phone refused our offer: what it was asked before stands."""
        half = self._half(side)
        if half.asked is None:
            return
        (address,), half.asked = half.asked, None
        if address is None:
            side.end(_NO_WAY_BACK)  # it would be left without sound
            return
        side.sound.redirect(half.given)
        self.end(now)

    def _half(self, side: Side) -> _Half:
        one, other = self._halves
        return one if side is one.side else other

    def _settle(self, now: float) -> None:
        for half in self._halves:
            if half.asked is None and half.wanted != half.given and not half.side.closed:
                self._ask(half, now)
        if all(half.asked is None for half in self._halves):
            self.let_go()
            if not self.over and self._looking is None:
                self._look_again()

    def _ask(self, half: _Half, now: float) -> None:
        side = half.side
        half.asked = (half.wanted,)
        try:
            side.session.reoffer(side.sound.redirect(half.wanted, half.events), now)
        except WrongState:  # the phone's own change is under way, and will bring it back here
            half.asked, half.wanted = None, half.given
            side.sound.redirect(half.given)


def _address(side: Side) -> Address | None:
    return side.sound.audio.remote if side.sound.audio is not None else None


def _reachable(side: Side) -> bool:
    """Whether others can send a phone sound: it is where it says it is, in the clear."""
    audio = side.sound.audio
    if audio is None or audio.remote is None or side.sound.held or audio.keys is not None:
        return False
    return audio.remote[0] == side.session.flow.peer[0]


def _events(side: Side) -> int | None:
    return side.sound.audio.event_payload_type if side.sound.audio is not None else None


def _alike(first: Side, second: Side) -> bool:
    """Whether each phone writes what the other one reads: one law, and keys in one way."""
    one, other = first.sound.audio, second.sound.audio
    return (
        one is not None
        and other is not None
        and one.payload_type == other.local_payload_type
        and other.payload_type == one.local_payload_type
        and other.event_payload_type == other.local_event_payload_type
        and (one.event_payload_type is None) is (other.event_payload_type is None)
    )
