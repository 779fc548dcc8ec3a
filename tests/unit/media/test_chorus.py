"""A chorus gives each stream the packets it would have made alone."""

from collections.abc import Callable
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from ivr.media.chorus import Chorus, Voice
from ivr.media.player import Stream
from ivr.media.rtp import parse
from ivr.media.songbook import AHEAD

SPEECH = bytes(range(1, 251)) * 64 * 2
LOOP = SPEECH[: 160 * 5 + 3]
EVENTS = 101

Tell = Callable[[Stream], object]


class Twins:
    """A stream in a chorus, and one that makes each of its packets with care."""

    def __init__(self, chorus: Chorus, number: int) -> None:
        self.alone, self.sung = (
            Stream(number, 65500 + number, 0xFFFFFF00 * number & 0xFFFFFFFF) for _ in range(2)
        )
        self.voice: Voice = chorus.add(self.sung)
        self.tell(lambda stream: stream.tune("PCMU", 0, EVENTS))

    def tell(self, what: Tell) -> None:
        what(self.alone)
        what(self.sung)


TOLD: list[Tell] = [
    lambda stream: stream.play(SPEECH),
    lambda stream: stream.play(bytes(bytearray(SPEECH))),
    lambda stream: stream.play(LOOP, loop=True),
    lambda stream: stream.play(b"\x22" * 320, lambda _: stream.play(SPEECH[:480])),
    lambda stream: stream.stop(),
    lambda stream: stream.echo(True),
    lambda stream: stream.hear(b"\x11" * 320),
    lambda stream: stream.echo(False),
    lambda stream: stream.skip(3),
    lambda stream: stream.tune("PCMA", 8, EVENTS),
    lambda stream: stream.tune("PCMU", 0, None),
    lambda stream: stream.send_keys("1#", duration_ms=40, gap_ms=60),
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "stall", *TOLD]), st.integers(0, 7), st.integers(1, 90)
    ),
    max_size=40,
)


def sing(chorus: Chorus, twins: list[Twins], skipped: int) -> None:
    packets = chorus.packets(skipped)
    assert len(packets) == len(chorus) == len(twins)
    for pair in twins:
        if skipped:
            pair.alone.skip(skipped)
        assert packets[pair.voice.row] == pair.alone.packet()


@given(STEPS, st.sampled_from([1, 3]))
def test_each_stream_is_sung_as_it_would_sing_alone(
    steps: list[tuple[str | Tell, int, int]], few: int
) -> None:
    chorus, numbers = Chorus(few=few), count(1)
    twins = [Twins(chorus, next(numbers)) for _ in range(4)]
    for what, which, slots in steps:
        if what == "join":
            twins.append(Twins(chorus, next(numbers)))
        elif twins and what == "leave":
            chorus.remove(twins.pop(which % len(twins)).voice)
        elif twins and not isinstance(what, str):
            twins[which % len(twins)].tell(what)
        for slot in range(slots):
            sing(chorus, twins, which if what == "stall" and slot == 0 else 0)
        for pair in twins:
            assert pair.sung.made == pair.alone.made
            assert pair.sung.timestamp == pair.alone.timestamp


def test_more_streams_than_there_were_rows() -> None:
    chorus = Chorus(few=1)
    twins: list[Twins] = []
    for number in range(1, 100):
        twins.append(Twins(chorus, number))
        twins[-1].tell(lambda stream: stream.play(SPEECH))
        packets = chorus.packets()
        assert [packets[pair.voice.row] for pair in twins] == [p.alone.packet() for p in twins]


def test_numbers_wrap_in_a_silence_that_lasts() -> None:
    chorus = Chorus(few=1)
    pair = Twins(chorus, 1)
    for _ in range(200):
        assert chorus.packets() == [pair.alone.packet()]


def test_an_even_stream_is_asked_for_nothing_between_its_runs() -> None:
    chorus, asked = Chorus(few=1), list[int]()

    class Counting(Stream):
        def packet(self) -> bytes:
            asked.append(self.made)
            return super().packet()

    stream = Counting(1, 0, 0)
    chorus.add(stream)
    stream.play(SPEECH)
    frames = len(SPEECH) // 160
    sequences = [parse(chorus.packets()[0]) for _ in range(frames + 2 * AHEAD)]
    assert [packet.sequence for packet in sequences if packet] == list(range(len(sequences)))
    assert asked == [0, frames]


def test_what_went_on_evenly_ends_well_when_few_are_left() -> None:
    chorus = Chorus(few=2)
    pair, other = Twins(chorus, 1), Twins(chorus, 2)
    pair.tell(lambda stream: stream.play(SPEECH))
    sing(chorus, [pair, other], 0)
    chorus.remove(other.voice)
    for _ in range(2 * AHEAD):
        sing(chorus, [pair], 0)
