"""RTP packets as octets, and the receiver's counters."""

import pytest

from ivr.media.rtp import (
    ANEW,
    ASTRAY,
    Packet,
    Reception,
    build,
    parse,
    sequence_distance,
)

PACKET = Packet(True, 101, 65535, 4294967295, 0x12345678, b"\x01\x0a\x00\xa0")


def test_a_packet_survives_the_wire() -> None:
    assert parse(build(PACKET)) == PACKET


def test_csrcs_extension_and_padding_are_not_payload() -> None:
    head = bytearray(build(PACKET._replace(payload=b"")))
    head[0] |= 0x20 | 0x10 | 2
    csrcs, extension = bytes(8), b"\xbe\xde\x00\x01" + bytes(4)
    packet = parse(bytes(head) + csrcs + extension + b"audio" + b"\x00\x00\x03")
    assert packet is not None
    assert packet.payload == b"audio"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x80\x00\x00",
        bytes(12),
        b"\x40" + bytes(20),
        b"\x8f" + bytes(20),
        b"\x90" + bytes(11),
        b"\x90" + bytes(11) + b"\x00\x00\xff\xff",
        b"\xa0" + bytes(11) + b"\x09",
        b"\xa0" + bytes(12),
    ],
)
def test_what_is_no_rtp_is_nothing(octets: bytes) -> None:
    assert parse(octets) is None


def test_distance_wraps() -> None:
    assert sequence_distance(1, 65535) == 2
    assert sequence_distance(65535, 1) == -2


def _stream(*sequences: int) -> Reception:
    reception = Reception()
    for sequence in sequences:
        packet = Packet(False, 0, sequence & 0xFFFF, 160 * sequence, 7, b"")
        reception.note(packet, sequence * 0.02)
    return reception


class TestReception:
    def test_losses_are_counted_across_the_wrap(self) -> None:
        reception = _stream(65534, 65535, 65537, 65540)
        assert reception.lost == 3
        assert reception.received == 4

    def test_a_late_packet_is_no_loss_and_a_double_is_less_than_none(self) -> None:
        assert _stream(1, 3, 2).lost == 0
        assert _stream(1, 2, 2).lost == -1

    def test_an_even_stream_has_no_jitter(self) -> None:
        assert _stream(*range(100)).jitter_ms == pytest.approx(0, abs=1e-6)

    def test_jitter_approaches_the_swing_of_arrivals(self) -> None:
        reception = Reception()
        for sequence in range(400):
            late = 0.004 if sequence % 2 else 0.0
            packet = Packet(False, 0, sequence, 160 * sequence, 7, b"")
            reception.note(packet, sequence * 0.02 + late)
        assert reception.jitter_ms == pytest.approx(4, rel=0.05)

    def test_a_new_source_starts_anew(self) -> None:
        reception = _stream(1, 5)
        reception.note(Packet(False, 0, 900, 5, 8, b""), 1.0)
        assert (reception.received, reception.lost) == (1, 0)

    def test_a_sampled_stream_reports_no_loss(self) -> None:
        reception = _stream(1, 2)
        reception.sample()
        reception.note(Packet(False, 0, 18, 160 * 18, 7, b""), 1.0)
        assert reception.lost == 0

    def test_a_sender_that_begins_anew_is_believed_at_its_second_packet(self) -> None:
        reception = _stream(1, 2, 3)
        steps = [
            reception.note(Packet(False, 0, sequence, 0, 7, b""), 1.0)
            for sequence in (40000, 4, 40001, 40002, 40002, 40001, 40004)
        ]
        assert steps == [ASTRAY, 1, ANEW, 1, 0, -1, 2]
        assert (reception.received, reception.lost) == (5, -1)

    def test_what_is_heard_whole_again_is_counted_anew(self) -> None:
        reception = _stream(1, 2)
        reception.sample()
        reception.note(Packet(False, 0, 500, 160 * 500, 7, b""), 1.0)
        reception.whole()
        for sequence in (501, 503):
            reception.note(Packet(False, 0, sequence, 160 * sequence, 7, b""), 1.0)
        assert (reception.received, reception.lost) == (2, 1)
