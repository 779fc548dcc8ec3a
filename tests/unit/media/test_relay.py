"""One sender's packets as another leg's stream, packet by packet."""

import pytest

from ivr.media.g711 import SILENCE_FRAME, to_wire
from ivr.media.relay import MOST_AT_ONCE, Format
from ivr.media.rtp import COMFORT_NOISE, Packet, build, parse
from tests.support.relayed import EVENTS, STEP_S, Line, steps


class TestNumbers:
    def test_one_stream_goes_on_through_silence_relay_and_silence(self) -> None:
        line = Line()
        line.own(3)
        for sequence in range(65530, 65545):
            line.say(sequence)
        line.relay.rest(line.now)
        line.own(3)
        assert {p.ssrc for p in line.heard} == {0xABCD}
        assert steps(line.heard) == [(1, 160)] * 20
        assert [n for n, p in enumerate(line.heard) if p.marker] == [0, 3, 18]

    @pytest.mark.parametrize("wrap", [2**16, 2**32 // 160])
    def test_numbers_wrap_on_both_sides(self, wrap: int) -> None:
        line = Line()
        for sequence in range(wrap - 100, wrap + 100):
            line.say(sequence)
        assert steps(line.heard) == [(1, 160)] * 199

    def test_another_payload_type_is_no_next_packet_where_numbers_wrap(self) -> None:
        line = Line()
        for sequence in (65533, 65534, 65535):
            line.say(sequence)
        assert line.relay.quick(build(Packet(False, 1, 2, 0, 7, b"")), line.now) is None

    def test_loss_stays_visible(self) -> None:
        line = Line()
        for sequence in (1, 2, 5, 6):
            line.say(sequence)
        assert steps(line.heard) == [(1, 160), (3, 480), (1, 160)]

    def test_swapped_and_doubled_packets_pass_as_they_are(self) -> None:
        line = Line()
        for sequence in (1, 2, 4, 3, 3, 5):
            line.say(sequence)
        assert [step for step, _ in steps(line.heard)] == [1, 2, -1, 0, 2]

    def test_a_packet_from_before_the_switch_would_double_a_number(self) -> None:
        line = Line()
        line.own(2)
        line.say(10)
        assert line.say(9) is None
        line.say(11)
        assert steps(line.heard) == [(1, 160)] * 3

    def test_a_senders_pause_shows_in_the_timestamp_alone(self) -> None:
        line = Line()
        line.say(1)
        line.say(2, timestamp=160 * 20, marker=True)
        line.say(3, timestamp=160 * 21)
        assert steps(line.heard) == [(1, 160 * 19), (1, 160)]
        assert [p.marker for p in line.heard] == [True, True, False]

    @pytest.mark.parametrize("how", [{"ssrc": 8}, {}])
    def test_a_sender_that_begins_anew_is_a_new_talk_spurt_of_the_same_stream(
        self, how: dict[str, int]
    ) -> None:
        line = Line()
        for sequence in (1, 2, 3):
            line.say(sequence)
        for sequence in (30000, 30001, 30002):
            line.say(sequence, **how)
        assert {step for step, _ in steps(line.heard)} == {1}
        assert all(160 <= jump < 1000 for _, jump in steps(line.heard))
        assert sum(p.marker for p in line.heard) == 2

    def test_one_packet_astray_moves_nothing(self) -> None:
        line = Line()
        line.say(1)
        assert line.say(30000) is None
        line.say(2)
        assert steps(line.heard) == [(1, 160)]

    def test_csrcs_and_padding_are_not_passed_on(self) -> None:
        line = Line()
        line.say(1)
        packet = Packet(False, 0, 2, 320, 7, b"\x33" * 160)
        datagram = bytes([0xA1]) + build(packet)[1:12] + bytes(4) + packet.payload + b"\0\0\0\4"
        assert line.relay.quick(datagram, line.now) is None
        read = parse(datagram)
        assert read is not None
        sent = line.relay.forward(read, line.reception.note(read, line.now), line.now)
        assert sent is not None
        assert (sent[0], sent[12:]) == (0x80, packet.payload)

    @pytest.mark.parametrize("datagram", [b"", b"\x80", b"\x80\x00\x00\x02" * 2, b"\x00" * 172])
    def test_what_is_no_packet_is_left_to_others(self, datagram: bytes) -> None:
        line = Line()
        line.say(1)
        assert line.relay.quick(datagram, line.now) is None


class TestExcess:
    def test_a_flood_is_cut_to_what_time_allows_and_shows_as_loss(self) -> None:
        line = Line()
        line.relay.allow(line.now)
        for sequence in range(1, MOST_AT_ONCE + 51):
            line.say(sequence)
        assert (len(line.heard), line.relay.excess) == (MOST_AT_ONCE, 50)
        line.now += 0.1
        line.relay.allow(line.now)
        for sequence in range(MOST_AT_ONCE + 51, MOST_AT_ONCE + 100):
            line.say(sequence)
        assert steps(line.heard)[MOST_AT_ONCE - 1] == (51, 51 * 160)
        assert line.reception.received == MOST_AT_ONCE + 99
        assert line.reception.lost == 0

    def test_neither_new_senders_nor_keys_pass_more(self) -> None:
        line = Line()
        for sequence in range(MOST_AT_ONCE + 50):
            line.say(sequence, ssrc=sequence % 3, payload_type=EVENTS * (sequence % 2), marker=True)
        assert len(line.heard) <= MOST_AT_ONCE

    def test_what_phones_send_is_never_too_much(self) -> None:
        """Packets of 10 ms for a minute, and a network that holds a second of them back."""
        line = Line()
        for sequence in range(6000):
            line.say(sequence)
            line.now += 0.01 - STEP_S if sequence % 100 else 1.0
            if sequence % 90 == 0:
                line.relay.allow(line.now)
        assert line.relay.excess == 0


class TestPrecedence:
    def test_nothing_is_relayed_while_the_leg_has_its_own_to_say(self) -> None:
        line = Line()
        line.stream.play(b"\x11" * 320)
        assert line.say(1) is None
        line.own(3)
        line.say(2)
        assert [p.payload[0] for p in line.heard] == [0x11, 0x11, 0xFF, 0x22]
        assert {step for step, _ in steps(line.heard)} == {1}
        assert [p.marker for p in line.heard] == [True, False, False, True]

    def test_keys_and_echo_go_before_as_well(self) -> None:
        line = Line()
        line.stream.send_keys("1", duration_ms=40, gap_ms=0)
        assert line.say(1) is None
        line.own(5)
        line.stream.echo(True)
        assert line.say(2) is None
        line.stream.echo(False)
        assert line.say(3) is not None

    def test_the_stream_goes_on_by_the_clock_after_the_relay(self) -> None:
        line = Line()
        line.say(1)
        line.now += 1.0
        assert line.relay.timestamp(line.now) == (line.heard[0].timestamp + 8000) & 0xFFFFFFFF
        line.relay.rest(line.now)
        line.own(1)
        assert steps(line.heard) == [(1, 8000)]
        assert line.heard[-1].payload == SILENCE_FRAME

    def test_time_is_counted_from_the_packet_it_began_with(self) -> None:
        line = Line()
        line.say(1)
        line.relay.rest(line.now)
        line.now += 1.0
        line.say(2, timestamp=160)
        line.relay.rest(line.now)
        line.own(1)
        assert steps(line.heard) == [(1, 160), (1, 160)]

    def test_rest_without_flow_changes_nothing(self) -> None:
        line = Line()
        line.own(2)
        line.relay.rest(line.now)
        line.own(2)
        assert steps(line.heard) == [(1, 160)] * 3

    def test_when_the_last_was_heard(self) -> None:
        line = Line()
        line.say(1)
        line.say(2)
        assert line.relay.heard_at == line.now


class TestTranslation:
    def test_law_and_payload_types_are_the_listeners(self) -> None:
        line = Line(Format("PCMA", 8, 96), Format("PCMU", 0, 101))
        alaw = to_wire(b"\x22" * 160, "PCMA")
        for sequence in (1, 2):
            line.say(sequence, payload=alaw, payload_type=8)
        assert [(p.payload_type, p.payload) for p in line.heard] == [(0, b"\x22" * 160)] * 2

    def test_a_new_agreement_holds_from_the_next_packet_on(self) -> None:
        line = Line()
        line.say(1)
        line.say(2)
        line.tune(Format("PCMU", 0, EVENTS), Format("PCMA", 8, EVENTS))
        line.say(3)
        line.say(4)
        assert [p.payload_type for p in line.heard] == [0, 0, 8, 8]
        assert line.heard[-1].payload == to_wire(b"\x22" * 160, "PCMA")
        assert steps(line.heard) == [(1, 160)] * 3


class TestKeys:
    def key(self, line: Line, sequence: int, press: int, *, marker: bool = False) -> bytes | None:
        """An event packet of the press that began at `press`."""
        how = {"timestamp": 160 * press, "payload_type": EVENTS, "payload": b"\x05\x0a\x00\xa0"}
        return line.say(sequence, marker=marker, **how)

    def test_a_key_keeps_its_one_timestamp_and_its_octets(self) -> None:
        line = Line(wanted=Format("PCMU", 0, 96))
        line.say(1)
        for sequence in (2, 3, 4):
            self.key(line, sequence, 2, marker=sequence == 2)
        line.say(5)
        assert steps(line.heard) == [(1, 160), (1, 0), (1, 0), (1, 480)]
        assert [p.payload_type for p in line.heard] == [0, 96, 96, 96, 0]
        assert [p.marker for p in line.heard] == [True, True, False, False, False]
        assert line.heard[2].payload == b"\x05\x0a\x00\xa0"

    def test_what_the_listener_cannot_take_is_left_out_without_a_gap(self) -> None:
        line = Line(wanted=Format("PCMU", 0, None))
        line.say(1)
        for sequence in (2, 3, 4):
            assert self.key(line, sequence, 2) is None
        line.say(5)
        line.say(6)
        assert steps(line.heard) == [(1, 640), (1, 160)]

    def test_the_middle_of_a_key_is_no_beginning(self) -> None:
        line = Line()
        line.stream.play(b"\x11" * 160)
        self.key(line, 1, 1, marker=True)
        line.own(2)
        assert self.key(line, 2, 1) is None
        assert line.say(3) is not None

    def test_time_goes_on_from_the_beginning_of_a_long_key(self) -> None:
        line = Line()
        line.say(1)
        for sequence in range(2, 12):
            self.key(line, sequence, 2, marker=sequence == 2)
        line.relay.rest(line.now)
        line.own(1)
        assert steps(line.heard)[-1] == (1, 160 * 9)


def test_comfort_noise_lets_the_leg_say_silence() -> None:
    line = Line()
    line.say(1)
    assert line.say(2, payload_type=COMFORT_NOISE, payload=b"\x40") is None
    assert not line.relay.flowing
    line.own(2)
    line.say(5)
    assert [p.payload[0] for p in line.heard] == [0x22, 0xFF, 0xFF, 0x22]
    assert {step for step, _ in steps(line.heard)} == {1}
    assert [p.marker for p in line.heard] == [True, True, False, True]
