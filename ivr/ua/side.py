"""One half of a call on the wire: an INVITE session and the sound that goes with it.

A caller's leg and a called party's leg are both a `Side`. Two sides that talk to each other are
coupled: keys, changes of the description, INFO and the end of either are told to their coupling.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from ivr.net.driver import Driver
from ivr.net.media_leg import MediaLeg
from ivr.sip.events import EndCause
from ivr.sip.message import Request, Response
from ivr.sip.referral import Referral
from ivr.sip.session import Session
from ivr.sip.session_info import ForeignInfo
from ivr.ua.causes import Cause
from ivr.ua.info_keys import KEY_TYPES, key_of
from ivr.ua.sound import NotAcceptable, Sound, renegotiate
from ivr.ua.ticket import Ticket

_FORBIDDEN, _SERVER_ERROR = 403, 500
UNANSWERED_OFFER = 'SIP;cause=488;text="no answer to the offer"'
"""Why a party is hung up on that leaves our offer without an answer that can be used."""


class Coupled(Protocol):
    """What joins two sides; each is told with the side it happened on."""

    @property
    def held(self) -> bool:
        """Whether either side holds the other."""
        ...

    def key(self, side: "Side", key: str, *, heard: bool) -> None:
        """A key was pressed; `heard` among the sound, not by INFO."""
        ...

    def confirmed(self, side: "Side") -> None:
        """The ACK of the side's party came: it may be offered something new (RFC 3261 §14.1)."""
        ...

    def before_change(self, side: "Side", then: Callable[[], None]) -> None:
        """The party changes something: call `then`, which answers it, once that may be."""
        ...

    def reoffered(self, side: "Side") -> None:
        """A re-INVITE or UPDATE was answered: the party holds, resumes, moved, or is just there."""
        ...

    def offered(self, side: "Side", response: Response) -> None:
        """The party answered an offer of ours, with a final response of any kind."""
        ...

    def informed(self, side: "Side", info: ForeignInfo) -> None:
        """The party sent an INFO that is not for us."""
        ...

    def ended(self, side: "Side", cause: EndCause) -> None:
        """The side's session is over, by its own party, the network below it, or us."""
        ...

    def referred(self, side: "Side", referral: Referral) -> None:
        """The party asks for the other one to be sent elsewhere (RFC 3515)."""
        ...


class Side:
    """A session, its sound and its ticket.

    What is called on a side that was closed does nothing.

    Attributes:
        on_key: hears every key, coupled or not.
        established_at: when both descriptions were settled, monotonic; None before.
        whose: the account's user, or the trunk's key, it counts for.
        coupling: who joins this side to another one.
        farewell: the Reason header's value of a hang-up that names none.
        transfers: how often the call's parties were sent elsewhere (RFC 3515).
        direct: its phone may send its sound to the other one's.
        kept: somebody other than who rang or received it sees to its end: `hang_up` is not meant
            for it any more.
    """

    def __init__(self, driver: Driver, session: Session, sound: Sound, ticket: Ticket) -> None:
        self.session = session
        self.sound = sound
        self.ticket = ticket
        self.on_key: Callable[[str], None] | None = None
        self.established_at: float | None = None
        self.whose = ""
        self.coupling: Coupled | None = None
        self.farewell: str | None = None
        self.kept = False
        self.transfers = 0
        self.direct = False
        self._driver = driver
        self._refreshed_at = self._probed_at = 0.0
        self._closed = False
        self.media.on_key = self._media_key

    @property
    def call_id(self) -> str:
        """The SIP Call-ID."""
        return self.session.request.call_id

    @property
    def media(self) -> MediaLeg:
        """Where its packets come and go."""
        return self.sound.media

    @property
    def closed(self) -> bool:
        """Whether its media was given back."""
        return self._closed

    def silent_since(self) -> float | None:
        """Since when the party gave no sign of life (loop time); None while that is no fault.

        A party who holds the call need send nothing, nor need one who is held.
        """
        if self.established_at is None or self._closed or self.sound.held:
            return None
        if self.coupling is not None and self.coupling.held:
            return None
        return max(self.media.last_received, self.established_at, self._refreshed_at)

    def probe(self, now: float, after_s: float) -> None:
        """Ask the party by signalling whether it is there, `after_s` after its last sign of life.

        The session of a party that is gone ends by itself then (CALL-02).
        """
        if self.established_at is None or self._closed:
            return
        heard_at = max(self.media.last_received, self.established_at, self._refreshed_at)
        if now - max(heard_at, self._probed_at) >= after_s:
            self._probed_at = now
            with self._driver.turn() as turn_at:
                self.session.probe(turn_at)

    def excuse(self, now: float) -> None:
        """Count the party's silence from now on (loop time)."""
        self._refreshed_at = now

    def answered_late(self, request: Request) -> None:
        """The party's answer to our offer came in a PRACK or an ACK, or did not (§13.2.1)."""
        try:
            self.sound.accept(request.body)
        except NotAcceptable:
            self.ticket.ending = Cause.NOT_ACCEPTABLE
            self.end(UNANSWERED_OFFER)

    def reoffered(self, request: Request) -> None:
        """Answer a re-INVITE or UPDATE: hold, resume, a moved address, or a mere refresh."""
        if self.coupling is not None:
            self.coupling.before_change(self, partial(self._agree, request))
        else:
            self._agree(request)

    def _agree(self, request: Request) -> None:
        with self._driver.turn() as now:
            if not self.session.is_asked:
                return  # it was withdrawn meanwhile, or the session is over
            self._refreshed_at = now
            renegotiate(self.session, self.sound, request.body, now)
            if self.coupling is not None:
                self.coupling.reoffered(self)

    def offered(self, response: Response) -> None:
        """Pass the answer to an offer of the coupling's."""
        if self.coupling is not None:
            self.coupling.offered(self, response)

    def info(self, request: Request) -> None:
        """Take a key that came as SIP INFO; an empty one says only that the party is there."""
        kind = request.content_type
        if kind is not None and kind.name in KEY_TYPES:
            key = key_of(kind.name, request.body)
            if key is not None:
                self._key(key, heard=False)

    def foreign_info(self, info: ForeignInfo) -> None:
        """Pass any other INFO to the coupling; nobody else could take it."""
        if self.coupling is not None:
            self.coupling.informed(self, info)
        else:
            with self._driver.turn() as now:
                info.refuse(now)

    def referred(self, referral: Referral) -> None:
        """Pass a REFER to the coupling; who talks to nobody has nobody to send elsewhere."""
        if self.coupling is not None:
            self.coupling.referred(self, referral)
        else:
            with self._driver.turn() as now:
                referral.refuse(_FORBIDDEN, now)

    def play(
        self, ulaw: bytes, done: Callable[[bool], None] | None = None, *, loop: bool = False
    ) -> None:
        """Play µ-law audio in place of what is playing."""
        if self._closed:
            if done is not None:
                asyncio.get_running_loop().call_soon(done, False)
            return
        self.media.play(ulaw, done, loop=loop)

    def stop_playing(self) -> None:
        """No further packet of the prompt leaves."""
        if not self._closed:
            self.media.stop()

    def echo(self, on: bool) -> None:
        """Send back what is heard, or no longer."""
        if not self._closed:
            self.media.echo(on)

    def record(self, hear: Callable[[int, bytes], None] | None) -> None:
        """Give what is heard to `hear` as it comes, or to nobody any more."""
        if not self._closed:
            self.media.record(hear)

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        """BYE, or whatever ends the session as it stands; `reason` is a Reason header's value."""
        if self._closed or self.kept:
            return
        self.close()
        with self._driver.turn() as now:
            self._end(status, reason or self.farewell, now)

    def end(self, reason: str | None = None) -> None:
        """Hang up, whoever sees to its end."""
        self.kept = False
        self.hang_up(_SERVER_ERROR, reason)

    def over(self, cause: EndCause) -> None:
        """The session has ended: give the media back, and tell the coupling."""
        self.close()
        coupling, self.coupling = self.coupling, None
        if coupling is not None:
            coupling.ended(self, cause)

    def close(self) -> None:
        """Give the media back; signalling is left as it is."""
        if not self._closed:
            self._closed = True
            self.on_key = None
            self.media.close()

    def _end(self, status: int | None, reason: str | None, now: float) -> None:
        self.session.hang_up(now, reason)

    def _key(self, key: str, *, heard: bool) -> None:
        if self.coupling is not None:
            self.coupling.key(self, key, heard=heard)
        if self.on_key is not None:
            self.on_key(key)

    def _media_key(self, key: str, timestamp: int) -> None:
        self._key(key, heard=True)
