"""Blind transfer: one party of a call sends the other one elsewhere (RFC 3515, RFC 5589 §6).

The party that is sent becomes a caller whose call is made, and paid for, by who sends it: it is
served like any other call from there on, forwardings and talkies included, and is one of that
account's calls to its end. Until the new party answers the old call can be taken up again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ivr.call.party import (
    Diverted,
    FarLeg,
    JoinEnd,
    KeyHandler,
    PlayEnded,
    RingSign,
    Rung,
    Signs,
    Target,
)
from ivr.net.driver import Driver
from ivr.net.media_leg import MediaLeg
from ivr.sip.events import EndCause
from ivr.sip.message import Response
from ivr.sip.referral import Referral
from ivr.sip.session_info import ForeignInfo
from ivr.sip.uri import Uri
from ivr.ua.causes import Cause
from ivr.ua.coupling import Coupling, Couplings
from ivr.ua.dialler import Calling
from ivr.ua.log import Log
from ivr.ua.occupancy import Occupancy
from ivr.ua.side import Side
from ivr.ua.ticket import Ticket, Tickets
from provisioning.contract import Account, TrunkCaller

_FORBIDDEN, _BUSY, _PENDING = 403, 486, 491
_RINGING, _OK, _UNAVAILABLE, _GONE = 180, 200, 480, 487


@dataclass(frozen=True, slots=True)
class TransferPolicy:
    """Limits of ours.

    Attributes:
        most: how often the parties of one call may be sent on: phones that refer by themselves
            must not do so for ever.
        leave_s: how long who has sent the other party on may take to hang up.
        calls_per_user: as of `CallPolicy`: those an account sent others on to are among them.
    """

    most: int = 5
    leave_s: float = 5.0
    calls_per_user: int = 20


class Dials(Protocol):
    """What is asked of the `Dialler`."""

    async def ring(
        self, caller: Calling, target: Target, *, within_s: float | None, signs: Signs
    ) -> Rung: ...

    def release(self, caller: Calling) -> None: ...


class ReferredLeg:
    """The party that is sent elsewhere, as a caller (`ivr.call.leg.Caller`) already answered."""

    caller: TrunkCaller | None = None
    withholds = False
    is_plain_voice = True
    diverted: tuple[Diverted, ...] = ()
    hops = 70

    def __init__(self, transfer: "Transfer", account: Account, dialled: str) -> None:
        self.on_key: KeyHandler | None = None
        self.account: Account | None = account
        self.whose = account.user
        self.dialled = dialled
        self.forwardings = transfer.sent.transfers
        self._transfer = transfer
        self._side = transfer.sent

    @property
    def call_id(self) -> str:
        """The SIP Call-ID of the half that is sent."""
        return self._side.call_id

    @property
    def ticket(self) -> Ticket:
        """The new call's, which who sends it pays for."""
        return self._transfer.ticket

    @property
    def media(self) -> MediaLeg:
        """Where its packets come and go."""
        return self._side.media

    async def progress(self, *, ringing: bool = False) -> None:
        """Its media is open since long."""

    async def answer(self) -> None:
        """It has answered; its new call begins to be charged."""
        self.ticket.answered()

    async def ring(self, target: Target, *, within_s: float | None, signs: Signs) -> Rung:
        """Ring a party for it; who sends it is told of the ringing."""
        return await self._transfer.ring(self, target, within_s, signs)

    async def join(self, far: FarLeg) -> JoinEnd:
        """Let it talk with the new party: the old one is free to go."""
        assert isinstance(far, Side)
        return await self._transfer.join(far)

    def play(self, ulaw: bytes, done: PlayEnded | None = None, *, loop: bool = False) -> None:
        """Play µ-law audio in place of what is playing."""
        self._side.play(ulaw, done, loop=loop)

    def stop_playing(self) -> None:
        """No further packet of what plays leaves."""
        self._side.stop_playing()

    def echo(self, on: bool) -> None:
        """Send back what is heard, or no longer."""
        self._side.echo(on)

    def record(self, hear: Callable[[int, bytes], None] | None) -> None:
        """Give what is heard to `hear` as it comes, or to nobody any more."""
        self._side.record(hear)

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        """The new call is over, or came to nothing; who is told what is decided by that."""
        self.on_key = None
        self._side.stop_playing()
        self._transfer.over(status)


class Transfer:
    """One party's way elsewhere; it is the sent side's coupling until the new party answers.

    Attributes:
        sender, sent: the sides of the old call.
        kept: the sent side was rung by its sender, so that this is what ends it now.
        succeeded: the new party answered.
    """

    held = True

    def __init__(
        self,
        desk: "Transfers",
        coupling: Coupling,
        sender: Side,
        referral: Referral,
        ticket: Ticket,
    ) -> None:
        self.sender, self.sent = sender, coupling.other(sender).side
        self.kept = self.sent is coupling.second.side
        self.ticket = ticket
        self.succeeded = False
        self.leg: ReferredLeg | None = None
        self.task: asyncio.Task[None] | None = None
        self._desk = desk
        self._coupling = coupling
        self._referral = referral
        self._status = _UNAVAILABLE

    async def run(self, leg: ReferredLeg) -> None:
        """Serve the party's new call to its end."""
        try:
            await self._desk.serve(leg)
        except asyncio.CancelledError:
            self._status = _GONE
            raise
        finally:
            self._desk.dialler.release(leg)
            self._finish()

    async def ring(
        self, leg: ReferredLeg, target: Target, within_s: float | None, signs: Signs
    ) -> Rung:
        """Ring for the sent party."""

        def told(sign: RingSign) -> None:
            self.tell(_RINGING)
            signs(sign)

        return await self._desk.dialler.ring(leg, target, within_s=within_s, signs=told)

    async def join(self, far: Side) -> JoinEnd:
        """The new party answered: the old call is over for who sent the other one."""
        self.succeeded = True
        far.transfers = self.sent.transfers
        self.tell(_OK)
        self.sent.coupling = None
        self._coupling.transferred()
        return await self._desk.couplings.join(self.sent, far)

    def over(self, status: int | None) -> None:
        """The service ended the new call; unanswered with a status that says why."""
        if status is not None:
            self._status = status

    def tell(self, status: int) -> None:
        """Tell who sent the party how it goes."""
        with self._desk.driver.turn() as now:
            self._referral.tell(status, now)

    def _finish(self) -> None:
        sent = self.sent
        if not self.succeeded:
            self.tell(self._status)
        self.ticket.close(self._cause(), None if self.succeeded else self._status)
        if sent.coupling is self:
            sent.coupling = None
        kept, sent.kept = sent.kept, False
        if not (self.succeeded or sent.closed or self._coupling.over):
            self._coupling.resume()
        elif kept:
            sent.hang_up()
        else:
            self._coupling.given_up()

    def _cause(self) -> str:
        if self.sent.closed:
            return Cause.HUNG_UP if self.succeeded else Cause.CANCELLED
        return self.ticket.outcome or Cause.FAILED

    # What the sent side tells (`ivr.ua.side.Coupled`)

    def key(self, side: Side, key: str, *, heard: bool) -> None:
        """Keys are for whatever serves the new call."""
        if self.leg is not None and self.leg.on_key is not None:
            self.leg.on_key(key)

    def confirmed(self, side: Side) -> None:
        """Who is on the way speaks to nobody directly."""

    def before_change(self, side: Side, then: Callable[[], None]) -> None:
        """Nobody speaks to it directly."""
        then()

    def reoffered(self, side: Side) -> None:
        """Whether it holds is seen when it talks again."""

    def offered(self, side: Side, response: Response) -> None:
        """The way back from direct media was answered."""
        self._coupling.offered(side, response)

    def informed(self, side: Side, info: ForeignInfo) -> None:
        """Who is on the way has nobody to tell anything."""
        with self._desk.driver.turn() as now:
            info.refuse(now)

    def ended(self, side: Side, cause: EndCause) -> None:
        """The party gave up: nobody is sent anywhere any more."""
        self._coupling.ended(side, cause)
        if self.task is not None:
            self.task.cancel()

    def referred(self, side: Side, referral: Referral) -> None:
        """Who is on the way sends nobody."""
        with self._desk.driver.turn() as now:
            referral.refuse(_PENDING, now)


class Transfers:
    """Takes REFERs of coupled sides.

    Args:
        account_of: the account a side is counted for; None for a trunk's.
        allowed: whether a party may be sent to a number: within this network, to lines.
        serve: serves a caller to its end, as it does those that dial.
    """

    def __init__(
        self,
        driver: Driver,
        tickets: Tickets,
        couplings: Couplings,
        dialler: Dials,
        account_of: Callable[[Side], Account | None],
        allowed: Callable[[str], bool],
        serve: Callable[[ReferredLeg], Coroutine[Any, Any, object]],
        policy: TransferPolicy,
        occupancy: Occupancy,
        log: Log,
    ) -> None:
        self.driver = driver
        self.couplings = couplings
        self.dialler = dialler
        self.serve = serve
        self._tickets = tickets
        self._account_of = account_of
        self._allowed = allowed
        self._policy = policy
        self._occupancy = occupancy
        self._log = log
        self._running: set[asyncio.Task[None]] = set()
        couplings.refer = self.refer
        couplings.leave_s = policy.leave_s

    def __len__(self) -> int:
        return len(self._running)

    def refer(self, coupling: Coupling, sender: Side, referral: Referral) -> None:
        """Send the other party on its way, or refuse to."""
        status = self._refusal(coupling, sender, referral)
        account = self._account_of(sender)
        if status is None and account is not None and not self._take(account):
            status = _BUSY
        if status is not None or account is None:
            self._log.warning("refer.refused", call_id=sender.call_id, status=status or _FORBIDDEN)
            with self.driver.turn() as now:
                referral.refuse(status or _FORBIDDEN, now)
            return
        self._begin(coupling, sender, referral, account)

    def _refusal(self, coupling: Coupling, sender: Side, referral: Referral) -> int | None:
        """Why a REFER is refused: toll fraud and endless ways first of all."""
        if coupling.transfer is not None:
            return _PENDING
        if max(sender.transfers, coupling.other(sender).side.transfers) >= self._policy.most:
            return _FORBIDDEN
        target = referral.target.uri
        blind = "replaces" not in {name.lower() for name in target.headers}
        calls = (target.param("method") or "INVITE").upper() == "INVITE"
        return None if blind and calls and self._allowed(dialled_of(target)) else _FORBIDDEN

    def _take(self, account: Account) -> bool:
        """Count the new call beside the one it is to follow, until it is over."""
        return self._occupancy.take(account.user, self._policy.calls_per_user)

    def _begin(
        self, coupling: Coupling, sender: Side, referral: Referral, account: Account
    ) -> None:
        dialled = dialled_of(referral.target.uri)
        ticket = self._tickets.caller(account, dialled, sender.call_id)
        ticket.linked_id = sender.ticket.linked_id
        transfer = Transfer(self, coupling, sender, referral, ticket)
        sent = transfer.sent
        sent.kept = transfer.kept
        sent.transfers = max(sender.transfers, sent.transfers) + 1
        self._log.info("call.referred", call_id=sender.call_id, dialled=dialled)
        with self.driver.turn() as now:
            referral.accept(now)
        coupling.suspend(transfer)
        sent.coupling = transfer
        transfer.leg = leg = ReferredLeg(transfer, account, dialled)
        transfer.task = task = asyncio.get_running_loop().create_task(transfer.run(leg))
        self._running.add(task)
        task.add_done_callback(partial(self._over, account))

    def _over(self, account: Account, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._occupancy.leave(account.user)

    async def drain(self) -> None:
        """End every transferred call."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def dialled_of(target: Uri) -> str:
    """The number a Refer-To points at, as it would be dialled; "" when there is none."""
    number = target.telephone()
    return number.digits if number is not None else target.user or ""
