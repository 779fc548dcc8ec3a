"""The tables against values of ITU-T G.711 and against each other."""

import numpy as np
import pytest

from ivr.media.g711 import (
    SILENCE_FRAME,
    Law,
    decode_ulaw,
    encode_ulaw,
    from_wire,
    to_wire,
)

ALL = bytes(range(256))


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0x7E, -8), (0xEF, 132)],
)
def test_ulaw_codes_stand_for_their_samples(code: int, sample: int) -> None:
    assert decode_ulaw(bytes([code])).tolist() == [sample]


def test_every_ulaw_code_survives_a_round_trip() -> None:
    again = encode_ulaw(decode_ulaw(ALL))
    negative_zero = 0x7F
    assert again == ALL.replace(bytes([negative_zero]), b"\xff")


def test_coding_errs_by_half_a_step_at_most() -> None:
    samples = np.arange(-32124, 32125).astype(np.int16)
    error = np.abs(decode_ulaw(encode_ulaw(samples)).astype(int) - samples.astype(int))
    step = np.maximum(np.abs(samples.astype(int)) / 16, 8)
    assert (error <= step).all()


def test_louder_than_the_law_is_clipped() -> None:
    assert decode_ulaw(encode_ulaw(np.array([32767, -32768], dtype=np.int16))).tolist() == [
        32124,
        -32124,
    ]


@pytest.mark.parametrize(
    ("alaw", "sample"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0xC5, 264)]
)
def test_alaw_becomes_the_nearest_ulaw(alaw: int, sample: int) -> None:
    heard = int(decode_ulaw(from_wire(bytes([alaw]), "PCMA"))[0])
    assert abs(heard - sample) <= max(8, abs(sample) // 32)


@pytest.mark.parametrize("law", ["PCMU", "PCMA"])
def test_the_wire_loses_at_most_one_step(law: Law) -> None:
    there = decode_ulaw(ALL).astype(int)
    back = decode_ulaw(from_wire(to_wire(ALL, law), law)).astype(int)
    assert (np.abs(there - back) <= np.maximum(np.abs(there) / 16, 16)).all()


def test_silence_on_an_alaw_wire_is_its_quietest_code() -> None:
    assert set(to_wire(SILENCE_FRAME, "PCMA")) == {0xD5}
