"""Place one call with our own phone and hold it by a key script."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ivr.media.recorder import Recorder
from ivr.net.rtp_ports import NoPortsLeft
from ivr.net.tls import Tls, caller
from ivr.store.wav import RecordingFailed, WavWriter
from ivr.ua import outbound
from lab.call_script import Step
from lab.conversation import Outcome, Patience, ScriptBroken, Tell, converse
from lab.errors import Refused
from lab.recognition import Recogniser
from lab.signals import stop_event
from prompts.script import ScriptError
from prompts.voice import MissingAudio, VoiceBank

GOODBYE_WITHIN_S = 5.0

Sink = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True)
class Order:
    """Who calls which number over which server, and what to do then."""

    user: str
    password: str = field(repr=False)
    number: str
    server: tuple[str, int]
    transport: str
    script: Sequence[Step]
    record: Path | None
    authority: Path | None = None
    """PEM of who signed the server's certificate, besides the authorities of the system."""
    ring_s: float = 60.0


async def place(order: Order, tell: Tell) -> bool:
    """Dial, converse, hang up; whether the call was answered and took every key.

    A signal hangs up and counts as a failure.

    Raises:
        Refused: no local address, port or recording file is to be had.
    """
    with stop_event() as stopped:
        call = asyncio.ensure_future(_place(order, tell))
        signal = asyncio.ensure_future(stopped.wait())
        await asyncio.wait({call, signal}, return_when=asyncio.FIRST_COMPLETED)
        signal.cancel()
        if not call.done():
            tell("call.interrupted")
            call.cancel()
        results = await asyncio.gather(call, signal, return_exceptions=True)
        return not isinstance(results[0], asyncio.CancelledError) and call.result()


async def _place(order: Order, tell: Tell) -> bool:
    with ExitStack() as closing:
        recorder = _recorder(order.record, closing)
        phone = await _open(order)
        try:
            return await _hold(phone, order, recorder, tell)
        except NoPortsLeft as error:
            raise Refused(f"no RTP port is free here: {error}") from None
        finally:
            await phone.close()


def _recogniser() -> Recogniser:
    """Knows every prompt in every language."""
    try:
        bank = VoiceBank()
    except (MissingAudio, ScriptError) as error:
        raise Refused(f"prompts: {error}") from None
    return Recogniser.of(*(bank.of(language) for language in bank.languages()))


def _recorder(path: Path | None, closing: ExitStack) -> Recorder | None:
    """A recorder that writes on until `closing` closes; the file is whole then."""
    if path is None:
        return None
    try:
        recorder = Recorder(closing.enter_context(WavWriter(path)).write)
    except (OSError, RecordingFailed) as error:
        raise Refused(f"--record {path}: {error}") from None
    closing.callback(recorder.flush)
    return recorder


async def _open(order: Order) -> outbound.Phone:
    settings = outbound.PhoneSettings(
        server=order.server,
        user=order.user,
        password=order.password,
        transport=order.transport,
        host=local_address(order.server),
        tls=_tls(order),
    )
    try:
        return await outbound.Phone.open(settings)
    except OSError as error:
        raise Refused(f"this phone cannot listen on {settings.host}: {error.strerror}") from None


def _tls(order: Order) -> Tls | None:
    if order.transport != "TLS":
        return None
    try:
        return caller(order.authority)
    except ssl.SSLError:
        raise Refused(f"--authority {order.authority}: no certificate (PEM)") from None
    except OSError as error:
        raise Refused(f"--authority {order.authority}: {error.strerror}") from None


async def _hold(phone: outbound.Phone, order: Order, recorder: Recorder | None, tell: Tell) -> bool:
    tell(f"call.dialling {order.number} as {order.user}")
    held = Held(phone.dial(order.number), recorder, tell)
    if not await held.answered(order.ring_s):
        return False
    outcome: Outcome = await converse(held, order.script, tell, Patience(), _recogniser())
    if not outcome.keys_taken:
        tell(f"keys.not_taken {outcome.reason}")
    return outcome.keys_taken


class Held:
    """A call of our phone as the conversation wants it."""

    def __init__(self, call: outbound.PhoneCall, recorder: Recorder | None, tell: Tell) -> None:
        self._call, self._recorder, self._tell = call, recorder, tell
        self._cause = "ended"
        call.told = self._told
        if recorder:
            call.listen(recorder.feed)

    def _told(self, event: outbound.PhoneEvent) -> None:
        match event:
            case outbound.Progress(status=status, reason=reason, early_media=early):
                self._tell(f"call.progress {status} {reason}{' with early media' * early}")
            case outbound.Answered():
                self._tell("call.answered")
            case outbound.Refused(status=status, reason=reason):
                self._tell(f"call.refused {status} {reason}")
            case outbound.Ended(by_peer=by_peer, cause=cause):
                self._cause = "by the network" if by_peer else cause

    async def answered(self, within_s: float) -> bool:
        """Whether the network answers in time; else the call is cancelled."""
        try:
            async with asyncio.timeout(within_s):
                outcome = await asyncio.shield(self._call.outcome)
        except TimeoutError:
            self._tell(f"call.unanswered for {within_s:g} s")
            await self.hang_up()
            return False
        return isinstance(outcome, outbound.Answered)

    def listen(self, sink: Sink) -> None:
        """See `PlacedCall.listen`."""
        recorder = self._recorder

        def both(offset: int, frame: bytes) -> None:
            if recorder:
                recorder.feed(offset, frame)
            sink(offset, frame)

        self._call.listen(both)

    async def press(self, keys: str) -> None:
        """See `PlacedCall.press`."""
        if not await self._call.press(keys):
            raise ScriptBroken(f"the call ended before {keys} was sent")

    async def over(self) -> str:
        """See `PlacedCall.over`."""
        await self._call.over.wait()
        return self._cause

    async def hang_up(self) -> None:
        """See `PlacedCall.hang_up`; waits a little for the goodbye to be acknowledged."""
        self._call.hang_up()
        try:
            async with asyncio.timeout(GOODBYE_WITHIN_S):
                await self._call.over.wait()
        except TimeoutError:
            self._tell("call.unacknowledged the network did not confirm the end")


def server_address(text: str) -> tuple[str, int]:
    """`127.0.0.1:5060`, `[::1]:5060` or a name; without a port, 5060.

    Raises:
        Refused: it is neither, or the name has no address.
    """
    host, port = _split(text)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no host name is like this"
        raise Refused(f"--server {text}: {why}; write it as 127.0.0.1:5060") from None
    return str(found[0][4][0]), port


def _split(text: str) -> tuple[str, int]:
    if text.count(":") > 1 and not text.startswith("["):
        return text, 5060
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, "5060"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Refused(f"--server {text}: {port!r} is no port; write it as 127.0.0.1:5060")
    return host.removeprefix("[").removesuffix("]"), int(port)


def local_address(server: tuple[str, int]) -> str:
    """The address of this host from which the server is reached."""
    if ipaddress.ip_address(server[0]).is_loopback:
        return server[0]
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(server)
        except OSError as error:
            raise Refused(f"--server {server[0]}: {error.strerror}") from None
        return str(probe.getsockname()[0])
