"""The frames that choruses sing from: what many calls play is there once, ready for the wire."""

import numpy as np
import numpy.typing as npt

from ivr.media.g711 import FRAME_SAMPLES, SILENCE_FRAME, Law, to_wire

AHEAD = 32
"""Frames of an area: what is copied at once of sound that one call plays alone."""

MOST_SHARED = 1 << 15
"""Frames that are kept for good, 655 s of sound in 5 MB; what comes later is copied by areas."""

LONGEST_SHARED = 1500
"""Frames of the longest sound worth sharing: 30 s; a longer one is a message, not a prompt."""

_REMEMBERED = 32
_LEAST_FRAMES = 1 << 10

FRAME = np.dtype(f"V{FRAME_SAMPLES}")


class Songbook:
    """Frames by index: shared sounds, whole and for good, and areas that voices write to in turn.

    A sound is shared from its second beginning on. It is known by being the same object: prompts
    are loaded once, and what is composed for one call is heard once.
    """

    def __init__(self) -> None:
        self._frames = np.zeros(_LEAST_FRAMES, FRAME)
        self._octets = self._frames.view(np.uint8).data
        self._used = self._shared = 0
        self._areas: list[int] = []
        self._songs: dict[tuple[int, Law], tuple[bytes, int]] = {}
        self._begun_once: dict[tuple[int, Law], bytes] = {}
        for law in ("PCMU", "PCMA"):
            self._share(SILENCE_FRAME, law)

    def frames(self, at: npt.NDArray[np.intp]) -> npt.NDArray[np.void]:
        """The frames at these places, in a new array."""
        return self._frames.take(at, mode="clip")

    def place(self, ulaw: bytes, law: Law, *, begins: bool) -> int | None:
        """Where all of `ulaw` is, in `law`; None when it is not shared.

        `begins` says that somebody begins to play it, and does not go on.
        """
        known = self._songs.get((id(ulaw), law))
        if known is not None:
            return known[1]
        if not begins or len(ulaw) > LONGEST_SHARED * FRAME_SAMPLES:
            return None
        return self._begin(ulaw, law)

    def area(self) -> int:
        """Lend `AHEAD` frames; answer where they begin."""
        return self._areas.pop() if self._areas else self._reserve(AHEAD)

    def give_back(self, area: int) -> None:
        """Take an area back."""
        self._areas.append(area)

    def write(self, at: int, ulaw: bytes, law: Law) -> None:
        """Put whole frames there, and beyond."""
        start = at * FRAME_SAMPLES
        self._octets[start : start + len(ulaw)] = to_wire(ulaw, law)

    def _begin(self, ulaw: bytes, law: Law) -> int | None:
        key = id(ulaw), law
        if key in self._begun_once:
            del self._begun_once[key]
            if self._shared + len(ulaw) // FRAME_SAMPLES <= MOST_SHARED:
                return self._share(ulaw, law)
            return None
        if len(self._begun_once) == _REMEMBERED:
            del self._begun_once[next(iter(self._begun_once))]
        self._begun_once[key] = ulaw  # keeps the object, so that its id is no other one's
        return None

    def _share(self, ulaw: bytes, law: Law) -> int:
        count = len(ulaw) // FRAME_SAMPLES
        at = self._reserve(count)
        self._shared += count
        self.write(at, ulaw[: count * FRAME_SAMPLES], law)
        self._songs[id(ulaw), law] = ulaw, at
        return at

    def _reserve(self, count: int) -> int:
        at, self._used = self._used, self._used + count
        if self._used > len(self._frames):
            longer = np.zeros(max(2 * len(self._frames), self._used), FRAME)
            longer[:at] = self._frames[:at]
            self._frames, self._octets = longer, longer.view(np.uint8).data
        return at
