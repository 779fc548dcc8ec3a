"""Whose packets a leg believes: the source lock against RTP injection.

The address of the SDP locks with its first packet. A phone behind a NAT sends from another one:
that is learned only while nothing came from the SDP address, only from `learn_from` when the
caller names it, and only after a run of consecutive packets of one SSRC. Once locked nothing else
is heard, save that the SDP address takes the lock from a learned source with its first packet: a
stranger who spoke first gains nothing beyond it. When the locked source fell silent for
`SILENCE_S`, the SDP address may take over, or a source that carries the same SSRC on where it
stopped (a NAT that rebound).
"""

from enum import Enum, auto
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from ivr.media.rtp import sequence_distance

Address = tuple[str, int]

SILENCE_S = 1.0
PROBATION_PACKETS = 5
KIN_SEQUENCES = 3000


class State(Enum):
    OPEN = auto()
    LOCKED = auto()
    LOST = auto()


class Input(Enum):
    EXPECTED = auto()
    HELD = auto()
    KIN = auto()
    PROVEN = auto()
    STRANGER = auto()
    SILENCE = auto()


class Do(Enum):
    ACCEPT = auto()
    LOCK = auto()
    DROP = auto()
    RELEASE = auto()


class Step(NamedTuple):
    next: State
    do: Do
    clause: str


S, D = State, Do
TABLE: dict[tuple[State, Input], Step] = {
    (S.OPEN, Input.EXPECTED): Step(S.LOCKED, D.LOCK, "RFC 3264 §5.1: the address of the SDP"),
    (S.OPEN, Input.PROVEN): Step(S.LOCKED, D.LOCK, "RFC 4961: a phone behind a NAT"),
    (S.OPEN, Input.STRANGER): Step(S.OPEN, D.DROP, "on probation"),
    (S.LOCKED, Input.HELD): Step(S.LOCKED, D.ACCEPT, "the locked source"),
    (S.LOCKED, Input.EXPECTED): Step(S.LOCKED, D.LOCK, "the SDP goes before what was learned"),
    (S.LOCKED, Input.KIN): Step(S.LOCKED, D.DROP, "the locked source still speaks"),
    (S.LOCKED, Input.STRANGER): Step(S.LOCKED, D.DROP, "injection"),
    (S.LOCKED, Input.SILENCE): Step(S.LOST, D.RELEASE, "the locked source fell silent"),
    (S.LOST, Input.HELD): Step(S.LOCKED, D.ACCEPT, "the locked source is back"),
    (S.LOST, Input.EXPECTED): Step(S.LOCKED, D.LOCK, "the address of the SDP takes over"),
    (S.LOST, Input.KIN): Step(S.LOCKED, D.LOCK, "the NAT rebound in the call"),
    (S.LOST, Input.STRANGER): Step(S.LOST, D.DROP, "injection"),
}


@lru_cache(maxsize=4096)
def normal(host: str) -> str:
    """One spelling per IP address; an IPv4-mapped one as IPv4.

    Raises:
        ValueError: `host` is no IP address.
    """
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


class SourceLock:
    """Judges each packet's source; `now` is monotonic seconds."""

    __slots__ = (
        "_candidates",
        "_expected",
        "_heard_at",
        "_learn_from",
        "_sequence",
        "_ssrc",
        "foreign",
        "locked",
        "state",
    )

    def __init__(self) -> None:
        self.state = State.OPEN
        self.locked: Address | None = None
        self.foreign = 0
        self._expected: Address | None = None
        self._learn_from: str | None = None
        self._candidates: dict[Address, tuple[int, int, int]] = {}
        self._ssrc = self._sequence = 0
        self._heard_at = 0.0

    def expect(self, expected: Address | None, learn_from: str | None = None) -> bool:
        """Say where the SDP puts the peer; answer whether the lock was opened anew.

        The same address again (a re-INVITE that moves nothing) and `None` (hold) keep the lock.
        """
        self._learn_from = learn_from
        if expected is None or expected == self._expected:
            return False
        self._expected = expected
        self._candidates.clear()
        if self.locked == expected:
            return False
        self.state, self.locked = State.OPEN, None
        return True

    def judge(self, source: Address, ssrc: int, sequence: int, now: float) -> Do:
        """Decide about one valid packet: `ACCEPT`, `LOCK` (accept and hold on) or `DROP`."""
        given = self._classify(source, ssrc, sequence)
        self.state, do, _ = TABLE[self.state, given]
        if do is Do.DROP:
            self.foreign += 1
            return do
        if do is Do.LOCK:
            self.locked = source
            self._candidates.clear()
        self.heard(ssrc, sequence, now)
        return do

    @property
    def named(self) -> bool:
        """Whether the SDP names the locked source: none but it need be heard until it is silent."""
        return self.locked is not None and self.locked == self._expected

    def heard(self, ssrc: int, sequence: int, now: float) -> None:
        """Note a packet of the locked source that the kernel already judged."""
        self._ssrc, self._sequence, self._heard_at = ssrc, sequence, now

    def alive(self, now: float) -> None:
        """Note that the locked source still sends, by packets nobody looked at."""
        self._heard_at = now

    def silent(self, now: float) -> bool:
        """Whether the locked source just fell silent for `SILENCE_S`: others may come forward."""
        if self.state is not State.LOCKED or now - self._heard_at < SILENCE_S:
            return False
        self.state = TABLE[self.state, Input.SILENCE].next
        return True

    def _classify(self, source: Address, ssrc: int, sequence: int) -> Input:
        if source == self.locked:
            return Input.HELD
        if source == self._expected:
            return Input.EXPECTED
        if self.state is not State.OPEN:
            ahead = (sequence - self._sequence) & 0xFFFF
            kin = ssrc == self._ssrc and 0 < ahead < KIN_SEQUENCES
            return Input.KIN if kin and self._may_learn(source) else Input.STRANGER
        return self._try(source, ssrc, sequence)

    def _may_learn(self, source: Address) -> bool:
        hosts = {self._learn_from, self._expected[0] if self._expected else None}
        return self._learn_from is None or source[0] in hosts

    def _try(self, source: Address, ssrc: int, sequence: int) -> Input:
        """Count consecutive packets of a candidate; two candidates at once prove nothing."""
        if self._expected is None or not self._may_learn(source):
            return Input.STRANGER
        run, last_ssrc, last = self._candidates.get(source, (0, ssrc, sequence - 1))
        follows = ssrc == last_ssrc and sequence_distance(sequence, last) == 1
        if len(self._candidates) >= 2 and source not in self._candidates:
            return Input.STRANGER
        self._candidates[source] = (run + 1 if follows else 1, ssrc, sequence)
        alone = len(self._candidates) == 1
        return (
            Input.PROVEN if alone and run + 1 >= PROBATION_PACKETS and follows else Input.STRANGER
        )
