"""One leg's media: its sockets, what it sends in each slot, and what it hears."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from ivr.media.dtmf import KeyEar
from ivr.media.g711 import FRAME_SAMPLES, Law, from_wire
from ivr.media.player import Done, Stream
from ivr.media.recorder import Timeline
from ivr.media.relay import Format
from ivr.media.rtcp import Sent
from ivr.media.rtp import COMFORT_NOISE, Packet, Reception, parse
from ivr.media.source_lock import Address, Do, SourceLock, normal
from ivr.net.ears import Watch
from ivr.net.feed import DATAGRAM, Feed
from ivr.net.media_facts import MediaFacts
from ivr.net.rtcp_link import RtcpLink
from ivr.net.rtp_out import Phase, RtpOut
from ivr.net.rtp_ports import RECEIVE_BUFFER, RELAYED_BUFFER, PortPair
from ivr.net.srtp import Wires
from ivr.sip.sdes import Keys

Sink = Callable[[int, bytes], None]

SETTLED_S = 0.5
"""From this age on a leg gets what only a longer call needs: RTCP and the packet filter.

Both cost more than all the rest of opening and closing a leg.
"""


class Surroundings(Protocol):
    """What a leg needs of its engine."""

    loop: asyncio.AbstractEventLoop
    packet_filter: bool

    def listen_inband(self, leg: "MediaLeg", ulaw: bytes, timestamp: int) -> None: ...
    def forget(self, leg: "MediaLeg") -> None: ...


class MediaLeg:
    """Audio and keys of one call leg; made by `MediaEngine.open`.

    `port` is the local RTP port; RTCP is the next. `on_key` is called once a key press with the key
    and the RTP timestamp at which it began; `last_received` is the loop time of the last packet
    of the peer (of `open`, before the first), to the next sweep while the kernel drops its audio
    or another leg says it.
    """

    __slots__ = (
        "_around",
        "_can_receive",
        "_deaf",
        "_ear",
        "_echoing",
        "_errors",
        "_feed",
        "_inband",
        "_lock",
        "_loop",
        "_malformed",
        "_opened_at",
        "_reception",
        "_rtcp",
        "_sink",
        "_stream",
        "_timeline",
        "_wanted",
        "_watch",
        "_wires",
        "closed",
        "fed_by",
        "format",
        "last_received",
        "on_key",
        "out",
        "pair",
        "port",
    )

    def __init__(self, around: Surroundings, pair: PortPair, stream: Stream, phase: Phase) -> None:
        self.port = pair.port
        self.on_key: Callable[[str, int], None] | None = None
        self.pair = pair
        self._around = around
        self._loop = around.loop
        self._wires = Wires(pair)
        self._stream = stream
        self.out = RtpOut(pair, stream, phase)
        self._rtcp: RtcpLink | None = None
        self._lock = SourceLock()
        self._ear = KeyEar()
        self._reception = Reception()
        self.format = Format()
        self._feed: Feed | None = None
        self.fed_by: Feed | None = None
        self._wanted: tuple[int | None, ...] = ()
        self._can_receive = self._inband = self._echoing = False
        self._deaf = self.closed = False
        self._sink: Sink | None = None
        self._timeline = Timeline()
        self._malformed = self._errors = 0
        self.last_received = self._opened_at = self._loop.time()
        self._watch = Watch(self._loop, phase.ears, pair.rtp, self._readable)

    def connect(
        self,
        remote: Address | None,
        *,
        law: Law,
        payload_type: int,
        event_payload_type: int | None,
        detect_inband: bool,
        can_send: bool = True,
        can_receive: bool = True,
        learn_from: str | None = None,
        keys: Keys | None = None,
    ) -> None:
        """Use what offer and answer settled; call it again after each re-INVITE.

        `remote` is the peer's RTP address, `None` while it has none (`c=0.0.0.0`). `learn_from` is
        the host the peer's SIP comes from: a phone behind a NAT is heard from there or from
        the SDP's host only; without it from any host that passes probation. With `keys` it is SRTP.

        Raises:
            ValueError: `remote` is no IP address and port; nothing was changed.
        """
        if remote is not None:
            remote = self.pair.reaches(remote)
        learn_from = normal(learn_from) if learn_from is not None else None
        self.format, self._inband = Format(law, payload_type, event_payload_type), detect_inband
        self._wanted = (payload_type, event_payload_type, COMFORT_NOISE)
        self._can_receive = can_receive
        self._stream.tune(law, payload_type, event_payload_type)
        if self._wires.use(keys):
            self._rewire()
        if self._lock.expect(remote, learn_from):
            if self.out.remote is not None:  # before the first, there is nothing to let go
                self._release()
            self._send_to(remote)
        self.out.allow(can_send and remote is not None)
        self._tune_feeds()
        self._tune_filter()

    def relay_to(self, other: "MediaLeg | None") -> None:
        """Let `other` say at once what is heard here, in place of whom it was fed by; None ends it.

        What `other` plays, its keys and its echo go before; while the peer here is quiet it says
        silence. Events become its own, and are left out where it negotiated none.
        """
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.end(self._loop.time())
        if other is not None and not (self.closed or other.closed):
            self._feed = Feed(self, self._reception, other)
        if not self.closed:
            self.pair.keep(RELAYED_BUFFER if self._feed else RECEIVE_BUFFER)
            self._tune_feeds()
            self._tune_filter()

    def play(self, ulaw: bytes, done: Done | None = None, *, loop: bool = False) -> None:
        """Play µ-law audio from the next slot on, in place of what plays now.

        `done(True)` comes when all was sent, `done(False)` when it was stopped or replaced, or
        when the leg closed; never before `play` has returned.
        """
        self._speak()
        self._stream.play(ulaw, self._soon(done), loop=loop)

    def stop(self) -> None:
        """Send no further packet of what plays; silence goes on."""
        self._stream.stop()

    def send_keys(
        self, keys: str, done: Done | None = None, duration_ms: int = 100, gap_ms: int = 60
    ) -> None:
        """Press keys: as RFC 4733 events when negotiated, as tones otherwise.

        Raises:
            ValueError: a character that is no key.
        """
        self._speak()
        self._stream.send_keys(keys, self._soon(done), duration_ms=duration_ms, gap_ms=gap_ms)

    def echo(self, on: bool) -> None:
        """Send back what is heard, while nothing plays."""
        self._speak()
        self._echoing = on
        self._stream.echo(on)
        self._tune_filter()

    def record(self, sink: Sink | None) -> None:
        """Hand what is heard to `sink`: samples since the recording's first packet, and µ-law.

        Packets come as they arrive, also late or twice: `ivr.media.recorder` puts them in order.
        """
        self._sink = sink
        self._timeline = Timeline()
        self._tune_filter()

    def facts(self) -> MediaFacts:
        """Count what was sent and heard so far."""
        return MediaFacts(
            sent=self.out.sent,
            unsent=self.out.unsent,
            received=self._reception.received,
            lost=self._reception.lost,
            jitter_ms=self._reception.jitter_ms,
            foreign=self._lock.foreign,
            malformed=self._malformed,
            refused=self._errors + self.out.refused,
            excess=self._feed.relay.excess if self._feed else 0,
            sampled=self._reception.sampled,
            locked=self._lock.locked,
            remote=self._rtcp.remote if self._rtcp else None,
        )

    def close(self) -> None:
        """Stop everything and give the ports back; again is no error."""
        if self.closed:
            return
        self.closed = True
        for feed in (self._feed, self.fed_by):
            if feed is not None:
                feed.stop()
        self.on_key = self._sink = None
        self.out.close()
        self._watch.forget()
        if self._rtcp is not None:
            self._rtcp.close()
        self._around.forget(self)

    def sweep(self, now: float) -> None:
        """Open the ears when the peer fell silent, and do what only a longer call needs."""
        if self._feed is not None:
            self._tend(self._feed, now)
        if self._watch.stirred():
            self._lock.alive(now)
            self.last_received = now
        if self._lock.silent(now):
            self._release()
        if now - self._opened_at < SETTLED_S:
            return
        if self._deaf and self._watch.event is None:
            self._relax()
        if self._rtcp is None:
            self._rtcp = RtcpLink(self._loop, self._wires.rtcp, self._stream.ssrc)
            self._rtcp.aim(self.out.remote)
        elif self._rtcp.due(now):
            sent = self.out.sent
            by = self.fed_by
            timestamp = by.relay.timestamp(now) if by else self._stream.timestamp
            totals = Sent(now, timestamp, sent, sent * FRAME_SAMPLES)
            self._rtcp.report(now, totals, self._reception)

    def key_heard(self, key: str, timestamp: int) -> None:
        """Report a key press that was detected elsewhere."""
        if self.on_key is not None and self._can_receive:
            self.on_key(key, timestamp)

    def _speak(self) -> None:
        """Say from now on what this leg has to say, and no more what it is fed."""
        if self.fed_by is not None:
            self.fed_by.rest(self._loop.time())

    def _tune_feeds(self) -> None:
        now = self._loop.time()
        if self._feed is not None:
            self._feed.tune(now, audible=self._can_receive)
        if self.fed_by is not None:
            self.fed_by.tune(now)

    def _tend(self, feed: Feed, now: float) -> None:
        heard_at = feed.relay.heard_at
        if heard_at > self.last_received:
            self.last_received = heard_at
            self._lock.heard(*self._reception.newest, heard_at)
        feed.tend(now)

    def _soon(self, done: Done | None) -> Done | None:
        if done is None:
            return None
        return lambda whole: self._loop.call_soon(done, whole)

    def _rewire(self) -> None:
        self.out.through(self._wires.rtp)
        if self._rtcp is not None:
            self._rtcp.through(self._wires.rtcp)

    def _readable(self) -> bool:
        """Take one datagram, if there is one.

        The loop comes back for the next: asking for more costs an error.
        """
        if self.closed:
            return False
        try:
            if self.out.connected:
                datagram, source = self._wires.rtp.recv(DATAGRAM), None
            else:
                datagram, source = self._wires.rtp.recvfrom(DATAGRAM)
        except OSError as error:
            self._failed(error)
            return False
        self._take(datagram, source)
        if source is not None and self.out.connected:
            for early in self._wires.waiting(DATAGRAM):
                self._take(*early)
        return True

    def _failed(self, error: OSError) -> None:
        if not isinstance(error, BlockingIOError):
            self._errors += 1
        self._watch.anew()

    def _take(self, datagram: bytes, source: tuple[str, int] | None = None) -> None:
        packet = parse(datagram)
        if packet is None or packet.payload_type not in self._wanted:
            self._malformed += 1
            return
        now = self._loop.time()
        if source is None:
            self._lock.heard(packet.ssrc, packet.sequence, now)
        elif not self._admit(source, packet, now):
            return
        self.last_received = now
        ahead = self._reception.note(packet, now)
        if self._can_receive:
            if self._feed is not None:
                self._feed.carry(packet, ahead, now)
            self._hear(packet)

    def _hear(self, packet: Packet) -> None:
        if packet.payload_type == self.format.event_payload_type:
            key = self._ear.hear(packet)
            if key is not None and self.on_key is not None:
                self.on_key(key, packet.timestamp)
        elif packet.payload_type == self.format.payload_type:
            self._hear_audio(packet)

    def _hear_audio(self, packet: Packet) -> None:
        if self._echoing:
            self._stream.hear(packet.payload)
        if self._inband or self._sink is not None:
            ulaw = from_wire(packet.payload, self.format.law)
            if self._inband:
                self._around.listen_inband(self, ulaw, packet.timestamp)
            if self._sink is not None:
                self._sink(self._timeline.place(packet, self.last_received), ulaw)

    def _admit(self, source: tuple[str, int], packet: Packet, now: float) -> bool:
        address = (normal(source[0]), source[1])
        verdict = self._lock.judge(address, packet.ssrc, packet.sequence, now)
        if verdict is Do.DROP:
            return False
        if verdict is Do.LOCK or (self._lock.named and not self.out.connected):
            self._hold(address)
        return True

    def _hold(self, address: Address) -> None:
        if not self.out.hold(address, alone=self._lock.named):
            self._errors += 1
        if self._rtcp is not None:
            self._rtcp.aim(self.out.remote)
        self._tune_filter()

    def _send_to(self, address: Address | None) -> None:
        self.out.to(address)
        if self._rtcp is not None:
            self._rtcp.aim(self.out.remote)

    def _release(self) -> None:
        """Hear every source again; the lock judges them."""
        if not self.out.release():
            self._errors += 1
        self._watch.anew()
        self._tune_filter()

    def _tune_filter(self) -> None:
        """Settle whether the kernel may drop audio: nobody listens to it, and events are told."""
        event = self.format.event_payload_type
        idle = self.out.connected and not (self._echoing or self._inband or self._sink)
        told = event is not None and self._around.packet_filter
        self._deaf = idle and told and self._feed is None
        if self._feed is not None and idle:
            self._watch.attend(
                self._feed.reader(self._wires.rtp, self._take, self._failed, self._loop.time)
            )
        elif not (self._deaf and self._watch.event == event):
            self._watch.attend()
        if self._watch.event is None:
            self._reception.whole()

    def _relax(self) -> None:
        event = self.format.event_payload_type
        self._deaf = event is not None and self._watch.relax(event)
        if self._deaf:
            self._reception.sample()
