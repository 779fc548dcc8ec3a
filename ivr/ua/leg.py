"""A caller's leg: one INVITE session and one media leg behind the verbs a flow needs."""

import asyncio
from collections.abc import Callable

from ivr.net.driver import Driver
from ivr.net.media_leg import MediaLeg
from ivr.sip.message import Request
from ivr.sip.session import Session
from ivr.ua.causes import Cause
from ivr.ua.info_keys import KEY_TYPES, key_of
from ivr.ua.sound import NotAcceptable, Sound, renegotiate
from ivr.ua.ticket import Ticket
from provisioning.contract import Account

_SERVER_ERROR = 500


class InboundLeg:
    """A `Leg` (see `ivr.call.leg`) on the wire."""

    def __init__(
        self,
        driver: Driver,
        session: Session,
        sound: Sound,
        account: Account,
        dialled: str,
        ticket: Ticket,
    ) -> None:
        self.session = session
        self.account = account
        self.dialled = dialled
        self.ticket = ticket
        self.on_key: Callable[[str], None] | None = None
        self.established_at: float | None = None
        self._refreshed_at = 0.0
        self._driver = driver
        self._sound = sound
        self._opened = False
        self._closed = False
        self._waiting: list[asyncio.Future[None]] = []
        self._media.on_key = self._key

    @property
    def call_id(self) -> str:
        """The SIP Call-ID."""
        return self.session.request.call_id

    @property
    def _media(self) -> MediaLeg:
        return self._sound.media

    def silent_since(self) -> float | None:
        """Since when the caller gave no sign of life (loop time); None while that is no fault.

        A caller who holds the call need send nothing.
        """
        if self.established_at is None or self._closed or self._sound.held:
            return None
        return max(self._media.last_received, self.established_at, self._refreshed_at)

    async def progress(self) -> None:
        """Open early media (LINE-05). A caller who offered nothing yet hears nothing early."""
        if self._closed or self._opened or not self.session.remote_sdp:
            return
        self._opened = True
        with self._driver.turn() as now:
            self.session.progress(self._sound.description, now)

    async def answer(self) -> None:
        """Answer with the agreed description and wait for the ACK."""
        if self._closed:
            return
        if not self.session.answered:
            self._opened = True
            with self._driver.turn() as now:
                self.session.answer(self._sound.description, now)
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
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def answered_late(self, request: Request) -> None:
        """The caller's answer to our offer came in a PRACK or an ACK."""
        try:
            self._sound.accept(request.body)
        except NotAcceptable:
            self.ticket.ending = Cause.NOT_ACCEPTABLE
            self.hang_up()

    def reoffered(self, request: Request) -> None:
        """Answer a re-INVITE or UPDATE: hold, resume, a moved address, or a mere refresh."""
        with self._driver.turn() as now:
            self._refreshed_at = now
            renegotiate(self.session, self._sound, request.body, now)

    def info(self, request: Request) -> None:
        """Take a key that came as SIP INFO."""
        kind = request.content_type
        if kind is not None and kind.name in KEY_TYPES:
            key = key_of(kind.name, request.body)
            if key is not None:
                self._key(key, 0)

    def play(
        self, ulaw: bytes, done: Callable[[bool], None] | None = None, *, loop: bool = False
    ) -> None:
        """Play µ-law audio in place of what is playing."""
        if self._closed:
            if done is not None:
                asyncio.get_running_loop().call_soon(done, False)
            return
        self._media.play(ulaw, done, loop=loop)

    def stop_playing(self) -> None:
        """No further packet of the prompt leaves."""
        if not self._closed:
            self._media.stop()

    def echo(self, on: bool) -> None:
        """Send back what is heard, or no longer."""
        if not self._closed:
            self._media.echo(on)

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        """BYE when answered, else the final response `status`."""
        if self._closed:
            return
        if not self.session.answered and not (status and 400 <= status <= 699):
            raise ValueError(f"an unanswered call needs a final status, not {status}")
        self.close()
        with self._driver.turn() as now:
            if self.session.answered:
                self.session.hang_up(now, reason)
            else:
                self.ticket.status = status
                self.session.refuse(status or _SERVER_ERROR, now, _reason_header(reason))

    def close(self) -> None:
        """Give the media back; signalling is left as it is."""
        if not self._closed:
            self._closed = True
            self.on_key = None
            self._media.close()
            for waiting in self._waiting:
                waiting.cancel()
            self._waiting.clear()

    def _key(self, key: str, timestamp: int) -> None:
        if self.on_key is not None:
            self.on_key(key)


def _reason_header(reason: str | None) -> tuple[tuple[str, str], ...]:
    return (("Reason", reason),) if reason else ()
