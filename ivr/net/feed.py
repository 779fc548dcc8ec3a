"""One direction of a call between two legs: what one hears, the other says."""

from collections.abc import Callable
from typing import Protocol

from ivr.media.relay import QUIET_S, Format, Relay
from ivr.media.rtp import Packet, Reception
from ivr.net.rtp_out import RtpOut
from ivr.net.srtp import Wire

DATAGRAM = 2048
"""More than any packet of ours: the rest of a longer one is lost."""


class Speaker(Protocol):
    """The leg that hears."""

    format: Format

    def relay_to(self, other: None) -> None: ...


class Listener(Protocol):
    """The leg whose peer is to hear it."""

    format: Format
    out: RtpOut
    fed_by: "Feed | None"


class Feed:
    """Sends at `listener` what `speaker` hears, while the listener has nothing of its own to say.

    `reception` counts what the speaker hears; a feed the listener had before is ended.
    """

    __slots__ = ("_listener", "_speaker", "out", "relay")

    def __init__(self, speaker: Speaker, reception: Reception, listener: Listener) -> None:
        if listener.fed_by is not None:
            listener.fed_by.stop()
        self._speaker, self._listener, self.out = speaker, listener, listener.out
        self.relay = Relay(reception, listener.out.stream)
        listener.fed_by = self

    def end(self, now: float) -> None:
        """Send nothing further; the speaker lets go as well."""
        self.rest(now)
        self._listener.fed_by = None

    def stop(self) -> None:
        """Let the speaker end it."""
        self._speaker.relay_to(None)

    def tune(self, now: float, *, audible: bool = True) -> None:
        """Follow what the two legs negotiated, and whether the speaker may be heard."""
        if not (audible and self.out.open):
            self.rest(now)
        self.relay.tune(self._speaker.format, self._listener.format)

    def carry(self, packet: Packet, ahead: int, now: float) -> None:
        """Send a packet on that `Reception.note` found `ahead` of those before it."""
        ready = self.relay.forward(packet, ahead, now) if self.out.open else None
        if ready is not None:
            self.out.carry(ready)
        elif not self.relay.flowing:
            self.out.join()

    def rest(self, now: float) -> None:
        """Let the listener's leg speak for itself again."""
        self.relay.rest(now)
        self.out.join()

    def reader(
        self,
        sock: Wire,
        other: Callable[[bytes], None],
        failed: Callable[[OSError], None],
        now: Callable[[], float],
    ) -> Callable[[], None]:
        """A reader of the speaker's connected socket: one datagram, and out with it.

        `other` gets what is not the next packet of audio. It is what a relayed call spends its time
        with, hence the names bound beforehand.
        """
        receive, quick, out = sock.recv, self.relay.quick, self.out

        def read() -> None:
            try:
                datagram = receive(DATAGRAM)
            except OSError as error:
                failed(error)
                return
            packet = quick(datagram, now())
            if packet is None:
                other(datagram)
                return
            out.relayed += 1
            try:
                out.send(packet)
            except OSError as error:
                out.failed(error)

        return read

    def tend(self, now: float) -> None:
        """Allow what time allows; once the speaker fell silent the leg says silence itself."""
        self.relay.allow(now)
        if self.relay.flowing and now - self.relay.heard_at >= QUIET_S:
            self.rest(now)
