"""Incoming calls: from an INVITE to a running flow, and every way they end."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ivr.net.driver import Driver
from ivr.net.media_engine import MediaEngine, NoPortsLeft
from ivr.sip.events import CallReceived, EndCause, Flow, SessionEnded
from ivr.sip.message import Request
from ivr.sip.screening import Refusal
from ivr.sip.session import Session
from ivr.ua import uni
from ivr.ua.authentication import Challenge
from ivr.ua.callers import Callers, whose
from ivr.ua.causes import OF_SESSION, Cause
from ivr.ua.leg import Exchange, InboundLeg
from ivr.ua.log import Log
from ivr.ua.policy import CallPolicy
from ivr.ua.sound import NOT_ACCEPTABLE_HERE, NotAcceptable, Sound, SoundSettings
from ivr.ua.ticket import Tickets
from provisioning.contract import Account, TrunkCaller

Serve = Callable[[InboundLeg], Coroutine[Any, Any, None]]
"""Serves one call to its end; cancelled when the caller hangs up."""

_BUSY, _FORBIDDEN, _UNAVAILABLE, _SERVER_ERROR = 486, 403, 503, 500
_LATER = (("Retry-After", "10"),)


@dataclass(slots=True, eq=False)
class _Running:
    leg: InboundLeg
    task: asyncio.Task[None]


class InboundCalls:
    """Every call the network is serving, by session."""

    def __init__(
        self,
        driver: Driver,
        engine: MediaEngine,
        callers: Callers,
        serve: Serve,
        sound: SoundSettings,
        policy: CallPolicy,
        log: Log,
        tickets: Tickets,
        exchange: Exchange,
    ) -> None:
        self._driver = driver
        self._engine = engine
        self._callers = callers
        self._serve = serve
        self._sound = sound
        self._policy = policy
        self._log = log
        self._tickets = tickets
        self._exchange = exchange
        self._running: dict[Session, _Running] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.draining = False
        self.served = 0

    def __len__(self) -> int:
        return len(self._running)

    def received(self, event: CallReceived) -> None:
        """Authenticate the caller, then serve the call in a task of its own."""
        session, request = event.session, event.request
        with self._driver.turn() as now:
            if self.draining:
                session.refuse(_UNAVAILABLE, now, _LATER)
                return
            try:
                caller = self._callers.of_call(request, session.flow)
            except Challenge as challenge:
                session.refuse(challenge.status, now, challenge.headers)
                return
            if not self._exchange.occupancy.take(whose(caller), self._most(caller)):
                self._log.warning("call.refused", user=whose(caller), why="too many calls at once")
                self._refuse(session, request, caller, Cause.TOO_MANY, _full(caller), now)
                return
            if isinstance(caller, Account) and self._callers.at_home(caller.user, session.flow):
                session.expires_s = uni.SESSION_S
            if isinstance(caller, Account) and self._callers.claims_another(caller, request):
                self._log.warning("identity.refused", user=caller.user, call_id=request.call_id)
            leg = self._leg(session, request, caller, now)
            if leg is not None:
                self._begin(leg)
            else:
                self._exchange.occupancy.leave(whose(caller))

    def _most(self, caller: Account | TrunkCaller) -> int:
        """How many calls there may be at once."""
        return self._policy.calls_per_user if isinstance(caller, Account) else caller.trunk.calls

    def challenge(
        self, request: Request, flow: Flow, salt: str, now: float
    ) -> tuple[tuple[str, str], ...] | None:
        """For `Endpoint.challenge_with`: who would be refused whoever they are is not asked."""
        if self.draining and request.method == "INVITE":
            return None
        return self._callers.challenge(request, flow, salt, now)

    def leg_of(self, session: Session) -> InboundLeg | None:
        """The leg of a call that is being served."""
        running = self._running.get(session)
        return running.leg if running else None

    def vouch(self, session: Session, request: Request, flow: Flow) -> Refusal | None:
        """For `Endpoint.vouch_with`: whose phone moved to another host proves it by its password.

        A phone whose NAT gave it another port is still where it was.
        """
        side = self.leg_of(session) or self._exchange.dialler.side_of(session)
        if side is None:
            return None
        try:
            sender = self._callers.of_call(request, flow)
        except Challenge as challenge:
            return Refusal(challenge.status, challenge.headers)
        return None if whose(sender) == side.whose else Refusal(_FORBIDDEN)

    def ended(self, event: SessionEnded) -> None:
        """The caller hung up, or the call fell apart: its flow is cancelled."""
        running = self._running.get(event.session)
        if running is None:
            return
        leg = running.leg
        self._log.info(
            "call.ended",
            call_id=leg.call_id,
            line=leg.ticket.line,
            user=leg.whose,
            cause=event.cause.name.lower(),
        )
        _close_ticket(running.leg, event.cause)
        running.leg.over(event.cause)
        running.task.cancel()

    def _leg(
        self, session: Session, request: Request, caller: Account | TrunkCaller, now: float
    ) -> InboundLeg | None:
        try:
            media = self._engine.open()
        except NoPortsLeft as error:
            self._log.error("call.refused", why=str(error))
            self._refuse(session, request, caller, Cause.CONGESTED, _UNAVAILABLE, now, _LATER)
            return None
        flow = session.flow
        outward = isinstance(caller, TrunkCaller)
        sound = Sound(media, self._sound, flow.peer[0], secured=flow.secured, outward=outward)
        try:
            sound.describe(request.body)
        except NotAcceptable as error:
            media.close()
            why, status = Cause.NOT_ACCEPTABLE, NOT_ACCEPTABLE_HERE
            self._refuse(session, request, caller, why, status, now, error.warning)
            return None
        if isinstance(caller, TrunkCaller):
            session.prove = self._exchange.dialler.proves(caller.trunk)
        dialled = _dialled(request)
        ticket = self._tickets.caller(caller, dialled, request.call_id)
        return InboundLeg(self._driver, session, sound, caller, dialled, ticket, self._exchange)

    def _refuse(
        self,
        session: Session,
        request: Request,
        caller: Account | TrunkCaller,
        cause: Cause,
        status: int,
        now: float,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Refuse a call of a known caller, and record it."""
        session.refuse(status, now, headers)
        self._tickets.refused(caller, _dialled(request), request.call_id, cause, status)

    def _begin(self, leg: InboundLeg) -> None:
        session = leg.session
        task = asyncio.get_running_loop().create_task(self._run(leg))
        self._running[session] = _Running(leg, task)
        self._empty.clear()
        self.served += 1
        task.add_done_callback(lambda _: self._finish(leg))
        self._exchange.silence.add(leg)
        self._log.info(
            "call.received",
            call_id=leg.call_id,
            line=leg.ticket.line,
            user=leg.whose,
            dialled=leg.dialled,
        )

    async def _run(self, leg: InboundLeg) -> None:
        try:
            await self._serve(leg)
        finally:
            self._exchange.dialler.release(leg)
            if not leg.session.ended:
                leg.hang_up(_SERVER_ERROR)

    def _finish(self, leg: InboundLeg) -> None:
        leg.close()
        leg.ticket.close(leg.ticket.outcome or Cause.FAILED, leg.ticket.status)
        del self._running[leg.session]
        self._exchange.silence.discard(leg)
        self._exchange.occupancy.leave(leg.whose)
        if not self._running:
            self._empty.set()

    def resume(self) -> None:
        """Take calls again after `drain`."""
        self.draining = False

    async def drain(self, grace_s: float) -> None:
        """Take no new call, hang up every running one, and wait until all flows have ended."""
        self.draining = True
        for running in list(self._running.values()):
            running.leg.ticket.ending = Cause.STOPPED
            running.leg.hang_up(_UNAVAILABLE)
            running.task.cancel()
        try:
            async with asyncio.timeout(grace_s):
                await self._empty.wait()
        except TimeoutError:
            self._log.error("calls.left", calls=len(self._running))


def _full(caller: Account | TrunkCaller) -> int:
    """The answer to one call too many: a busy line, or no circuit free (Q.850 cause 34)."""
    return _BUSY if isinstance(caller, Account) else _UNAVAILABLE


def _close_ticket(leg: InboundLeg, cause: EndCause) -> None:
    """Keep the record now, unless the leg's own service is ending it and has yet to say how."""
    ticket = leg.ticket
    ticket.ended()
    if cause is not EndCause.LOCAL:
        if cause in (EndCause.CANCELLED, EndCause.NO_PRACK):
            ticket.void_answer()
        ticket.close(*OF_SESSION[cause])
    elif ticket.ending is not None:
        ticket.close(ticket.ending, ticket.status)


def _dialled(request: Request) -> str:
    """The Request-URI's user part, or the whole of a `tel:` URI."""
    target = request.target
    return request.uri if target.scheme == "tel" else target.user or ""
