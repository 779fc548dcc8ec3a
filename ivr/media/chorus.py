"""The packets of many streams at once: what goes on evenly is a row of an array.

Inside a prompt or a silence a stream only counts on. A chorus counts for all of them with one
vector addition and cuts their packets from one array, which is half the cost of code that runs
once a stream; packets that lie side by side in memory are most of that. A stream that has more to
say than the next frame (a marker, a key, a prompt's beginning or end, an echo) is odd for that slot
and makes its packet itself.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ivr.media.g711 import FRAME_SAMPLES
from ivr.media.player import Even, Stream
from ivr.media.rtp import MARKER
from ivr.media.songbook import AHEAD, FRAME, Songbook

FEW = 16
"""Below so many streams, arrays cost more than they save: each makes its packets itself."""

_LEAST_ROWS = 16
_PACKET = np.dtype([("counted", ">u4", 2), ("ssrc", ">u4"), ("payload", FRAME)])
_WHOLE = np.dtype(f"V{_PACKET.itemsize}")
_WORD, _TIMESTAMP, _LEFT = range(3)
_STEP = np.array([1, FRAME_SAMPLES, 0xFFFFFFFF], dtype=np.uint32)

Item = TypeVar("Item", bound=np.generic)


class Voice:
    """One stream's place in a chorus; `row` changes when another one leaves.

    `area` is its own in the songbook, once it needed one.
    """

    __slots__ = ("_chorus", "_length", "_skipped", "area", "row", "stream")

    def __init__(self, chorus: "Chorus", stream: Stream, row: int) -> None:
        self.stream, self.row = stream, row
        self._chorus = chorus
        self._length = self._skipped = 0
        self.area: int | None = None

    def begin(self, even: Even) -> None:
        """Go on evenly from the next slot on."""
        self._length, self._skipped = self._chorus.sing(self, even), self._chorus.skipped

    def given(self) -> int:
        """How many packets the even run gave so far."""
        return self._length - self._chorus.left(self.row)

    def skipped(self) -> int:
        """How many slots passed unsent in the even run."""
        return self._chorus.skipped - self._skipped

    def end(self) -> None:
        """Be odd from the next slot on."""
        self._chorus.interrupt(self)


class Chorus:
    """Streams due in the same slot, in rows that `add` and `remove` keep without a gap.

    Choruses that play the same prompts share a songbook. With less than `few` streams none goes on
    evenly.
    """

    def __init__(self, songbook: Songbook | None = None, few: int = FEW) -> None:
        self._songbook, self._few = songbook or Songbook(), few
        self._voices: list[Voice] = []
        self._odd: dict[Voice, None] = {}
        self._slot = 0
        self.skipped = 0
        self._packets = np.zeros(0, _PACKET)
        self._counted = np.zeros((0, 3), np.uint32)
        self._at, self._steps = np.zeros(0, np.intp), np.zeros(0, np.intp)
        self._grow(_LEAST_ROWS)

    def __len__(self) -> int:
        return len(self._voices)

    def add(self, stream: Stream) -> Voice:
        """Take `stream` in, in a new last row."""
        row = len(self._voices)
        if row == len(self._counted):
            self._grow(2 * row)
        voice = Voice(self, stream, row)
        self._voices.append(voice)
        self._take_row(voice)
        return voice

    def remove(self, voice: Voice) -> None:
        """Let `voice` go; the last one takes its row."""
        voice.stream.settle()
        last = self._voices[-1]
        last.stream.settle()
        self._voices[voice.row] = last
        self._voices.pop()
        del self._odd[voice]
        if voice.area is not None:
            self._songbook.give_back(voice.area)
        if last is not voice:
            last.row = voice.row
            self._take_row(last)

    def packets(self, skipped: int = 0) -> list[bytes]:
        """This slot's packet of every stream, by row, after `skipped` slots that passed unsent."""
        self._slot += 1
        if len(self._odd) < len(self._voices):
            packets = self._even_packets(skipped)
        else:
            packets = [b""] * len(self._voices)
            self._skip_odd(skipped)
        for voice in list(self._odd):
            packets[voice.row] = voice.stream.packet()
            self._renew(voice)
        return packets

    def sing(self, voice: Voice, even: Even) -> int:
        """Give the voice's row its numbers and frames; answer for how many slots they are.

        Rows that sing from their areas need new frames in different slots, so that no slot has all
        of them to fill.
        """
        row, slots, book = voice.row, even.slots, self._songbook
        at = book.place(even.ulaw, even.law, begins=even.at <= FRAME_SAMPLES)
        if at is not None:
            at += even.at // FRAME_SAMPLES
        else:
            if voice.area is None:
                voice.area = book.area()
            at, slots = voice.area, min(slots, AHEAD - (self._slot + row) % AHEAD)
            book.write(at, even.ulaw[even.at : even.at + slots * FRAME_SAMPLES], even.law)
        self._counted[row] = even.word, even.timestamp, slots
        self._at[row], self._steps[row] = at, not even.repeats
        return slots

    def left(self, row: int) -> int:
        """How many packets the row's run has yet to give."""
        return self._counted.item(row, _LEFT)

    def interrupt(self, voice: Voice) -> None:
        """Ask the stream itself for its next packet; what the row counts on to is not used."""
        self._odd[voice] = None

    def _even_packets(self, skipped: int) -> list[bytes]:
        """The packets of all rows; those of odd streams are still theirs to make."""
        rows = len(self._voices)
        counted, at = self._counted[:rows], self._at[:rows]
        ended = [self._voices[row] for row in np.flatnonzero(counted[:, _LEFT] == 0).tolist()]
        if skipped:
            for voice in ended:
                voice.stream.settle()
            self._skip_odd(skipped)
            counted[:, _TIMESTAMP] += np.uint32(skipped * FRAME_SAMPLES)
            self.skipped += skipped
        for voice in ended:
            self._renew(voice)
        self._headers[:rows] = counted[:, :_LEFT]
        if skipped:
            self._headers[:rows, _WORD] |= MARKER << 16
        self._payloads[:rows] = self._songbook.frames(at)
        counted += _STEP
        at += self._steps[:rows]
        packets: list[bytes] = self._whole[:rows].tolist()
        return packets

    def _skip_odd(self, slots: int) -> None:
        if slots:
            for voice in self._odd:
                voice.stream.skip(slots)

    def _renew(self, voice: Voice) -> None:
        """Begin the stream's next even run, if it has one."""
        voice.stream.settle()
        if len(self._voices) >= self._few and voice.stream.go_evenly(voice):
            del self._odd[voice]

    def _take_row(self, voice: Voice) -> None:
        self._odd[voice] = None
        self._ssrcs[voice.row] = voice.stream.ssrc

    def _grow(self, rows: int) -> None:
        """Make room; `rows` is more than there are."""
        self._packets = _lengthened(self._packets, rows)
        self._counted = _lengthened(self._counted, rows)
        self._at, self._steps = _lengthened(self._at, rows), _lengthened(self._steps, rows)
        self._headers, self._ssrcs = self._packets["counted"], self._packets["ssrc"]
        self._payloads, self._whole = self._packets["payload"], self._packets.view(_WHOLE)


def _lengthened(array: npt.NDArray[Item], rows: int) -> npt.NDArray[Item]:
    longer = np.zeros((rows, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
