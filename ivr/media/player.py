"""What one leg sends: every 20 ms one packet, whatever there is to say.

Sequence numbers and timestamps run on without a seam through prompts, silence, echo and keys
(RFC 3550 §5.1); the marker bit opens each talk-spurt (RFC 3551 §4.1).
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from ivr.media.dtmf import EventSlot, event_slots
from ivr.media.g711 import FRAME_SAMPLES, SILENCE_FRAME, Law, to_wire
from ivr.media.rtp import HEADER, MARKER, SEQUENCES, VERSION
from ivr.media.tones import key_tone

Done = Callable[[bool], object]

_ECHO_AHEAD = 2
_ECHO_LIMIT = 10
_SILENCE: dict[Law, bytes] = {"PCMU": SILENCE_FRAME, "PCMA": to_wire(SILENCE_FRAME, "PCMA")}


class Even(NamedTuple):
    """What a stream sends in the next `slots` slots, with nothing to decide between them.

    `word` is the first packet's first 32 bits; it counts up with the sequence number, which does
    not wrap within the run. The frames begin at `ulaw[at]`; when it `repeats`, that one is all.
    """

    word: int
    timestamp: int
    slots: int
    ulaw: bytes
    at: int
    law: Law
    repeats: bool


class Run(Protocol):
    """Who makes a stream's packets while it goes on evenly."""

    def begin(self, even: Even) -> None: ...
    def given(self) -> int: ...
    def skipped(self) -> int: ...
    def end(self) -> None: ...


def key_frames(keys: str, duration_ms: int, gap_ms: int) -> Iterator[bytes]:
    """Keys as in-band tones, in µ-law frames (ITU-T Q.23).

    Raises:
        ValueError: a character that is no key.
    """
    return iter(frames(b"".join(key_tone(key, duration_ms, gap_ms) for key in keys)))


def frames(ulaw: bytes) -> list[bytes]:
    """Cut `ulaw` into 160-octet frames, the last one filled with silence."""
    whole = ulaw + SILENCE_FRAME[: -len(ulaw) % FRAME_SAMPLES]
    return [whole[at : at + FRAME_SAMPLES] for at in range(0, len(whole), FRAME_SAMPLES)]


class Stream:
    """The RTP stream a leg sends (RFC 3550 §5.1).

    `ssrc`, `sequence` and `timestamp` are the random beginnings the RFC asks for. `done` callables
    are told `True` when all was sent and `False` when it was cut short; they must not raise.
    `packet` makes the packet of a 20 ms slot; `go_evenly` leaves the next ones to a faster hand.
    """

    __slots__ = (
        "_at",
        "_audio",
        "_done",
        "_echo",
        "_echo_flows",
        "_echo_rest",
        "_event_timestamp",
        "_first",
        "_keys",
        "_keys_done",
        "_law",
        "_loop",
        "_made",
        "_mark",
        "_run",
        "_timestamp",
        "event_payload_type",
        "payload_type",
        "ssrc",
    )

    def __init__(self, ssrc: int, sequence: int, timestamp: int) -> None:
        self.ssrc, self._first, self._timestamp = ssrc, sequence, timestamp
        self._made = 0
        self.payload_type = 0
        self.event_payload_type: int | None = None
        self._law: Law = "PCMU"
        self._audio, self._at, self._loop = b"", 0, False
        self._done: Done | None = None
        self._keys: Iterator[EventSlot | bytes | None] | None = None
        self._keys_done: Done | None = None
        self._event_timestamp = 0
        self._echo: deque[bytes] | None = None
        self._echo_rest = b""
        self._echo_flows = False
        self._mark = MARKER
        self._run: Run | None = None

    @property
    def made(self) -> int:
        """How many packets were made, here or by the run."""
        return self._made + (self._run.given() if self._run else 0)

    @property
    def timestamp(self) -> int:
        """The RTP timestamp of the next slot."""
        slots = self._run.given() + self._run.skipped() if self._run else 0
        return (self._timestamp + slots * FRAME_SAMPLES) & 0xFFFFFFFF

    @property
    def playing(self) -> bool:
        """Whether a prompt is under way."""
        return bool(self._audio)

    def tune(self, law: Law, payload_type: int, event_payload_type: int | None) -> None:
        """Use what was negotiated; what plays goes on in the new law."""
        self.settle()
        if law != self._law:
            self._law = law
            self._clear_echo()
        self.payload_type, self.event_payload_type = payload_type, event_payload_type

    def play(self, ulaw: bytes, done: Done | None = None, *, loop: bool = False) -> None:
        """Play from the next packet on, in place of what plays now."""
        self.stop()
        self._audio, self._at, self._loop, self._done = ulaw, 0, loop and bool(ulaw), done
        self._mark = MARKER
        if not ulaw:
            self._finish(True)

    def stop(self) -> None:
        """Send silence from the next packet on."""
        self._finish(False)

    def send_keys(
        self, keys: str, done: Done | None = None, *, duration_ms: int, gap_ms: int
    ) -> None:
        """Send keys in place of audio: as events when negotiated, else as tones.

        Raises:
            ValueError: a character that is no key.
        """
        slots: Iterator[EventSlot | bytes | None]
        if self.event_payload_type is None:
            slots = key_frames(keys, duration_ms, gap_ms)
        else:
            slots = event_slots(keys, duration_ms, gap_ms)
        self.settle()
        self._finish_keys(False)
        self._keys, self._keys_done = slots, done

    def echo(self, on: bool) -> None:
        """Send back what `hear` is given, while nothing plays."""
        self.settle()
        self._echo = deque(maxlen=_ECHO_LIMIT) if on else None
        self._echo_rest = b""

    def hear(self, payload: bytes) -> None:
        """Take a received payload, in the leg's law, to echo."""
        if self._echo is None:
            return
        if len(payload) != FRAME_SAMPLES or self._echo_rest:
            payload = self._echo_rest + payload
        whole = len(payload) - len(payload) % FRAME_SAMPLES
        for at in range(0, whole, FRAME_SAMPLES):
            self._echo.append(payload[at : at + FRAME_SAMPLES])
        self._echo_rest = payload[whole:]

    def close(self) -> None:
        """Cut short whatever is under way."""
        self._finish(False)
        self._finish_keys(False)
        self._echo = None

    @property
    def busy(self) -> bool:
        """Whether there is more to say than silence."""
        return bool(self._audio) or self._keys is not None or self._echo is not None

    def lend(self) -> tuple[int, int]:
        """Leave the next packets to another hand: their sequence number and timestamp."""
        self.settle()
        return self._sequence(), self._timestamp & 0xFFFFFFFF

    def resume(self, sequence: int, timestamp: int) -> None:
        """Go on with these numbers after others' packets were sent under ours."""
        self.settle()
        self._first, self._timestamp = sequence - self._made, timestamp
        self._mark = MARKER

    def skip(self, slots: int) -> None:
        """Let `slots` frames pass unsent: the timestamp keeps the time (RFC 3550 §5.1)."""
        self.settle()
        self._timestamp += slots * FRAME_SAMPLES
        self._mark = MARKER

    def packet(self) -> bytes:
        """Make the packet of this slot, whatever it is: of a key, a prompt's beginning or end."""
        self.settle()
        if self._keys is not None:
            slot = next(self._keys, b"")
            if slot == b"":
                self._finish_keys(True)
            elif isinstance(slot, EventSlot):
                return self._event_packet(slot)
            elif slot:
                return self._audio_packet(to_wire(slot, self._law))
        at = self._at
        frame = self._audio[at : at + FRAME_SAMPLES]
        if frame:
            self._at = at + FRAME_SAMPLES
            return self._audio_packet(self._wire(frame))
        return self._audio_packet(self._between())

    def go_evenly(self, run: Run) -> bool:
        """Leave the next slots to `run` if nothing is odd about them.

        Whatever changes the stream ends the run first.
        """
        self.settle()
        even = self._even()
        if even is None:
            return False
        self._run = run
        run.begin(even)
        return True

    def settle(self) -> None:
        """End the run, if one is under way: note how many packets it gave."""
        if self._run is not None:
            run, self._run = self._run, None
            slots = run.given()
            self._timestamp += run.skipped() * FRAME_SAMPLES
            run.end()
            self._advance(slots)
            if self._audio:
                self._at += slots * FRAME_SAMPLES

    def _even(self) -> Even | None:
        if self._mark or self._keys is not None:
            return None
        sequence = self._sequence()
        until_wrap = SEQUENCES - sequence
        word = (VERSION << 8 | self.payload_type) << 16 | sequence
        timestamp = self._timestamp & 0xFFFFFFFF
        if not self._audio:
            if self._echo is not None:
                return None
            return Even(word, timestamp, until_wrap, SILENCE_FRAME, 0, self._law, True)
        if self._loop and self._at >= len(self._audio):
            self._at = 0
        slots = min(until_wrap, (len(self._audio) - self._at) // FRAME_SAMPLES)
        if slots <= 0:
            return None
        return Even(word, timestamp, slots, self._audio, self._at, self._law, False)

    def _advance(self, slots: int) -> None:
        self._made += slots
        self._timestamp += slots * FRAME_SAMPLES

    def _sequence(self) -> int:
        return (self._first + self._made) & 0xFFFF

    def _audio_packet(self, frame: bytes) -> bytes:
        head = self._head(self.payload_type | self._mark, self._timestamp)
        self._advance(1)
        self._mark = 0
        return head + frame

    def _event_packet(self, slot: EventSlot) -> bytes:
        if slot.start:
            self._event_timestamp = self._timestamp
        second = (self.event_payload_type or 0) | (MARKER if slot.start else 0)
        head = self._head(second, self._event_timestamp)
        self._advance(1)
        self._mark = MARKER
        return head + slot.payload

    def _head(self, second: int, timestamp: int) -> bytes:
        return HEADER.pack(VERSION, second, self._sequence(), timestamp & 0xFFFFFFFF, self.ssrc)

    def _between(self) -> bytes:
        """The frame after a prompt's last: its beginning when it loops, an echo, or silence."""
        if self._audio and not self._loop:
            self._finish(True)
        if self._audio:
            self._at = FRAME_SAMPLES
            return self._wire(self._audio[:FRAME_SAMPLES])
        return self._echoed() if self._echo is not None else self._silence()

    def _echoed(self) -> bytes:
        """The oldest echo frame, once enough are there to ride out jitter."""
        if not self._echo:
            self._echo_flows = False
            return self._silence()
        if not self._echo_flows:
            if len(self._echo) < _ECHO_AHEAD:
                return self._silence()
            self._echo_flows, self._mark = True, MARKER
        return self._echo.popleft()

    def _silence(self) -> bytes:
        return _SILENCE[self._law]

    def _wire(self, ulaw: bytes) -> bytes:
        """A frame as it travels; a prompt's last one is filled with silence."""
        return to_wire(ulaw + SILENCE_FRAME[len(ulaw) :], self._law)

    def _clear_echo(self) -> None:
        if self._echo is not None:
            self._echo.clear()
            self._echo_rest = b""

    def _finish(self, played: bool) -> None:
        self.settle()
        done, self._done = self._done, None
        self._audio, self._at, self._loop = b"", 0, False
        if done is not None:
            done(played)

    def _finish_keys(self, sent: bool) -> None:
        done, self._keys_done = self._keys_done, None
        self._keys = None
        if done is not None:
            done(sent)
