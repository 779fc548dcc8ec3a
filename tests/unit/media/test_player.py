"""What a leg sends, packet by packet."""

from itertools import pairwise

from ivr.media.chorus import Chorus
from ivr.media.dtmf import KeyEar
from ivr.media.g711 import SILENCE_FRAME, to_wire
from ivr.media.player import Stream, frames
from ivr.media.rtp import Packet, parse

PROMPT = bytes(range(1, 251)) * 8
EVENTS = 101


class Sung(Stream):
    """A stream in a chorus of its own."""

    def __init__(self) -> None:
        super().__init__(0xABCD, 65530, 0xFFFFFF00)
        self.chorus = Chorus(few=1)
        self.chorus.add(self)


def stream(*, events: int | None = EVENTS) -> Sung:
    made = Sung()
    made.tune("PCMU", 0, events)
    return made


def sent(source: Sung, count: int) -> list[Packet]:
    packets = [parse(source.chorus.packets()[0]) for _ in range(count)]
    return [packet for packet in packets if packet is not None]


def assert_seamless(packets: list[Packet]) -> None:
    for before, after in pairwise(packets):
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        assert after.timestamp == (before.timestamp + 160) & 0xFFFFFFFF
        assert after.ssrc == before.ssrc


class TestAudio:
    def test_a_prompt_is_sent_whole_and_then_silence(self) -> None:
        source, told = stream(), list[bool]()
        source.play(PROMPT, told.append)
        packets = sent(source, 15)
        heard = b"".join(packet.payload for packet in packets)
        assert heard[: len(PROMPT)] == PROMPT
        assert set(heard[len(PROMPT) :]) == {0xFF}
        assert_seamless(packets)
        assert told == [True]

    def test_done_comes_when_the_last_frame_has_had_its_time(self) -> None:
        source, told = stream(), list[bool]()
        source.play(SILENCE_FRAME * 3, told.append)
        sent(source, 3)
        assert (told, source.playing) == ([], True)
        sent(source, 1)
        assert (told, source.playing) == ([True], False)

    def test_the_marker_opens_each_talk_spurt(self) -> None:
        source = stream()
        first = sent(source, 3)
        source.play(PROMPT)
        prompt = sent(source, 20)
        source.play(PROMPT)
        again = sent(source, 2)
        marks = [packet.marker for packet in first + prompt + again]
        assert [at for at, mark in enumerate(marks) if mark] == [0, 3, 23]
        assert_seamless(first + prompt + again)

    def test_stop_leaves_nothing_of_the_prompt(self) -> None:
        source, told = stream(), list[bool]()
        source.play(PROMPT, told.append)
        before = sent(source, 4)
        source.stop()
        after = sent(source, 50)
        assert told == [False]
        assert all(set(packet.payload) == {0xFF} for packet in after)
        assert_seamless(before + after)

    def test_a_new_prompt_replaces_the_old(self) -> None:
        source, told = stream(), list[bool]()
        source.play(PROMPT, told.append)
        sent(source, 2)
        source.play(b"\x11" * 320)
        assert [packet.payload for packet in sent(source, 2)] == [b"\x11" * 160] * 2
        assert told == [False]

    def test_a_prompt_started_by_the_end_of_another_follows_without_a_gap(self) -> None:
        source = stream()
        source.play(b"\x11" * 160, lambda _: source.play(b"\x22" * 160))
        assert [packet.payload[0] for packet in sent(source, 3)] == [0x11, 0x22, 0xFF]

    def test_a_loop_goes_on(self) -> None:
        source = stream()
        source.play(PROMPT[:320], loop=True)
        packets = sent(source, 7)
        assert b"".join(p.payload for p in packets) == (PROMPT[:320] * 4)[: 7 * 160]
        assert_seamless(packets)

    def test_nothing_to_play_is_played_at_once(self) -> None:
        source, told = stream(), list[bool]()
        source.play(b"", told.append, loop=True)
        assert told == [True]

    def test_the_law_changes_in_the_middle_of_a_prompt(self) -> None:
        source = stream()
        source.play(PROMPT)
        first = sent(source, 2)
        source.tune("PCMA", 8, EVENTS)
        packets = sent(source, 20)
        assert_seamless(first + packets)
        assert packets[0].payload_type == 8
        assert packets[0].payload == to_wire(PROMPT[320:480], "PCMA")
        assert set(packets[-1].payload) == {0xD5}

    def test_a_stall_moves_the_timestamp_and_not_the_sequence(self) -> None:
        source = stream()
        source.play(PROMPT)
        before = sent(source, 1)
        source.skip(5)
        after = sent(source, 1)
        assert after[0].timestamp == (before[0].timestamp + 6 * 160) & 0xFFFFFFFF
        assert after[0].sequence == (before[0].sequence + 1) & 0xFFFF
        assert after[0].marker

    def test_closing_tells_everyone(self) -> None:
        source, told = stream(), list[bool]()
        source.play(PROMPT, told.append)
        source.send_keys("1", told.append, duration_ms=100, gap_ms=60)
        source.close()
        assert told == [False, False]

    def test_a_prompt_may_close_the_stream_when_it_ends(self) -> None:
        source = stream()
        source.play(PROMPT[:160], lambda _: source.close())
        assert [packet.payload for packet in sent(source, 2)] == [PROMPT[:160], SILENCE_FRAME]


class TestKeys:
    def test_keys_are_heard_as_they_were_pressed(self) -> None:
        source, told, ear = stream(), list[bool](), KeyEar()
        source.send_keys("1100#", told.append, duration_ms=100, gap_ms=60)
        packets = sent(source, 50)
        events = [packet for packet in packets if packet.payload_type == EVENTS]
        assert "".join(ear.hear(packet) or "" for packet in events) == "1100#"
        assert len({packet.timestamp for packet in events}) == 5
        assert [packet.marker for packet in events].count(True) == 5
        assert told == [True]

    def test_sequence_numbers_run_through_keys_and_audio_marks_its_return(self) -> None:
        source = stream()
        source.play(PROMPT)
        packets = sent(source, 2)
        source.send_keys("5", duration_ms=40, gap_ms=60)
        packets += sent(source, 8)
        gaps = [(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(packets)]
        assert set(gaps) == {1}
        audio = [packet for packet in packets if packet.payload_type == 0]
        assert audio[2].marker
        assert audio[2].payload == PROMPT[320:480]
        assert audio[2].timestamp == (packets[0].timestamp + 6 * 160) & 0xFFFFFFFF

    def test_without_events_keys_are_tones(self) -> None:
        source, told = stream(events=None), list[bool]()
        source.send_keys("5", told.append, duration_ms=60, gap_ms=40)
        packets = sent(source, 6)
        loud = [set(packet.payload) != {0xFF} for packet in packets]
        assert loud == [True, True, True, False, False, False]
        assert told == [True]
        assert_seamless(packets)


class TestEcho:
    def test_what_is_heard_is_sent_back_in_order(self) -> None:
        source = stream()
        source.echo(True)
        for number in range(1, 6):
            source.hear(bytes([number]) * 160)
        assert [packet.payload[0] for packet in sent(source, 6)] == [1, 2, 3, 4, 5, 0xFF]

    def test_it_waits_for_two_frames_to_ride_out_jitter(self) -> None:
        source = stream()
        source.echo(True)
        quiet = sent(source, 3)
        source.hear(b"\x01" * 160)
        quiet += sent(source, 1)
        source.hear(b"\x02" * 160)
        flowing = sent(source, 2)
        assert {packet.payload[0] for packet in quiet} == {0xFF}
        assert [packet.payload[0] for packet in flowing] == [1, 2]
        assert [p.marker for p in quiet + flowing] == [True, *[False] * 3, True, False]
        assert_seamless(quiet + flowing)

    def test_other_packet_lengths_are_cut_to_frames(self) -> None:
        source = stream()
        source.echo(True)
        for _ in range(4):
            source.hear(b"\x01" * 240)
        assert [set(p.payload) for p in sent(source, 6)] == [{1}] * 6

    def test_a_burst_does_not_delay_for_ever(self) -> None:
        source = stream()
        source.echo(True)
        for number in range(100):
            source.hear(bytes([number]) * 160)
        assert sent(source, 1)[0].payload[0] == 90

    def test_a_prompt_is_heard_before_the_echo(self) -> None:
        source = stream()
        source.echo(True)
        source.hear(b"\x01" * 160)
        source.hear(b"\x02" * 160)
        source.play(b"\x11" * 160)
        assert [packet.payload[0] for packet in sent(source, 3)] == [0x11, 1, 2]

    def test_off_is_off(self) -> None:
        source = stream()
        source.echo(True)
        source.hear(b"\x01" * 160)
        source.echo(False)
        source.hear(b"\x01" * 160)
        assert set(sent(source, 1)[0].payload) == {0xFF}


def test_the_last_frame_is_filled_with_silence() -> None:
    assert frames(b"\x01" * 161) == [b"\x01" * 160, b"\x01" + b"\xff" * 159]
    assert frames(b"") == []


class TestLending:
    def test_others_go_on_where_it_was_and_it_where_they_ended(self) -> None:
        source = stream()
        before = sent(source, 8)
        sequence, timestamp = source.lend()
        last = before[-1]
        assert (sequence, timestamp) == (last.sequence + 1 & 0xFFFF, last.timestamp + 160)
        source.resume(500, 80_000)
        after = sent(source, 3)
        assert [packet.sequence for packet in after] == [500, 501, 502]
        assert [packet.timestamp for packet in after] == [80_000, 80_160, 80_320]
        assert [packet.marker for packet in after] == [True, False, False]
        assert source.made == 11

    def test_it_is_busy_with_a_prompt_keys_and_echo_alone(self) -> None:
        source = stream()
        sent(source, 3)
        assert not source.busy
        source.play(b"\x11" * 160)
        assert source.busy
        sent(source, 2)
        assert not source.busy
        source.send_keys("1", duration_ms=40, gap_ms=0)
        assert source.busy
        sent(source, 8)
        source.echo(True)
        assert source.busy
