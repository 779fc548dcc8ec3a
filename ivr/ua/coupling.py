"""Two halves of a call brought together: sound, keys, hold and the end of either (CALL-01).

Each half negotiates for itself; what one does is never asked of the other. Sound is relayed, keys
reach the other half in the way it can take them, who is held hears so, and the end of one half
becomes the end of the other, with its reason.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ivr.call.party import HIDDEN, JoinEnd
from ivr.media import tones
from ivr.net.driver import Driver
from ivr.sip import q850
from ivr.sip.errors import WrongState
from ivr.sip.events import EndCause
from ivr.sip.message import Response
from ivr.sip.referral import Referral
from ivr.sip.session_info import ForeignInfo
from ivr.ua.causes import OF_SESSION, Cause
from ivr.ua.direct import Direct
from ivr.ua.info_keys import as_info
from ivr.ua.log import Log
from ivr.ua.side import Side

_FORBIDDEN = 403
_LONGEST_REASON = 200
MOST_KEYS = 64
"""Keys that wait to be pressed toward a party: more than a hand keys in ten seconds (A)."""


@dataclass(frozen=True, slots=True)
class CouplingSettings:
    """`hold_tone`: who is held hears the network's tone, not what the holder sends, or nothing."""

    hold_tone: bool = True


Refer = Callable[["Coupling", Side, Referral], None]
"""Takes a REFER of one side: accepts or refuses it, and sends the other side on its way."""


class Transferring(Protocol):
    """A transfer under way: which side is `sent` elsewhere, and the task that sees to it."""

    @property
    def sent(self) -> Side: ...

    @property
    def task(self) -> asyncio.Task[None] | None: ...


class Half:
    """One side of a coupling, and what the coupling does for it."""

    __slots__ = ("hears_hold", "keys", "pressing", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.hears_hold = False
        self.keys = ""
        self.pressing = False

    @property
    def takes_events(self) -> bool:
        """Whether keys reach it as packets of their own (RFC 4733)."""
        audio = self.side.sound.audio
        return audio is not None and audio.event_payload_type is not None

    def press(self, keys: str) -> None:
        """Press keys toward it, after those that are being pressed; too many at once are lost."""
        if self.side.closed:
            return
        if self.pressing:
            self.keys = (self.keys + keys)[:MOST_KEYS]
            return
        self.pressing = True
        self.side.media.send_keys(keys, self._pressed)

    def _pressed(self, whole: bool) -> None:
        self.pressing = False
        keys, self.keys = self.keys, ""
        if keys and whole:
            self.press(keys)

    def tell_held(self, held: bool) -> None:
        """Play the hold tone, or no longer."""
        if held is self.hears_hold:
            return
        self.hears_hold = held
        if held:
            self.side.play(tones.hold(), loop=True)
        else:
            self.side.stop_playing()


class Coupling:
    """Joins `first`, the caller's half, with `second` until either ends; see `last`.

    Attributes:
        transfer: one side asked for the other to be sent elsewhere, and that is tried now.
    """

    def __init__(
        self,
        driver: Driver,
        first: Side,
        second: Side,
        settings: CouplingSettings,
        log: Log,
        refer: Refer | None = None,
    ) -> None:
        self.first, self.second = Half(first), Half(second)
        self.transfer: Transferring | None = None
        self._direct: Direct | None = None
        self._left: JoinEnd | None = None
        self._driver = driver
        self._settings = settings
        self._log = log
        self._refer = refer
        self._end: asyncio.Future[JoinEnd] = asyncio.get_running_loop().create_future()

    async def last(self) -> JoinEnd:
        """Relay both ways until one side ends; which one it was.

        It hangs up nothing. When `first` ends, or with it the task that awaits this, the wait is
        cancelled: a caller's hang-up shows in no other way (see `ivr.call.leg`).
        """
        if self.second.side.closed:
            self._blame(self.first.side, self.second.side.ticket.ending or Cause.FAR_HUNG_UP)
            return JoinEnd.FAR_HUNG_UP
        if self.first.side.closed:
            self._end.cancel()
        else:
            self._begin()
        try:
            return await self._end
        finally:
            self.part()

    def other(self, side: Side) -> Half:
        """The half that `side` talks to."""
        return self.second if side is self.first.side else self.first

    def half(self, side: Side) -> Half:
        """The half that `side` is."""
        return self.first if side is self.first.side else self.second

    @property
    def held(self) -> bool:
        """Whether either side holds the other, or they speak past us.

        Nobody need send anything then (CALL-02); with direct media the session timers watch.
        """
        if self._direct is not None and self._direct.active:
            return True
        return self.first.side.sound.held or self.second.side.sound.held

    # What the sides tell (`ivr.ua.side.Coupled`)

    def key(self, side: Side, key: str, *, heard: bool) -> None:
        """Press the key toward the other side, unless the relay carries it there already.

        It may be part of a secret of theirs: only that there was one is told to others. Tones are
        part of the relayed sound, and events become events; an INFO, or an event toward a party
        that takes none, is pressed anew.
        """
        side.ticket.keyed(HIDDEN)
        other = self.other(side)
        if self._direct is not None and self._direct.active:
            self._pass_on(other.side, key)
            return
        relayed = heard and (other.takes_events or not self.half(side).takes_events)
        if not relayed and self.transfer is None:
            other.press(key)

    def confirmed(self, side: Side) -> None:
        """Offer each phone the other's address, if they may have it."""
        self._speak_directly()

    def before_change(self, side: Side, then: Callable[[], None]) -> None:
        """Who speaks past us hears the answer to a change once the other one speaks to us again.

        Its sound, still on the way past us, would reach a phone that is on hold already.
        """
        if self._direct is None:
            then()
            return
        with self._driver.turn() as now:
            self._direct.make_way(side, now, then)

    def reoffered(self, side: Side) -> None:
        """See who holds whom now."""
        self._excuse()
        if self._direct is not None:
            with self._driver.turn() as now:
                self._direct.changed(side, now)
        self._settle()

    def offered(self, side: Side, response: Response) -> None:
        """A phone took or refused to speak with the other one directly, or with us again."""
        if self._direct is None:
            return
        with self._driver.turn() as now:
            if response.status < 300:
                self._direct.answered(side, response, now)
            else:
                self._direct.refused(side, now)

    def ended(self, side: Side, cause: EndCause) -> None:
        """One side is over: stop, and let the other's record say why it ends too."""
        self._log.info("call.parted", call_id=side.call_id, cause=cause.name.lower())
        other = self.other(side).side
        other.farewell = _farewell(side)
        self._blame(other, _cause_of(side, cause))
        if self._end.done():
            return
        end = JoinEnd.FAR_HUNG_UP if cause is EndCause.BYE else JoinEnd.FAR_LOST
        if side is self.first.side:
            self._end.cancel()
        elif self.transfer is not None and side is not self.transfer.sent:
            self._left = end  # the caller waits for whom it is sent to
        else:
            self._end.set_result(end)

    def informed(self, side: Side, info: ForeignInfo) -> None:
        """Ask the other party, whose answer goes back."""
        with self._driver.turn() as now:
            info.pass_on(self.other(side).side.session, now)

    def referred(self, side: Side, referral: Referral) -> None:
        """Pass the wish on to whoever can fulfil it."""
        if self._refer is None:
            with self._driver.turn() as now:
                referral.refuse(_FORBIDDEN, now)
        else:
            self._refer(self, side, referral)

    # What a transfer asks for

    @property
    def over(self) -> bool:
        """Whether one side has ended: nothing is left to go back to."""
        return self._end.done() or self._left is not None

    def suspend(self, transfer: Transferring) -> None:
        """Silence between the two while one of them is sent elsewhere."""
        self.transfer = transfer
        self._come_back()
        self._relay(False)
        for half in (self.first, self.second):
            half.tell_held(False)

    def resume(self) -> None:
        """The transfer came to nothing: they talk to each other again."""
        self.transfer = None
        for half in (self.first, self.second):
            half.side.coupling = self
        self._relay(True)
        self._settle()

    def transferred(self) -> None:
        """The transfer succeeded: this coupling is over."""
        if not self._end.done():
            self._end.set_result(JoinEnd.TRANSFERRED)

    def given_up(self) -> None:
        """The transfer came to nothing, and who asked for it is gone."""
        if not self._end.done() and self._left is not None:
            self._end.set_result(self._left)

    def part(self) -> None:
        """Stop relaying; a side that is on its way elsewhere is not touched. Again is no error."""
        for half in (self.first, self.second):
            if half.side.coupling is self:
                half.side.coupling = None
                if not half.side.closed:
                    half.side.media.relay_to(None)
                half.tell_held(False)
        if self._direct is not None:
            self._direct.close()

    def _blame(self, side: Side, cause: Cause) -> None:
        """Note why the network is about to end a half, unless that is known."""
        if side.ticket.ending is None:
            side.ticket.ending = cause

    def _begin(self) -> None:
        for half in (self.first, self.second):
            half.side.coupling = self
            half.side.stop_playing()
        self._relay(True)
        self._settle()
        if self.first.side.established_at is not None:
            self._speak_directly()

    def _speak_directly(self) -> None:
        """Where both lines allow it, let their phones speak to each other, once."""
        first, second = self.first.side, self.second.side
        if self._direct is None and second.direct:
            self._direct = Direct(first, second, self._excuse, self._come_back)
            with self._driver.turn() as now:
                self._direct.begin(now)

    def _pass_on(self, side: Side, key: str) -> None:
        """Tell a phone by INFO of a key that came so: its sound does not come from here."""
        with self._driver.turn() as now, suppress(WrongState):
            side.session.info(*as_info(key), now)

    def _come_back(self) -> None:
        """Take the sound through here again."""
        if self._direct is not None:
            with self._driver.turn() as now:
                self._direct.end(now)

    def _excuse(self) -> None:
        """Both were silent here as long as they spoke to each other."""
        now = asyncio.get_running_loop().time()
        for half in (self.first, self.second):
            half.side.excuse(now)

    def _relay(self, on: bool) -> None:
        first, second = self.first.side, self.second.side
        for speaker, listener in ((first, second), (second, first)):
            if not speaker.closed:
                speaker.media.relay_to(listener.media if on and not listener.closed else None)

    def _settle(self) -> None:
        """Let whoever is held, and holds nobody himself, hear it."""
        if self.transfer is not None or not self._settings.hold_tone:
            return
        first, second = self.first, self.second
        for half, holder in ((first, second), (second, first)):
            half.tell_held(holder.side.sound.held and not half.side.sound.held)


def _farewell(side: Side) -> str:
    """The Reason with which the half that is left is ended: the one that came (RFC 3326)."""
    bye = side.session.last_request
    said = bye.headers.get("Reason") if bye is not None else None
    return said[:_LONGEST_REASON] if said else f"Q.850;cause={q850.NORMAL_CLEARING}"


def _cause_of(side: Side, cause: EndCause) -> Cause:
    """Why the half that is left ends."""
    if cause is EndCause.LOCAL:
        return side.ticket.ending or Cause.FAR_HUNG_UP
    return Cause.FAR_HUNG_UP if cause is EndCause.BYE else OF_SESSION[cause][0]


class Couplings:
    """Joins the halves of calls."""

    def __init__(self, driver: Driver, settings: CouplingSettings, log: Log) -> None:
        self._driver = driver
        self._settings = settings
        self._log = log
        self._running: set[Coupling] = set()
        self.refer: Refer | None = None
        self.leave_s = 0.0

    def __len__(self) -> int:
        return len(self._running)

    async def join(self, first: Side, second: Side) -> JoinEnd:
        """Let two answered halves talk until `second` ends, or was sent elsewhere; see `last`.

        When `second` sends `first` elsewhere, that is a matter of this call still, and waited for.
        """
        coupling = Coupling(self._driver, first, second, self._settings, self._log, self.refer)
        self._running.add(coupling)
        try:
            end = await coupling.last()
            if end is JoinEnd.TRANSFERRED:
                return await self._after_transfer(coupling, second)
            return end
        finally:
            self._running.discard(coupling)

    async def _after_transfer(self, coupling: Coupling, second: Side) -> JoinEnd:
        """Let who asked for it hang up by itself, for a while."""
        transfer = coupling.transfer
        if transfer is None or transfer.sent is second or transfer.task is None:
            await asyncio.sleep(self.leave_s)
            return JoinEnd.TRANSFERRED
        leaving = asyncio.get_running_loop().call_later(self.leave_s, second.hang_up)
        try:
            await transfer.task
        finally:
            leaving.cancel()
        return JoinEnd.FAR_HUNG_UP
