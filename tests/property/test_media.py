"""Media parsers are total, and what a network may do to media changes nothing it must not."""

from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.media.chorus import Chorus
from ivr.media.dtmf import KEYS, KeyEar, event_slots
from ivr.media.g711 import decode_ulaw, encode_ulaw, from_wire, to_wire
from ivr.media.inband import Detector, detect
from ivr.media.pacer import CATCH_UP_TICKS, PHASES, TICK_S, Wheel
from ivr.media.player import Stream
from ivr.media.recorder import REORDER_SAMPLES, Recorder
from ivr.media.rtcp import parse as parse_rtcp
from ivr.media.rtp import COMFORT_NOISE, Packet, build, parse
from ivr.media.source_lock import Do, SourceLock
from tests.support.relayed import EVENTS, Line

OCTETS = st.binary(max_size=400)
PACKETS = st.builds(
    Packet,
    st.booleans(),
    st.integers(0, 127),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    OCTETS,
)
KEY_TEXT = st.text(KEYS, min_size=1, max_size=12)


@given(OCTETS)
def test_parsing_rtp_never_raises_and_its_result_is_a_fixed_point(octets: bytes) -> None:
    packet = parse(octets)
    if packet is not None:
        assert parse(build(packet)) == packet


@given(PACKETS)
def test_every_packet_survives_the_wire(packet: Packet) -> None:
    assert parse(build(packet)) == packet


@given(st.lists(PACKETS, max_size=40))
def test_hearing_keys_never_raises(packets: list[Packet]) -> None:
    ear = KeyEar()
    assert all((ear.hear(packet) or "0") in KEYS for packet in packets)


def _pressed(keys: str, sequence: int, timestamp: int) -> list[list[Packet]]:
    """The packets of each press as a sender of ours makes them, 200 ms apart."""
    presses: list[list[Packet]] = []
    for slot, event in enumerate(event_slots(keys, 100, 60)):
        if event is None:
            continue
        if event.start:
            presses.append([])
            begun = timestamp + 160 * slot
        number = (sequence + slot) & 0xFFFF
        packet = Packet(event.start, 101, number, begun & 0xFFFFFFFF, 7, event.payload)
        presses[-1].append(packet)
    return presses


@given(
    keys=KEY_TEXT,
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    dice=st.randoms(use_true_random=False),
)
def test_loss_doubles_and_disorder_within_a_press_change_no_key(
    keys: str, sequence: int, timestamp: int, dice: Random
) -> None:
    ear, heard = KeyEar(), ""
    for press in _pressed(keys, sequence, timestamp):
        kept = [dice.choice(press) for _ in range(dice.randint(1, 12))]
        heard += "".join(ear.hear(packet) or "" for packet in kept)
    assert heard == keys


@given(st.binary(max_size=4000), st.integers(1, 400))
@settings(max_examples=50)
def test_the_detector_takes_any_audio_in_any_pieces(audio: bytes, piece: int) -> None:
    detector = Detector()
    for at in range(0, len(audio), piece):
        for index, key in detect([(detector, audio[at : at + piece])]):
            assert index == 0
            assert key in KEYS


@given(st.binary(max_size=400))
def test_a_law_change_there_and_back_is_stable_after_the_first(ulaw: bytes) -> None:
    once = from_wire(to_wire(ulaw, "PCMA"), "PCMA")
    assert from_wire(to_wire(once, "PCMA"), "PCMA") == once
    assert encode_ulaw(decode_ulaw(once)) == once.replace(b"\x7f", b"\xff")


@given(
    order=st.permutations(range(5)),
    doubled=st.lists(st.integers(0, 4), max_size=5),
    lost=st.sets(st.integers(1, 4), max_size=3),
)
def test_a_recording_is_the_call_in_order(
    order: list[int], doubled: list[int], lost: set[int]
) -> None:
    written: list[bytes] = []
    recorder = Recorder(written.append)
    recorder.feed(0, b"\x01" * 160)
    for number in [*order, *doubled]:
        if number not in lost:
            recorder.feed(160 * (number + 1), bytes([number + 2]) * 160)
    recorder.fill(6 * 160)
    wanted = [b"\xff" if n in lost else bytes([n + 2]) for n in range(5)]
    assert b"".join(written) == b"".join(octet * 160 for octet in [b"\x01", *wanted])


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.binary(max_size=200)), max_size=30))
@settings(max_examples=60)
def test_hostile_timestamps_write_no_more_than_a_minute_a_packet(
    pieces: list[tuple[int, bytes]],
) -> None:
    written = [0]

    def count(audio: bytes) -> None:
        written[0] += len(audio)

    recorder = Recorder(count)
    for offset, audio in pieces:
        recorder.feed(offset, audio)
    recorder.flush()
    assert written[0] == recorder.samples
    assert recorder.samples <= sum(60 * 8000 + REORDER_SAMPLES + len(a) for _, a in pieces)


@given(st.lists(st.floats(0.0, 3.0), max_size=30), st.integers(1, 9))
def test_the_wheel_owes_nobody_a_frame(waits: list[float], streams: int) -> None:
    wheel = Wheel(set[int])
    wheel.start(0.0)
    for stream in range(streams):
        wheel.emptiest().add(stream)
    passed, now = dict.fromkeys(range(streams), 0), 0.0
    for wait in waits:
        now += wait
        turns = wheel.turns(now)
        assert len(turns) <= CATCH_UP_TICKS
        for turn in turns:
            for stream in turn.phase:
                passed[stream] += 1 + turn.skipped
        assert wheel.next_deadline() > now - 1e-6
    rounds = now / (TICK_S * PHASES)
    assert all(abs(count - rounds) <= 1 + 1e-6 for count in passed.values()) or not waits


SOURCES = st.sampled_from([("192.0.2.1", 4000), ("198.51.100.7", 5000), ("203.0.113.9", 6000)])


@given(st.lists(st.tuples(SOURCES, st.integers(0, 3), st.integers(0, 40)), max_size=60))
def test_once_locked_only_the_locked_source_and_the_sdps_are_accepted(
    packets: list[tuple[tuple[str, int], int, int]],
) -> None:
    lock, expected = SourceLock(), ("192.0.2.1", 4000)
    lock.expect(expected)
    for source, ssrc, sequence in packets:
        before = lock.locked
        verdict = lock.judge(source, ssrc, sequence, 0.0)
        if before is not None:
            assert (verdict is Do.ACCEPT) == (source == before)
            assert (verdict is Do.LOCK) == (source == expected != before)
            assert lock.locked == (expected if verdict is Do.LOCK else before)


@given(OCTETS)
def test_parsing_rtcp_never_raises(octets: bytes) -> None:
    heard = parse_rtcp(octets)
    assert heard is None or 0 <= heard.ssrc < 2**32


TOLD: list[Callable[[Stream], object]] = [
    lambda stream: stream.play(bytes(160 * 4)),
    lambda stream: stream.stop(),
    lambda stream: stream.echo(True),
    lambda stream: stream.tune("PCMA", 8, 101),
    lambda stream: stream.send_keys("1", duration_ms=40, gap_ms=60),
]


@given(st.lists(st.tuples(st.sampled_from(TOLD), st.integers(0, 12)), max_size=30))
def test_numbers_run_on_without_a_seam_whatever_the_stream_is_told(
    steps: list[tuple[Callable[[Stream], object], int]],
) -> None:
    stream, slots = Stream(5, 65530, 0xFFFFFF00), 0
    chorus = Chorus(few=1)
    chorus.add(stream)
    for tell, packets in steps:
        tell(stream)
        for packet in [parse(chorus.packets()[0]) for _ in range(packets)]:
            assert packet is not None
            assert packet.sequence == (65530 + slots) & 0xFFFF
            if packet.payload_type != 101:
                assert packet.timestamp == (0xFFFFFF00 + 160 * slots) & 0xFFFFFFFF
            slots += 1
        assert stream.made == slots
        assert stream.timestamp == (0xFFFFFF00 + 160 * slots) & 0xFFFFFFFF


@given(
    st.lists(
        st.tuples(st.sampled_from(["audio", "key", "noise", "play", "rest"]), st.integers(-6, 9)),
        max_size=60,
    ),
    st.integers(0, 0xFFFF),
)
def test_whatever_a_sender_does_the_listener_hears_one_stream(
    acts: list[tuple[str, int]], first: int
) -> None:
    """The short way through a relay and the long one are the same; no number is used twice."""
    short, long = Line(), Line(quick=False)
    for line in (short, long):
        sequence, was = first, dict[int, str]()
        for act, ahead in acts:
            sequence += ahead
            said_then = act if act in ("play", "rest") else was.setdefault(sequence, act)
            _act(line, said_then, sequence)
    assert short.heard == long.heard
    assert (short.reception.received, short.reception.highest) == (
        long.reception.received,
        long.reception.highest,
    )
    assert {packet.ssrc for packet in short.heard} <= {short.stream.ssrc}
    said: dict[int, set[bytes]] = {}
    for packet in short.heard:
        said.setdefault(packet.sequence, set()).add(packet.payload)
    assert all(len(payloads) == 1 for payloads in said.values())


def _act(line: Line, act: str, sequence: int) -> None:
    number = (sequence & 0xFFFF).to_bytes(2, "big") * 80
    if act == "audio":
        line.say(sequence, payload=number)
    elif act == "key":
        line.say(sequence, payload=b"\x05\x0a" + number[:2], payload_type=EVENTS, marker=True)
    elif act == "noise":
        line.say(sequence, payload=b"\x40", payload_type=COMFORT_NOISE)
    elif act == "play":
        line.relay.rest(line.now)
        line.stream.play(number)
        line.own(2)
    else:
        line.relay.rest(line.now)
        line.own(1)
