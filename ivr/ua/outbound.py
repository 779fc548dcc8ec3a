"""A phone of our own: places calls with digest credentials, speaks keys and listens.

`tokuban call` is this phone on a command line; tests use it where no foreign phone is asked for.
"""

import asyncio
import random
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from ivr.net.driver import Driver
from ivr.net.media_engine import MediaEngine, RtpPorts
from ivr.net.tcp import StreamTransport
from ivr.net.tls import Tls
from ivr.net.transport import Transport
from ivr.net.udp import UdpTransport
from ivr.sip import events
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Flow
from ivr.sip.message import Response
from ivr.sip.offer_answer import Capabilities
from ivr.sip.session import Session
from ivr.sip.settings import EndpointSettings
from ivr.ua.credentials import Unanswerable, credentials
from ivr.ua.sound import NotAcceptable, Sound, SoundSettings, Srtp, renegotiate

_GOODBYE_S = 3.0
"""How long a phone that closes waits for its BYE or CANCEL to be answered."""

_TIMEOUT = 408
_ALLOW = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "PRACK", "UPDATE")


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """Where the carrier is, who calls, and which local ports to use (0: a free one).

    `transport` is UDP, TCP or TLS; `tls` is wanted for the last, over which SRTP is offered.
    """

    server: tuple[str, int]
    user: str
    password: str = field(repr=False)
    transport: str = "UDP"
    host: str = "127.0.0.1"
    port: int = 0
    rtp_ports: tuple[int, int] = (30000, 30999)
    capabilities: Capabilities = field(default_factory=Capabilities)
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The network says something before it answers: 180, or 183 with early media."""

    status: int
    reason: str
    early_media: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The call is up."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The call came to nothing: final status and reason."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over, `by_peer` when the network hung up."""

    by_peer: bool
    cause: str


PhoneEvent = Progress | Answered | Refused | Ended


class PhoneCall:
    """One call of the phone; `told` hears what happens, `hear` each frame of µ-law received."""

    def __init__(self, driver: Driver, session: Session, sound: Sound) -> None:
        self.session = session
        self.told: Callable[[PhoneEvent], None] = lambda event: None
        self.outcome: asyncio.Future[Answered | Refused] = (
            asyncio.get_running_loop().create_future()
        )
        self.over = asyncio.Event()
        self._driver = driver
        self._sound = sound
        self._objection = ""

    @property
    def call_id(self) -> str:
        """The SIP Call-ID."""
        return self.session.request.call_id

    def listen(self, hear: Callable[[int, bytes], None] | None) -> None:
        """Give each received frame to `hear(offset in samples, µ-law)`, early media included."""
        self._sound.media.record(hear)

    def say(self, ulaw: bytes, *, loop: bool = False) -> None:
        """Say 8 kHz µ-law in place of silence, once or over and over."""
        self._sound.media.play(ulaw, loop=loop)

    async def press(self, keys: str, duration_ms: int = 100, gap_ms: int = 60) -> bool:
        """Send keys one after the other; False when the call ended before the last was sent."""
        sent: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def done(whole: bool) -> None:
            if not sent.done():
                sent.set_result(whole)

        if self.over.is_set():
            return False
        self._sound.media.send_keys(keys, done, duration_ms=duration_ms, gap_ms=gap_ms)
        return await sent

    def hang_up(self) -> None:
        """Cancel, or hang up, whichever fits."""
        if not self.over.is_set():
            with self._driver.turn() as now:
                self.session.hang_up(now)

    def progressed(self, response: Response) -> None:
        """A provisional response; its description opens early media."""
        early = bool(response.body) and self._agreed(response.body)
        self.told(Progress(response.status, response.reason, early))

    def answered(self, response: Response) -> None:
        """A 2xx; its description may repeat that of a provisional response."""
        if response.body and not self._agreed(response.body):
            self.hang_up()
            return
        self._settle(Answered())

    def refused(self, status: int, reason: str) -> None:
        """A final response that is no answer."""
        self._settle(Refused(status, reason))
        self._close()

    def reoffered(self, offer: bytes) -> None:
        """Agree to what the network offers anew."""
        with self._driver.turn() as now:
            renegotiate(self.session, self._sound, offer, now)

    def ended(self, cause: events.EndCause) -> None:
        """The session is over."""
        if self._objection and not self.outcome.done():
            self._settle(Refused(488, f"hung up on: its answer is no use here, {self._objection}"))
        elif not self.outcome.done():
            self._settle(Refused(487, cause.value))
        else:
            self.told(Ended(cause is events.EndCause.BYE, cause.value))
        self._close()

    def _agreed(self, answer: bytes) -> bool:
        try:
            self._sound.accept(answer)
        except NotAcceptable as error:
            self._objection = str(error)
            return False
        self._objection = ""
        return True

    def _settle(self, outcome: Answered | Refused) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)
            self.told(outcome)

    def _close(self) -> None:
        self._sound.media.close()
        self.over.set()


class Phone:
    """A softphone without a window; make one with `Phone.open`, and close it."""

    def __init__(self, settings: PhoneSettings) -> None:
        self._settings = settings
        self._calls: dict[Session, PhoneCall] = {}
        endpoint = Endpoint(
            EndpointSettings(allow=_ALLOW, user_agent="tokuban-phone"),
            lambda: secrets.token_hex(10),
            random.SystemRandom().random,
        )
        self.failures: list[str] = []
        self.driver = Driver(endpoint, self._handle, self._failed)

    @classmethod
    async def open(cls, settings: PhoneSettings) -> Self:
        """Bind the sockets.

        Raises:
            OSError: a local address or port is not to be had.
            ValueError: the RTP range or host is none.
        """
        phone = cls(settings)
        driver = phone.driver
        transport: Transport = (
            StreamTransport(driver, tls=settings.tls)
            if settings.transport in ("TCP", "TLS")
            else UdpTransport(driver, driver.undeliverable, driver.refused)
        )
        await transport.listen(settings.host, settings.port)
        driver.add(transport)
        phone._media = MediaEngine(RtpPorts(settings.host, *settings.rtp_ports))
        return phone

    _media: MediaEngine

    def dial(self, number: str) -> PhoneCall:
        """Call a number; watch the returned call.

        Raises:
            NoPortsLeft: no RTP port is free.
        """
        settings = self._settings
        authority = _authority(settings.server)
        media = self._media.open()
        flow = Flow(
            settings.transport, self.driver.transports[settings.transport].local, settings.server
        )
        sound = Sound(media, self._wanted(), settings.server[0], secured=flow.secured)
        user = number.replace("#", "%23")
        with self.driver.turn() as now:
            session = self.driver.endpoint.invite(
                f"sip:{user}@{authority}",
                flow,
                f"<sip:{settings.user}@{authority}>",
                f"<sip:{user}@{authority}>",
                sound.offer(),
                now,
            )
            call = self._calls[session] = PhoneCall(self.driver, session, sound)
        return call

    def _wanted(self) -> SoundSettings:
        return SoundSettings(self._settings.host, self._settings.capabilities, Srtp.ALLOWED)

    def _handle(self, event: events.Event) -> None:
        session = getattr(event, "session", None)
        call = self._calls.get(session) if session is not None else None
        if call is None:
            return
        match event:
            case events.SessionProgress(response=response):
                call.progressed(response)
            case events.SessionAnswered(response=response):
                call.answered(response)
            case events.SessionChallenged(session=session, response=response):
                self._authenticate(call, session, response)
            case events.SessionReoffered(request=request):
                call.reoffered(request.body)
            case _:
                self._over(call, event)

    def _over(self, call: PhoneCall, event: events.Event) -> None:
        match event:
            case events.SessionRefused(session=session, status=status, response=response):
                call.refused(status, response.reason if response else self._silence(status))
                del self._calls[session]
            case events.ForeignInfoReceived(info=info):
                with self.driver.turn() as now:
                    info.refuse(now)
            case events.SessionEnded(session=session, cause=cause):
                call.ended(cause)
                del self._calls[session]

    def _silence(self, status: int) -> str:
        """Why there is no response: the server's port is closed, or nothing came back."""
        server = _authority(self._settings.server)
        if status == _TIMEOUT:
            return f"no response from {server}"
        if self._settings.tls is not None:
            return f"no TLS with {server}; is the carrier up, and its authority the one believed?"
        return f"nothing listens on {server}; is the carrier up?"

    def _authenticate(self, call: PhoneCall, session: Session, response: Response) -> None:
        """Answer the challenge once; a second one means the password is wrong."""
        known = self._settings
        with self.driver.turn() as now:
            try:
                header = credentials(response, session.request, known.user, known.password)
            except Unanswerable as error:
                del self._calls[session]
                call.refused(response.status, f"{response.reason}: {error}")
                session.hang_up(now)
                return
            session.retry((header,), now)

    def _failed(self, what: str, error: Exception) -> None:
        self.failures.append(f"{what}: {error}")

    async def close(self) -> None:
        """Hang up what is up, wait a little for the goodbyes to be said, and close the sockets."""
        calls = list(self._calls.values())
        for call in calls:
            call.hang_up()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                for call in calls:
                    await call.over.wait()
        self._media.close()
        await self.driver.close()


def _authority(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
