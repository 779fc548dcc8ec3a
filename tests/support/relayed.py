"""A sender, the leg that hears it and the stream it is relayed in, without sockets."""

from itertools import pairwise

from ivr.media.player import Stream
from ivr.media.relay import Format, Relay
from ivr.media.rtp import Packet, Reception, build, parse

EVENTS = 101
STEP_S = 0.02


class Line:
    """A sender, the leg that hears it, and the stream of the leg it is relayed to."""

    def __init__(
        self, given: Format | None = None, wanted: Format | None = None, *, quick: bool = True
    ) -> None:
        """With `quick` packets take the short way where they may."""
        self.reception = Reception()
        self.stream = Stream(0xABCD, 65530, 0xFFFFFF00)
        self.relay = Relay(self.reception, self.stream)
        self.now = 100.0
        self._quick = quick
        self.heard: list[Packet] = []
        self.tune(given or Format("PCMU", 0, EVENTS), wanted or Format("PCMU", 0, EVENTS))

    def tune(self, given: Format, wanted: Format) -> None:
        self.stream.tune(wanted.law, wanted.payload_type or 0, wanted.event_payload_type)
        self.relay.tune(given, wanted)

    def own(self, slots: int) -> None:
        """Let the leg speak for itself, unless the relay does."""
        for _ in range(slots):
            self.now += STEP_S
            if not self.relay.flowing:
                self.hear(self.stream.packet())

    def say(self, sequence: int, **how: object) -> bytes | None:
        """Relay the sender's packet of that number, as a leg does; it is of its time by default."""
        packet = Packet(False, 0, sequence & 0xFFFF, 160 * sequence & 0xFFFFFFFF, 7, b"\x22" * 160)
        packet = packet._replace(**how)  # type: ignore[arg-type]
        self.now += STEP_S
        sent = self.relay.quick(build(packet), self.now) if self._quick else None
        if sent is None:
            ahead = self.reception.note(packet, self.now)
            sent = self.relay.forward(packet, ahead, self.now)
        if sent is not None:
            self.hear(sent)
        return sent

    def hear(self, datagram: bytes) -> None:
        packet = parse(datagram)
        assert packet is not None
        self.heard.append(packet)


def steps(packets: list[Packet]) -> list[tuple[int, int]]:
    """By how much sequence and timestamp went on from packet to packet."""
    return [
        (
            ((b.sequence - a.sequence + 0x8000) & 0xFFFF) - 0x8000,
            ((b.timestamp - a.timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000,
        )
        for a, b in pairwise(packets)
    ]
