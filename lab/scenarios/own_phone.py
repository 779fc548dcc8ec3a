"""Our own phone as a telephone of scenarios: in this process, its sound kept to the sample."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, TypeVar

from ivr.media.g711 import decode_ulaw
from ivr.net.rtp_ports import NoPortsLeft
from ivr.sip.message import Response
from ivr.store import wav
from ivr.ua.desk_phone import DeskPhone, IncomingCall
from ivr.ua.outbound import Answered, PhoneCall, PhoneSettings, Refused
from lab.scenarios.phones.errors import PhoneError, TooLate
from lab.scenarios.phones.handset import Ending, NotRegistered
from lab.scenarios.phones.ports import free_range, own_address
from lab.scenarios.voices import tone_ulaw

T = TypeVar("T")

_WITHIN_S = 35.0
"""An unanswered REGISTER ends after 32 s (RFC 3261 §17.1.2.2)."""
_RTP_PORTS = 8
_OK = 200
_SILENCE = b"\xff"


class OwnPhone:
    """See `Handset`; `hertz` is the tone it speaks."""

    def __init__(self, hertz: int) -> None:
        self._voice = tone_ulaw(hertz)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._phone: DeskPhone | None = None
        self._call: PhoneCall | None = None
        self._sound = bytearray()

    def register(self, user: str, password: str, server: tuple[str, int]) -> None:
        """See `Handset.register`."""
        self.close()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        host = own_address(server)
        settings = PhoneSettings(
            server, user, password, host=host, rtp_ports=free_range(_RTP_PORTS, host)
        )
        response = self._do(self._enrol(settings))
        if response.status != _OK:
            why = f"{response.status} {response.reason}"
            raise NotRegistered(f"{user} is not let in: {why}")

    async def _enrol(self, settings: PhoneSettings) -> Response:
        self._phone = await DeskPhone.open(settings)
        self._phone.rung = self._rung
        return await self._phone.register()

    def _rung(self, call: IncomingCall) -> None:
        if self._call is not None and not self._call.over.is_set():
            call.decline()
            return
        self._begin(call)

    def _begin(self, call: PhoneCall) -> None:
        self._call, self._sound = call, bytearray()
        sound = self._sound

        def hear(offset: int, frame: bytes) -> None:
            sound.extend(_SILENCE * (offset - len(sound)))
            sound[offset : offset + len(frame)] = frame

        call.listen(hear)
        call.say(self._voice, loop=True)

    def dial(self, number: str) -> None:
        """See `Handset.dial`."""

        async def begin() -> None:
            try:
                self._begin(self._on.dial(number))
            except NoPortsLeft as error:
                raise PhoneError(f"no RTP port is free: {error}") from None

        self._do(begin())

    def ringing(self) -> str | None:
        """See `Handset.ringing`."""
        call = self._call
        if not isinstance(call, IncomingCall) or call.outcome.done() or call.over.is_set():
            return None
        return call.caller

    def answer(self) -> None:
        """See `Handset.answer`."""
        call = self._call
        if not isinstance(call, IncomingCall):
            raise PhoneError("no call rings at this phone")
        self._run(call.take)

    def answered(self) -> bool:
        """See `Handset.answered`."""
        outcome = self._now.outcome
        return outcome.done() and isinstance(outcome.result(), Answered)

    def ended(self) -> Ending | None:
        """See `Handset.ended`."""
        call = self._now
        if not call.over.is_set():
            return None
        outcome = call.outcome.result()
        if isinstance(outcome, Refused):
            return Ending(outcome.status, f"{outcome.status} {outcome.reason}", True)
        return Ending(None, "ended", False)

    def press(self, keys: str) -> None:
        """See `Handset.press`."""
        if not self._do(self._now.press(keys)):
            raise PhoneError(f"the call ended before {keys} was sent")

    def hang_up(self) -> None:
        """See `Handset.hang_up`."""
        call = self._now
        waiting = isinstance(call, IncomingCall) and not call.outcome.done()
        self._run(call.decline if waiting and isinstance(call, IncomingCall) else call.hang_up)

    def heard(self) -> bytes:
        """See `Handset.heard`."""
        samples = decode_ulaw(bytes(self._sound))
        data = samples.astype("<i2").tobytes()
        return wav.header(len(data)) + data

    def close(self) -> None:
        """See `Handset.close`."""
        if self._loop is None:
            return
        if self._phone is not None:
            self._do(self._phone.close())
            self._phone = self._call = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    @property
    def _on(self) -> DeskPhone:
        if self._phone is None:
            raise PhoneError("the phone has not begun: register it first")
        return self._phone

    @property
    def _now(self) -> PhoneCall:
        if self._call is None:
            raise PhoneError("the phone has had no call")
        return self._call

    def _run(self, deed: Callable[[], None]) -> None:
        async def done() -> None:
            deed()

        self._do(done())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have it done in the phone's own thread."""
        if self._loop is None:
            work.close()
            raise PhoneError("the phone has not begun: register it first")
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WITHIN_S)
        except NotInTime:
            raise TooLate(f"our own phone: nothing came of it within {_WITHIN_S:g} s") from None
        except OSError as error:
            raise PhoneError(f"our own phone: {error}") from None
