"""The sound of a phone that has none of its own: G.711, gaps, keys."""

import socket
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from ivr.media.g711 import decode_ulaw, encode_ulaw
from lab.scenarios.phones.errors import PhoneError
from lab.scenarios.phones.rtp_voice import KEYS, RtpVoice, linear, ulaw
from lab.scenarios.phones.waiting import until
from lab.scenarios.wavefile import parse_wav
from tests.support.ports import LOOPBACK

PATIENCE_S = 10.0


@pytest.fixture
def far() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind((LOOPBACK, 0))
        far.settimeout(PATIENCE_S)
        yield far


def packet(number: int, stamp: int, payload: bytes, stream: int = 7, kind: int = 0) -> bytes:
    words = b"".join(value.to_bytes(4, "big") for value in (stamp % 2**32, stream))
    return bytes((0x80, kind)) + number.to_bytes(2, "big") + words + payload


def test_g711_is_the_carriers() -> None:
    codes = bytes(range(256))
    assert [linear(code) for code in codes] == decode_ulaw(codes).tolist()
    samples = np.arange(-32768, 32768, 7, dtype=np.int16)
    assert bytes(map(ulaw, samples.tolist())) == bytes(encode_ulaw(samples))


def test_lost_packets_are_silence_and_late_ones_are_passed_over(far: socket.socket) -> None:
    with RtpVoice(LOOPBACK, 700) as voice:
        frames = [bytes([code]) * 160 for code in (0x10, 0x20, 0x30, 0x40)]
        began = 2**32 - 100
        for number, stamp, frame in (
            (1, began, frames[0]), (2, began + 320, frames[1]), (3, began + 160, frames[2]),
        ):  # fmt: skip
            far.sendto(packet(number, stamp, frame), (LOOPBACK, voice.port))
        far.sendto(packet(4, began + 480, b"none of ours", kind=101), (LOOPBACK, voice.port))
        far.sendto(packet(5, 5, frames[3], stream=8), (LOOPBACK, voice.port))
        until(lambda: len(parse_wav(voice.wav()).samples) >= 4 * 160, "four frames", PATIENCE_S)
        heard = parse_wav(voice.wav()).samples * 32768
    parts = [set(part) for part in np.split(heard, 4)]
    assert parts == [{linear(0x10)}, {0}, {linear(0x20)}, {linear(0x40)}]


def test_keys_go_as_events_of_the_far_ends_kind(far: socket.socket) -> None:
    with RtpVoice(LOOPBACK, 700) as voice:
        with pytest.raises(PhoneError, match="takes no keys"):
            voice.press("1")
        voice.towards(far.getsockname(), 96)
        with pytest.raises(PhoneError, match="has the keys"):
            voice.press("x")
        voice.press("1#")
        events: list[bytes] = []
        while len(events) < 16:
            data = far.recv(2048)
            if data[1] & 0x7F == 96:
                events.append(data)
    for key, sent in zip("1#", (events[:8], events[8:]), strict=True):
        assert {data[12] for data in sent} == {KEYS.index(key)}
        assert [data[1] >> 7 for data in sent] == [1] + [0] * 7
        assert len({data[4:8] for data in sent}) == 1
        durations = [int.from_bytes(data[14:16], "big") for data in sent]
        assert durations == [160, 320, 480, 640, 800, 960, 960, 960]
        assert [data[13] >> 7 for data in sent] == [0] * 5 + [1] * 3


def test_it_speaks_its_tone_without_a_break(far: socket.socket) -> None:
    with RtpVoice(LOOPBACK, 700) as voice:
        voice.towards(far.getsockname(), None)
        packets = [far.recv(2048) for _ in range(5)]
    stamps = [int.from_bytes(data[4:8], "big") for data in packets]
    assert [after - before for before, after in pairwise(stamps)] == [160] * 4
    tone = decode_ulaw(b"".join(data[12:] for data in packets)).astype(float)
    at = np.arange(len(tone)) / 8000
    wave = np.exp(-2j * np.pi * 700 * at)
    assert abs((tone * wave).mean()) * 2 == pytest.approx(8192, rel=0.03)
