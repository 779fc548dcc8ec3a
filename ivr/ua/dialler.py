"""Calls of ours: a party's phones, or a trunk, are rung for a caller (CALL-01, RFC 3261 §16.6)."""

import asyncio
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Protocol

from ivr.call.party import Ring, Rung, Signs, Target
from ivr.net.driver import Driver
from ivr.net.media_engine import MediaEngine, NoPortsLeft
from ivr.net.media_leg import MediaLeg
from ivr.numbering.plan import parse
from ivr.sip import events
from ivr.sip.events import Flow
from ivr.sip.message import Response
from ivr.sip.session import Session
from ivr.sip.session_proof import Prove, proof
from ivr.ua import uni
from ivr.ua.causes import LOST, OF_SESSION, Cause
from ivr.ua.far_leg import FarLeg
from ivr.ua.forking import Final
from ivr.ua.log import Log
from ivr.ua.occupancy import Occupancy, line_key, trunk_key
from ivr.ua.outgoing_headers import Identities, Reader, identities
from ivr.ua.parties import Parties
from ivr.ua.policy import CallPolicy
from ivr.ua.ringing import GIVEN_UP, Ringing, cause_of
from ivr.ua.silence import SilenceWatch
from ivr.ua.sound import NotAcceptable, Sound, SoundSettings
from ivr.ua.ticket import Ticket, Tickets
from ivr.ua.ways import Group, Way, groups_of, peers_of
from provisioning.contract import Trunk

_TIMED_OUT = 408
_BUSY = Final(486, Ring.BUSY)
_CONGESTED = Final(503, Ring.CONGESTED)


class Calling(Protocol):
    """Who a party is rung for: hears it early, and has its record linked to its own."""

    @property
    def media(self) -> MediaLeg: ...

    @property
    def ticket(self) -> Ticket: ...


@dataclass(slots=True, eq=False)
class _Job:
    """One ring: what it is for, and what it holds until it is over."""

    caller: Calling
    target: Target
    trunk: Trunk | None
    ends_at: float | None
    """When the party has rung for long enough, loop time."""
    ticket: Ticket | None = None
    held: set[str] = field(default_factory=set)
    """Whose calls were counted."""


@dataclass(slots=True, eq=False)
class _Placed:
    """An INVITE of ours until its session is over; `job` is what it was sent for."""

    far: FarLeg
    ringing: Ringing
    job: _Job


class Dialler:
    """Rings parties; one for the whole carrier."""

    def __init__(
        self,
        driver: Driver,
        engine: MediaEngine,
        parties: Parties,
        tickets: Tickets,
        sound: SoundSettings,
        policy: CallPolicy,
        occupancy: Occupancy,
        silence: SilenceWatch,
        log: Log,
    ) -> None:
        self._driver = driver
        self._engine = engine
        self._parties = parties
        self._tickets = tickets
        self._sound = sound
        self._policy = policy
        self._occupancy = occupancy
        self._silence = silence
        self._log = log
        self._jobs: dict[Ringing, _Job] = {}
        self._placed: dict[Session, _Placed] = {}
        self._answered: dict[Calling, set[FarLeg]] = {}
        """The halves of each caller that were answered and go on."""

    def __len__(self) -> int:
        """INVITEs of ours whose sessions are not over."""
        return len(self._placed)

    async def ring(
        self, caller: Calling, target: Target, *, within_s: float | None, signs: Signs
    ) -> Rung:
        """Ring `target` for `caller` until it answers, refuses, or has rung for `within_s`.

        An answered half is the caller's to end; `release` ends what was forgotten. When this is
        cancelled, whoever rings stops ringing.
        """
        trunk = self._parties.trunk(target.trunk)
        ringing = Ringing(
            self,
            caller.media,
            self._groups(target, trunk),
            signs,
            hunting=trunk is not None,
            step_s=self._policy.step_s,
            lifeless_s=self._policy.lifeless_s,
        )
        ends_at = None if within_s is None else asyncio.get_running_loop().time() + within_s
        job = self._jobs[ringing] = _Job(caller, target, trunk, ends_at)
        try:
            with self._driver.turn():
                ringing.begin(within_s, target.alive_within_s)
            rung = await ringing.outcome
        except BaseException:
            with self._driver.turn():
                ringing.stop()
                if ringing.winner is not None:
                    ringing.winner.hang_up()
            _close(job, *GIVEN_UP)
            raise
        if rung.outcome is not Ring.ANSWERED:
            _close(job, *cause_of(rung))
            rung = replace(rung, asked=job.ticket is not None)
        return rung

    def side_of(self, session: Session) -> FarLeg | None:
        """The half of a session that was begun here."""
        placed = self._placed.get(session)
        return placed.far if placed is not None else None

    def release(self, caller: Calling) -> None:
        """End whatever still hangs on a caller whose call is over."""
        for far in list(self._answered.get(caller, ())):
            if far.kept:
                continue  # sent elsewhere by its caller
            if not far.closed and far.ticket.ending is None:
                far.ticket.ending = _why_released(caller)
            far.hang_up()

    # What becomes of our INVITEs

    def handle(self, event: events.Event) -> None:
        """Take an event of a session that was begun here; others are ignored."""
        session = getattr(event, "session", None)
        placed = self._placed.get(session) if session is not None else None
        if placed is None:
            return
        far, ringing = placed.far, placed.ringing
        match event:
            case events.SessionProgress(response=response):
                far.ticket.alerted()
                ringing.progressed(far, response)
            case events.SessionAnswered(response=response):
                with self._driver.turn() as now:
                    ringing.answered(far, response, now)
                    self._won(placed)
            case events.SessionChallenged(response=response):
                self._challenged(placed, response)
            case events.SessionRefused(status=status):
                del self._placed[event.session]
                if 300 <= status < 400:
                    self._log.warning("call.redirection-refused", call_id=far.call_id)
                ringing.failed(far, status)
            case events.SessionEnded(cause=cause):
                del self._placed[event.session]
                self._ended(placed, cause)

    def _challenged(self, placed: _Placed, response: Response) -> None:
        """Answer a trunk where we have a login; nobody else may ask for a password of ours."""
        far = placed.far
        with self._driver.turn() as now:
            header = None
            if not far.closed:
                header = proof(far.session.prove, response, far.session.request)
            if header is not None:
                far.session.retry((header,), now)
                return
            placed.ringing.failed(far, response.status)
            far.session.hang_up(now)

    def proves(self, trunk: Trunk | None) -> Prove | None:
        """As of `Parties`."""
        return self._parties.proves(trunk, self._log)

    def _won(self, placed: _Placed) -> None:
        """The party answered here: from now on its record is this leg's."""
        far = placed.far
        if placed.ringing.winner is not far:
            return
        account = self._parties.directory.account(far.whose)
        if account is not None:
            far.ticket.access = account.access
        far.ticket.sip_call_id = far.call_id
        far.ticket.answered()
        self._answered.setdefault(placed.job.caller, set()).add(far)
        self._silence.add(far)

    def _ended(self, placed: _Placed, cause: events.EndCause) -> None:
        far = placed.far
        if placed.ringing.winner is not far:
            placed.ringing.failed(far, _TIMED_OUT)
            return
        self._silence.discard(far)
        caller = placed.job.caller
        halves = self._answered[caller]
        halves.discard(far)
        if not halves:
            del self._answered[caller]
        for whose in _counted_for(placed.job, far):
            self._occupancy.leave(whose)
        if cause is events.EndCause.LOCAL:
            far.ticket.close(far.ticket.ending or Cause.FAR_HUNG_UP)
        else:
            far.ticket.close(*OF_SESSION[cause])
        far.over(cause)

    # Branches (`ivr.ua.ringing.Desk`)

    def place(self, ringing: Ringing, way: Way) -> FarLeg | Final:
        """Send an INVITE; or the reason why none can be sent this way."""
        job, flow = self._jobs[ringing], way.flow
        if flow is None:
            return Final(503, Ring.UNREACHABLE)
        full = self._full(job, way.whose)
        if full is not None:
            return full
        try:
            media = self._engine.open()
        except NoPortsLeft as error:
            self._log.error("call.refused", why=str(error))
            return _CONGESTED
        outward = job.trunk is not None
        sound = Sound(media, self._sound, flow.peer[0], secured=flow.secured, outward=outward)
        try:
            with self._driver.turn() as now:
                offer = sound.offer(srtp_alone=not way.weaker)
                session = self._invite(job, way, flow, offer, now)
                if job.ticket is None:
                    job.ticket = self._ticket(job, way, session)
                far = FarLeg(self._driver, session, sound, job.ticket, way.whose)
                far.direct = job.target.direct_media
                session.prove = self.proves(job.trunk)
                if sound.may_weaken and not way.weaker:
                    far.weaker = replace(way, weaker=True)
                self._placed[session] = _Placed(far, ringing, job)
        except NotAcceptable:
            media.close()
            return Final(488, Ring.INCOMPATIBLE)
        except BaseException:
            media.close()
            raise
        return far

    def given_up(self, ringing: Ringing) -> None:
        """The ring is over: whoever was rung in vain may be called again."""
        job = self._jobs.pop(ringing, None)
        if job is None:
            return
        kept = _counted_for(job, ringing.winner) if ringing.winner is not None else ()
        for whose in job.held.difference(kept):
            self._occupancy.leave(whose)

    def _full(self, job: _Job, whose: str) -> Final | None:
        """Count the call for who forwards it and for who gets it; or what says it is too many."""
        most, payer = self._policy.calls_per_user, job.target.payer
        if payer is not None and not self._admit(job, line_key(payer), most):
            return _BUSY
        if job.trunk is not None:
            return None if self._admit(job, whose, job.trunk.calls) else _CONGESTED
        return None if self._admit(job, whose, most) else _BUSY

    def _admit(self, job: _Job, whose: str, most: int) -> bool:
        """Count the call once, however many phones ring."""
        if whose in job.held:
            return True
        if not self._occupancy.take(whose, most):
            self._log.warning("call.refused", user=whose, why="too many calls at once")
            return False
        job.held.add(whose)
        return True

    def _invite(self, job: _Job, way: Way, flow: Flow, offer: bytes, now: float) -> Session:
        is_uni = self._is_uni(way)
        told = self._identities(job, is_uni=is_uni)
        headers = [("Route", route) for route in way.routes]
        headers += told.headers
        if job.ends_at is not None:
            left_s = job.ends_at - asyncio.get_running_loop().time()
            headers.append(("Expires", str(max(1, ceil(left_s)))))
        expires_s = uni.SESSION_S if is_uni else None
        hops = job.target.hops
        return self._driver.endpoint.invite(
            way.uri, flow, told.from_, told.to, offer, now, headers, hops, expires_s
        )

    def _identities(self, job: _Job, *, is_uni: bool) -> Identities:
        trunk = job.trunk
        if trunk is not None:
            return identities(job.target, Reader(self._sound.address, True, trunk.trusted))
        return identities(job.target, Reader(self._sound.address, called_party_id=is_uni))

    def _is_uni(self, way: Way) -> bool:
        """Whether it leads to a phone at an NGN user-network interface."""
        account = self._parties.directory.account(way.whose)
        line = self._parties.directory.line(account.line) if account else None
        return line is not None and uni.OPTION in line.options

    def _ticket(self, job: _Job, way: Way, session: Session) -> Ticket:
        target = job.target
        account = self._parties.directory.account(way.whose)
        ticket = self._tickets.beside(
            job.caller.ticket, account, target.number, session.request.call_id
        )
        ticket.line, ticket.payer, ticket.service = target.line, target.payer, target.service
        ticket.destination = parse(target.number).e164 or target.number
        ticket.presented = target.presented.number
        ticket.trunk = target.trunk
        return ticket

    # Where they go

    def _groups(self, target: Target, trunk: Trunk | None) -> list[Group]:
        transports = self._driver.transports
        if trunk is not None:
            whose = trunk_key(trunk.name)
            found = self._parties.bindings(trunk.account) if trunk.account is not None else ()
            registered = groups_of(((whose, each) for each in found), transports, target.number)
            return registered + peers_of(trunk.peers, target.number, whose, transports)
        if target.trunk is not None:
            return []
        of = self._parties.bindings
        return groups_of(((u, each) for u in target.users for each in of(u)), transports)


def _close(job: _Job, cause: Cause, status: int) -> None:
    """Keep the record of a party that did not answer; of one that could not be asked there is
    none."""
    if job.ticket is not None:
        job.ticket.close(cause, status)


def _counted_for(job: _Job, far: FarLeg) -> tuple[str, ...]:
    """Whose calls an answered half is among: its own party's, and its forwarder's."""
    payer = job.target.payer
    return (far.whose,) if payer is None else (far.whose, line_key(payer))


def _why_released(caller: Calling) -> Cause:
    """A caller that was lost is not one that hung up: both records say the same (BILL-01)."""
    known = caller.ticket.ending or caller.ticket.cause
    return next((lost for lost in LOST if lost == known), Cause.FAR_HUNG_UP)
