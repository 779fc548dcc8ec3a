"""The recorder: order, gaps, doubles."""

from ivr.media.recorder import LONGEST_GAP_SAMPLES, REORDER_SAMPLES, Recorder


def frame(number: int) -> bytes:
    return bytes([number + 1]) * 160


def record(*numbers: int) -> bytes:
    written: list[bytes] = []
    recorder = Recorder(written.append)
    for number in numbers:
        recorder.feed(number * 160, frame(number))
    recorder.flush()
    assert recorder.samples == sum(map(len, written))
    return b"".join(written)


def frames(*numbers: int) -> bytes:
    return b"".join(frame(n) for n in numbers)


SILENCE = b"\xff" * 160


def test_audio_in_order_is_written_at_once() -> None:
    written: list[bytes] = []
    recorder = Recorder(written.append)
    for number in range(3):
        recorder.feed(number * 160, frame(number))
        assert len(written) == number + 1


def test_swapped_packets_are_put_in_order() -> None:
    assert record(0, 2, 1, 4, 3) == frames(0, 1, 2, 3, 4)


def test_doubles_are_written_once() -> None:
    assert record(0, 1, 1, 0, 3, 3, 2, 2) == frames(0, 1, 2, 3)


def test_a_gap_becomes_silence_of_its_length() -> None:
    assert record(0, 3) == frame(0) + SILENCE * 2 + frame(3)


def test_a_pause_of_seconds_keeps_the_timeline() -> None:
    assert record(0, 250) == frame(0) + SILENCE * 249 + frame(250)


def test_a_packet_later_than_the_patience_is_dropped() -> None:
    late = REORDER_SAMPLES // 160 + 2
    assert record(0, *range(2, late + 2), 1) == frame(0) + SILENCE + frames(*range(2, late + 2))


def test_other_packet_lengths_fit() -> None:
    written: list[bytes] = []
    recorder = Recorder(written.append)
    recorder.feed(0, b"a" * 80)
    recorder.feed(80, b"b" * 240)
    recorder.feed(240, b"c" * 160)
    assert b"".join(written) == b"a" * 80 + b"b" * 240 + b"c" * 80


def test_a_clock_that_leaps_does_not_fill_the_disk() -> None:
    written: list[bytes] = []
    recorder = Recorder(written.append)
    recorder.feed(0, frame(0))
    leap = LONGEST_GAP_SAMPLES * 10
    recorder.feed(leap, frame(1))
    recorder.feed(leap + 160, frame(2))
    recorder.feed(-leap, frame(3))
    assert b"".join(written) == frames(0, 1, 2, 3)


def test_silence_can_be_filled_to_the_end_of_the_call() -> None:
    written: list[bytes] = []
    recorder = Recorder(written.append)
    recorder.feed(0, frame(0))
    recorder.fill(480)
    assert b"".join(written) == frame(0) + SILENCE * 2
