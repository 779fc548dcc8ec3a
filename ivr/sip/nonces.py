"""Nonces that need no memory until somebody answers one rightly (RFC 7616 §3.3, §5.4).

A nonce carries its issue time under a MAC: keyed BLAKE2s (RFC 7693), in a fifth of the time HMAC
takes. State begins with the first correct response: from then on the nonce's counts are
remembered against replay.
"""

import hmac
from collections import OrderedDict
from enum import Enum, auto
from hashlib import blake2s

_LIFE_S = 300.0
_MOST_REMEMBERED = 100_000
_COUNT_WINDOW = 64
_WINDOW_MASK = (1 << _COUNT_WINDOW) - 1
_SPENT_FOR_GOOD = (1 << 40, -1)
_MAC_OCTETS = 18


class Freshness(Enum):
    """What a nonce is to the server that sees it again."""

    FRESH = auto()
    STALE = auto()
    FORGED = auto()


class Nonces:
    """Makes and recognises nonces; remembers which counts of a nonce were used.

    `now` is in seconds of a clock that never runs backwards.

    Args:
        key: secret octets, 32 at most, the same on every node that shall accept a nonce.
        life_s: how long a nonce is fresh.
        most: how many used nonces are remembered; the oldest go first, and every nonce issued
            before a forgotten one is stale from then on, so that forgetting allows no replay.
    """

    def __init__(self, key: bytes, life_s: float = _LIFE_S, most: int = _MOST_REMEMBERED) -> None:
        self._key = key
        self._life_ms = int(life_s * 1000)
        self._most = most
        # A plain dict would look for its oldest among all that were forgotten before: 15 µs each.
        self._used: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._floor_ms = -1

    def issue(self, now: float, salt: str) -> str:
        """A nonce issued at `now` (seconds); `salt` is fresh randomness, letters and digits."""
        stamp = f"{max(0, int(now * 1000)):x}.{salt}"
        return f"{stamp}.{self._mac(stamp)}"

    def verify(self, nonce: str, now: float) -> Freshness:
        """Whether we issued the nonce, and recently enough."""
        stamp, _, mac = nonce.rpartition(".")
        if not mac.isascii() or not hmac.compare_digest(mac, self._mac(stamp)):
            return Freshness.FORGED
        issued_ms = _issued_ms(stamp)
        age_ms = int(now * 1000) - issued_ms
        fresh = -1000 <= age_ms <= self._life_ms and (
            issued_ms > self._floor_ms or nonce in self._used
        )
        return Freshness.FRESH if fresh else Freshness.STALE

    def spend(self, nonce: str, count: int) -> bool:
        """Use a nonce with its count (`nc`) once; False when that was done before.

        Counts may come out of order within a window, since datagrams do. A count of 0 stands for
        a response without qop: it must be the nonce's first use and is its last.
        """
        highest, seen = self._used.get(nonce, (0, 0))
        if count == 0:
            fine, state = nonce not in self._used, _SPENT_FOR_GOOD
        elif count > highest:
            shifted = seen << min(count - highest, _COUNT_WINDOW)
            fine, state = True, (count, (shifted | 1) & _WINDOW_MASK)
        else:
            bit = highest - count
            fine = bit < _COUNT_WINDOW and not seen >> bit & 1
            state = (highest, seen | 1 << bit) if fine else (highest, seen)
        if fine:
            self._used[nonce] = state
            if len(self._used) > self._most:
                self._forget_oldest()
        return fine

    def _forget_oldest(self) -> None:
        oldest, _ = self._used.popitem(last=False)
        self._floor_ms = max(self._floor_ms, _issued_ms(oldest))

    def _mac(self, stamp: str) -> str:
        text = stamp.encode("utf-8", "surrogateescape")
        return blake2s(text, key=self._key, digest_size=_MAC_OCTETS).hexdigest()


def _issued_ms(nonce: str) -> int:
    return int(nonce.partition(".")[0], 16)
