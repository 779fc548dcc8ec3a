"""Our own phone at a desk: it registers, rings and is answered, besides calling.

Scenarios play it where no softphone of others is asked for.
"""

import asyncio
import secrets
from collections.abc import Callable

from ivr.net.media_engine import NoPortsLeft
from ivr.sip import events
from ivr.sip.events import Flow
from ivr.sip.headers import Headers
from ivr.sip.message import Request, Response
from ivr.sip.session import Session
from ivr.sip.uri import Uri
from ivr.ua.asking import Asking
from ivr.ua.credentials import Unanswerable, credentials
from ivr.ua.outbound import Answered, Phone, PhoneCall, PhoneSettings
from ivr.ua.sound import NOT_ACCEPTABLE_HERE, NotAcceptable, Sound

_OK, _BUSY = 200, 486
_UNAUTHORIZED = frozenset((401, 407))


class IncomingCall(PhoneCall):
    """A call that rings here until it is taken, declined or given up."""

    caller: str
    """Who calls, as From shows it: the user of its URI."""

    def take(self) -> None:
        """Answer it; nothing happens once it is over."""
        if self.over.is_set() or self.outcome.done():
            return
        with self._driver.turn() as now:
            try:
                answer = self._sound.describe(self.session.request.body)
            except NotAcceptable as error:
                self.session.refuse(NOT_ACCEPTABLE_HERE, now, error.warning)
                self.refused(NOT_ACCEPTABLE_HERE, str(error))
                return
            self.session.answer(answer, now)
        self._settle(Answered())

    def decline(self, status: int = _BUSY) -> None:
        """Refuse it."""
        if not self.over.is_set():
            with self._driver.turn() as now:
                self.session.refuse(status, now)
            self.refused(status, "declined here")


class DeskPhone(Phone):
    """A phone that is called as well; `rung` is told each call that comes."""

    def __init__(self, settings: PhoneSettings) -> None:
        super().__init__(settings)
        self.rung: Callable[[IncomingCall], None] = lambda call: None
        self._asking = Asking(self.driver)
        self._tag, self._call_id = secrets.token_hex(8), secrets.token_hex(16)
        self._number = 0

    async def register(self, expires_s: int = 3600) -> Response:
        """Register, or with 0 s take it back (RFC 3261 §10.2); the final response."""
        response = await self._asking.send(request := self._request(expires_s, ()), self._flow())
        if response.status in _UNAUTHORIZED:
            user, password = self._settings.user, self._settings.password
            try:
                proof = credentials(response, request, user, password)
            except Unanswerable:
                return response
            response = await self._asking.send(self._request(expires_s, (proof,)), self._flow())
        return response

    def _flow(self) -> Flow:
        transport = self.driver.transports[self._settings.transport]
        return Flow(self._settings.transport, transport.local, self._settings.server)

    def _request(self, expires_s: int, proof: tuple[tuple[str, str], ...]) -> Request:
        self._number += 1
        settings, flow = self._settings, self._flow()
        registrar = Uri("sip", None, *settings.server)
        own = f"<{Uri('sip', settings.user, settings.server[0])}>"
        host, _, port = self.driver.endpoint.address(flow).rpartition(":")
        transport = {} if flow.transport == "UDP" else {"transport": flow.transport.lower()}
        contact = Uri("sip", settings.user, host.strip("[]"), int(port), params=transport)
        headers = Headers([("Max-Forwards", "70"), ("From", f"{own};tag={self._tag}"), ("To", own)])
        headers.add("Call-ID", self._call_id)
        headers.add("CSeq", f"{self._number} REGISTER")
        headers.add("Contact", f"<{contact}>")
        headers.add("Expires", str(expires_s))
        for name, value in proof:
            headers.add(name, value)
        return Request("REGISTER", str(registrar), headers, b"")

    def _handle(self, event: events.Event) -> None:
        match event:
            case events.CallReceived(session=session, request=request):
                self._ring(session, request)
            case events.RequestReceived(transaction=transaction):
                self.driver.answer(transaction, _OK)
            case events.ResponseReceived() | events.TransactionTimedOut():
                self._asking.handle(event)
            case _:
                super()._handle(event)

    def _ring(self, session: Session, request: Request) -> None:
        with self.driver.turn() as now:
            try:
                media = self._media.open()
            except NoPortsLeft:
                session.refuse(_BUSY, now)
                return
            sound = Sound(media, self._wanted(), self._settings.server[0])
            call = IncomingCall(self.driver, session, sound)
            call.caller = request.from_.uri.user or ""
            self._calls[session] = call
            session.ringing(now)
        self.rung(call)

    async def close(self) -> None:
        """Take the registration back, as far as that is heard soon, and close."""
        if self._number:
            await asyncio.wait([asyncio.ensure_future(self.register(0))], timeout=_GOODBYE_S)
        await super().close()


_GOODBYE_S = 1.0
