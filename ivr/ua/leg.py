"""A caller's leg: one INVITE session and one media leg behind the verbs a flow needs."""

import asyncio
from dataclasses import dataclass

from ivr.call.party import FarLeg, JoinEnd, Rung, Signs, Target
from ivr.net.driver import Driver
from ivr.sip import diverted, identity
from ivr.sip.message import Request
from ivr.sip.sdp import Sdp, SdpError
from ivr.sip.session import Session
from ivr.ua.callers import whose
from ivr.ua.causes import Cause
from ivr.ua.coupling import Couplings
from ivr.ua.dialler import Dialler
from ivr.ua.earlier import diverted_before
from ivr.ua.occupancy import Occupancy
from ivr.ua.side import UNANSWERED_OFFER, Side
from ivr.ua.silence import SilenceWatch
from ivr.ua.sound import Sound
from ivr.ua.ticket import Ticket
from provisioning.contract import Account, TrunkCaller

_RINGING, _PROGRESS, _SERVER_ERROR = 180, 183, 500
_REMIND_S = 60.0
"""How often an unanswered caller is told that the call goes on (RFC 3261 §13.3.1.1)."""
_MOST_HOPS = 70
"""Where a caller sets no limit (RFC 3261 §8.1.1.6)."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What connects callers with other parties, and what is counted and watched of both."""

    dialler: Dialler
    couplings: Couplings
    occupancy: Occupancy
    silence: SilenceWatch


class InboundLeg(Side):
    """A `Caller` (see `ivr.call.leg`) on the wire.

    Attributes:
        account, caller: who calls, a line's account or somebody over a trunk; the other is None.
        whose: whose calls this one is counted among.
        withholds: the phone asks not to be shown, by Privacy or an anonymous From.
        forwardings: how often the call was forwarded before it came.
        diverted: by whom, as another carrier tells; what a subscriber's phone says counts only.
        hops: the Max-Forwards of what is sent on.
    """

    def __init__(
        self,
        driver: Driver,
        session: Session,
        sound: Sound,
        caller: Account | TrunkCaller,
        dialled: str,
        ticket: Ticket,
        exchange: Exchange,
    ) -> None:
        super().__init__(driver, session, sound, ticket)
        self.account = caller if isinstance(caller, Account) else None
        self.caller = None if isinstance(caller, Account) else caller
        self.whose = whose(caller)
        self.withholds = identity.withholds(session.request)
        self.forwardings = diverted.hops(session.request.headers)
        self.diverted = diverted_before(session.request) if self.caller else ()
        self.hops = _hops(session.request)
        self.dialled = dialled
        self._exchange = exchange
        self._opened = self._rang = False
        self._reminder: asyncio.TimerHandle | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_plain_voice(self) -> bool:
        """Whether the offer has no video beside the sound; a late offer is not known yet."""
        try:
            media = Sdp.parse(self.session.remote_sdp).media if self.session.remote_sdp else ()
        except SdpError:
            return True
        return not any(each.kind == "video" and each.port for each in media)

    async def progress(self, *, ringing: bool = False) -> None:
        """Open early media (LINE-05), with 180 while it rings, else with 183; each told once.

        A caller who offered nothing yet hears nothing early.
        """
        told = self._rang or (self._opened and not ringing)
        if self._closed or told or self.session.answered:
            return
        offered = bool(self.session.remote_sdp)
        if not (offered or ringing):
            return
        # The answer is given once: again in a reliable response it would be an offer (RFC 3262 §5).
        sdp = self.sound.description if offered and not self._opened else b""
        self._opened, self._rang = True, ringing
        self._tell_progress(sdp)

    def _tell_progress(self, sdp: bytes = b"") -> None:
        """Send 180 or 183, and again each minute, lest a proxy gives the call up (§13.3.1.1)."""
        self._forget_reminder()
        if self._closed or self.session.answered:
            return
        with self._driver.turn() as now:
            self.session.progress(sdp, now, _RINGING if self._rang else _PROGRESS)
        loop = asyncio.get_running_loop()
        self._reminder = loop.call_later(_REMIND_S, self._tell_progress)

    def _forget_reminder(self) -> None:
        if self._reminder is not None:
            self._reminder.cancel()
            self._reminder = None

    async def answer(self) -> None:
        """Answer with the agreed description and wait for the ACK."""
        if self._closed:
            return
        self._forget_reminder()
        if not self.session.answered:
            self._opened = True
            with self._driver.turn() as now:
                self.session.answer(self.sound.description, now)
            self.ticket.answered()
        if self.established_at is None:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    def confirmed(self, request: Request, now: float) -> None:
        """The ACK came, with the answer in it when ours was the offer."""
        if self.established_at is None:
            self.established_at = now
        if request.body:
            self.answered_late(request)
        elif not self.session.remote_sdp:
            # Who leaves our offer unanswered cannot be sent any sound (RFC 3261 §13.2.1).
            self.ticket.ending = Cause.NOT_ACCEPTABLE
            self.end(UNANSWERED_OFFER)
        if self._closed:
            return
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()
        if self.coupling is not None:
            self.coupling.confirmed(self)

    async def ring(self, target: Target, *, within_s: float | None, signs: Signs) -> Rung:
        """Ring a party for this caller."""
        return await self._exchange.dialler.ring(self, target, within_s=within_s, signs=signs)

    async def join(self, far: FarLeg) -> JoinEnd:
        """Let caller and party talk until the party's half ends.

        Raises:
            TypeError: `far` is none of this wire's.
        """
        if not isinstance(far, Side):
            raise TypeError("only a half that was rung on this wire can be joined")
        return await self._exchange.couplings.join(self, far)

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        """BYE when answered, else the final response `status`."""
        unanswered = not (self._closed or self.session.answered)
        if unanswered and not (status and 400 <= status <= 699):
            raise ValueError(f"an unanswered call needs a final status, not {status}")
        super().hang_up(status, reason)

    def close(self) -> None:
        """Give the media back, and let nobody wait for an ACK any more."""
        if not self._closed:
            super().close()
            self._forget_reminder()
            for waiting in self._waiting:
                waiting.cancel()
            self._waiting.clear()

    def _end(self, status: int | None, reason: str | None, now: float) -> None:
        if self.session.answered:
            self.session.hang_up(now, reason)
        else:
            self.ticket.status = status
            self.session.refuse(status or _SERVER_ERROR, now, _reason_header(reason))


def _hops(request: Request) -> int:
    limit = request.max_forwards
    return max((_MOST_HOPS if limit is None else limit) - 1, 0)


def _reason_header(reason: str | None) -> tuple[tuple[str, str], ...]:
    return (("Reason", reason),) if reason else ()
