"""The sound of one call where a phone has none of its own: RTP by a thread, in PCMU (RFC 3551).

It speaks a tone, sends keys as RFC 4733 events, and keeps what is heard.
"""

import math
import secrets
import socket
import threading
import time
from collections import deque
from typing import NamedTuple

from lab.scenarios.phones.closing import Closing
from lab.scenarios.phones.errors import PhoneError, TooLate
from lab.scenarios.phones.sounds import RATE_HZ, wav

_FRAME = 160
_FRAME_S = _FRAME / RATE_HZ
_PCMU = 0
_HEADER = 12
_LEVEL = 8192
_LATE_S = 0.2
"""So far behind, frames are left out instead of sent all at once."""
_GAP = 10 * RATE_HZ
"""A longer gap in the timestamps is no loss, but another stream."""
_MOST_BYTES = 2048

KEYS = "0123456789*#ABCD"
"""Each key's place is its event (RFC 4733 §3.2)."""
_KEY_FRAMES, _KEY_ENDS, _PAUSE_FRAMES = 5, 3, 5
_VOLUME, _END = 10, 0x80
_SENT_WITHIN_S = 10.0


def ulaw(sample: int) -> int:
    """The code of a 16-bit sample (ITU-T G.711)."""
    biased = min(abs(sample), 32635) + 132
    exponent = biased.bit_length() - 8
    sign = 0x80 if sample < 0 else 0
    return ~(sign | exponent << 4 | biased >> exponent + 3 & 15) & 0xFF


def linear(code: int) -> int:
    """The 16-bit sample of a code."""
    magnitude = (((~code & 15) << 3) + 132 << (~code >> 4 & 7)) - 132
    return -magnitude if ~code & 0x80 else magnitude


_LINEAR = tuple(linear(code).to_bytes(2, "little", signed=True) for code in range(256))


class _Key(NamedTuple):
    """One packet of an event; `duration` in samples, 0 for a frame of the pause after it."""

    event: int
    duration: int
    ends: bool


class RtpVoice(Closing):
    """A port, what is heard there, and what is said from there once the far end is known."""

    def __init__(self, host: str, hertz: int) -> None:
        turn = 2 * math.pi * hertz / RATE_HZ
        self._tone = bytes(ulaw(round(_LEVEL * math.sin(turn * at))) for at in range(RATE_HZ))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._far: tuple[str, int] | None = None
        self._event: int | None = None
        self._pcm = bytearray()
        self._heard: tuple[int, int] | None = None  # the stream, and its next timestamp
        self._stream, self._number = secrets.randbits(32), secrets.randbits(16)
        self._now, self._key_began = secrets.randbits(32), 0
        self._keys: deque[_Key] = deque()
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def towards(self, far: tuple[str, int], event: int | None) -> None:
        """Speak to there; `event`: the payload type of RFC 4733 events, where they are wanted."""
        self._far, self._event = far, event

    def press(self, keys: str) -> None:
        """Send keys; returns once they are sent.

        Raises:
            PhoneError: the far end takes none, or one is no key.
        """
        if self._far is None or self._event is None:
            raise PhoneError("the other end takes no keys (no telephone-event in its SDP)")
        if not set(keys.upper()) <= set(KEYS):
            raise PhoneError(f"{keys!r}: a phone has the keys {KEYS}")
        self._keys.extend(packet for key in keys.upper() for packet in _packets(KEYS.index(key)))
        deadline = time.monotonic() + _SENT_WITHIN_S + len(keys)
        while self._keys and time.monotonic() < deadline and self._thread.is_alive():
            self._leaving.wait(_FRAME_S)
        if self._keys:
            raise TooLate(f"the keys {keys} were not sent")

    def wav(self) -> bytes:
        """What was heard so far, as a WAV file."""
        return wav(bytes(self._pcm))

    def close(self) -> None:
        """Be silent, and hear no more; what was heard stays."""
        self._leaving.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._leaving.is_set():
            self._listen(due)
            self._speak()
            due = max(due + _FRAME_S, time.monotonic() - _LATE_S)

    def _listen(self, until: float) -> None:
        while True:
            self._socket.settimeout(max(0.0, until - time.monotonic()))
            try:
                packet = self._socket.recv(_MOST_BYTES)
            except OSError:  # nothing more came; or the far end's host told that it is gone
                if time.monotonic() >= until:
                    return
            else:
                self._hear(packet)

    def _hear(self, packet: bytes) -> None:
        if len(packet) < _HEADER or packet[0] >> 6 != 2 or packet[1] & 0x7F != _PCMU:
            return
        stamp, stream = (int.from_bytes(packet[at : at + 4], "big") for at in (4, 8))
        sound = packet[_HEADER + 4 * (packet[0] & 15) :]
        if self._heard is not None and self._heard[0] == stream:
            missing = _signed(stamp - self._heard[1])
            if -_GAP < missing < 0:  # too late: what comes after it is written
                return
            if missing < _GAP:
                self._pcm += bytes(2 * max(0, missing))
        self._pcm += b"".join(map(_LINEAR.__getitem__, sound))
        self._heard = stream, stamp + len(sound)

    def _speak(self) -> None:
        self._now += _FRAME
        if self._far is None:
            return
        key = self._keys[0] if self._keys else None
        if key is not None and key.duration:
            first = key.duration == _FRAME
            self._key_began = self._now if first else self._key_began
            told = bytes((key.event, _VOLUME | (_END if key.ends else 0)))
            self._send(self._event or 0, first, self._key_began, told + _big(key.duration, 2))
        else:
            at = self._now % len(self._tone)
            self._send(_PCMU, False, self._now, self._twice(at))
        if key is not None:
            self._keys.popleft()

    def _twice(self, at: int) -> bytes:
        """A frame of the tone, which begins anew at its end."""
        frame = self._tone[at : at + _FRAME]
        return frame + self._tone[: _FRAME - len(frame)]

    def _send(self, kind: int, marked: bool, stamp: int, payload: bytes) -> None:
        self._number += 1
        head = bytes((0x80, kind | (0x80 if marked else 0))) + _big(self._number, 2)
        try:
            assert self._far is not None
            self._socket.sendto(head + _big(stamp, 4) + _big(self._stream, 4) + payload, self._far)
        except OSError:
            return  # lost, as any packet may be


def _packets(event: int) -> list[_Key]:
    """The packets of a key, the last one thrice (RFC 4733 §2.5.1.4), and a pause."""
    rising = [_Key(event, _FRAME * (at + 1), False) for at in range(_KEY_FRAMES)]
    ends = [_Key(event, _FRAME * (_KEY_FRAMES + 1), True)] * _KEY_ENDS
    return [*rising, *ends, *[_Key(event, 0, False)] * _PAUSE_FRAMES]


def _big(value: int, width: int) -> bytes:
    return (value % (1 << 8 * width)).to_bytes(width, "big")


def _signed(difference: int) -> int:
    """A difference of 32-bit timestamps."""
    return (difference + (1 << 31)) % (1 << 32) - (1 << 31)
