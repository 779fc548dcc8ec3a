"""Keys as RTP events (RFC 4733): what a lossy network does to them, and what we send."""

import pytest

from ivr.media.dtmf import KEYS, Event, KeyEar, event_slots, parse_event
from ivr.media.rtp import Packet


def event(
    key: str,
    sequence: int,
    timestamp: int,
    duration: int,
    *,
    end: bool = False,
    start: bool = False,
) -> Packet:
    payload = bytes([KEYS.index(key), (0x80 if end else 0) | 10]) + duration.to_bytes(2, "big")
    return Packet(start, 101, sequence & 0xFFFF, timestamp, 7, payload)


def press(key: str, sequence: int, timestamp: int) -> list[Packet]:
    """Three updates and the end, three times, as a telephone sends them."""
    updates = [event(key, sequence + n, timestamp, 160 * (n + 1), start=n == 0) for n in range(3)]
    return updates + [event(key, sequence + n, timestamp, 640, end=True) for n in (3, 4, 5)]


def hear(packets: list[Packet]) -> str:
    ear = KeyEar()
    return "".join(ear.hear(packet) or "" for packet in packets)


TWICE = press("5", 10, 1000) + press("5", 16, 2600)


class TestHearing:
    def test_every_key_has_its_code(self) -> None:
        packets = [p for n, key in enumerate(KEYS) for p in press(key, 6 * n, 2000 * n)]
        assert hear(packets) == KEYS

    def test_two_equal_keys_in_a_row_are_two(self) -> None:
        assert hear(TWICE) == "55"

    def test_lost_starts(self) -> None:
        assert hear([p for p in TWICE if not p.marker]) == "55"

    def test_only_one_end_packet_arrives(self) -> None:
        assert hear([TWICE[5], TWICE[11]]) == "55"

    def test_lost_ends(self) -> None:
        assert hear(TWICE[:3] + TWICE[6:9]) == "55"

    def test_everything_doubled(self) -> None:
        assert hear([p for packet in TWICE for p in (packet, packet)]) == "55"

    def test_the_start_comes_after_the_end(self) -> None:
        assert hear([*TWICE[1:6], TWICE[0], *TWICE[6:]]) == "55"

    def test_a_late_end_of_the_old_press_comes_in_the_new_one(self) -> None:
        first, second = press("1", 10, 1000), press("2", 16, 2600)
        assert hear([*first[:5], second[0], first[5], *second[1:]]) == "12"

    def test_sequence_numbers_wrap(self) -> None:
        assert hear(press("1", 65533, 1000) + press("1", 65539, 2600)) == "11"

    def test_a_sender_that_never_moves_its_timestamp(self) -> None:
        assert hear(press("5", 10, 0) + press("5", 16, 0) + press("6", 22, 0)) == "556"

    def test_a_press_longer_than_its_duration_field_is_one(self) -> None:
        start = [event("9", n, 1000, min(160 * (n + 1), 0xFFFF), start=n == 0) for n in range(410)]
        more = [event("9", 410 + n, 1000 + 0xFFFF, 160 * (n + 1)) for n in range(10)]
        end = [event("9", 420 + n, 1000 + 0xFFFF, 1760, end=True) for n in range(3)]
        assert hear(start + more + end) == "9"

    def test_a_new_source_is_heard_from_its_first_packet(self) -> None:
        other = [p._replace(ssrc=8, sequence=3) for p in press("4", 0, 50)[:1]]
        assert hear(press("4", 900, 1000) + other) == "44"

    @pytest.mark.parametrize("payload", [b"", b"\x05", b"\x05\x0a\x00"])
    def test_a_short_payload_is_nothing(self, payload: bytes) -> None:
        assert parse_event(payload) is None
        assert hear([Packet(True, 101, 1, 1, 7, payload)]) == ""

    def test_events_that_are_no_keys_are_nothing(self) -> None:
        flash = bytes([16, 0x0A, 0, 160])
        assert hear([Packet(True, 101, 1, 1, 7, flash)]) == ""

    def test_longer_payloads_are_read_by_their_first_event(self) -> None:
        assert parse_event(bytes([3, 0x8A, 1, 0, 9, 9])) == Event(3, True, 256)


class TestSending:
    def test_a_press_of_100_ms_is_five_packets_and_two_repeated_ends(self) -> None:
        slots = list(event_slots("7", 100, 60))
        events = [parse_event(slot.payload) for slot in slots if slot]
        assert [e.duration for e in events if e] == [160, 320, 480, 640, 800, 800, 800]
        assert [e.end for e in events if e] == [False] * 4 + [True] * 3
        assert [slot.start for slot in slots if slot] == [True] + [False] * 6
        assert slots[7:] == [None]

    def test_the_shortest_press_still_has_a_start(self) -> None:
        first = next(event_slots("1", 1, 0))
        assert first is not None
        assert first.start

    def test_lower_case_is_the_same_key(self) -> None:
        assert list(event_slots("a", 40, 60)) == list(event_slots("A", 40, 60))

    @pytest.mark.parametrize("keys", ["x", "1,2", "１", "12 "])
    def test_what_is_no_key_is_refused_before_anything_is_sent(self, keys: str) -> None:
        with pytest.raises(ValueError, match="no telephone key"):
            event_slots(keys, 100, 60)
