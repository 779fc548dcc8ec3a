"""RTCP compounds (RFC 3550 §6)."""

import pytest

from ivr.media.rtcp import Block, Heard, Sent, goodbye, ntp, parse, report

BLOCK = Block(0x11223344, 64, -3, 70000, 12, 0xAABBCCDD, 65536)
SENT = Sent(1.5, 0x1_0000_0005, 100, 16000)


def test_a_report_says_what_we_saw() -> None:
    heard = parse(report(7, "name", SENT, (BLOCK,)))
    assert heard == Heard(7, (ntp(1.5) >> 16) & 0xFFFFFFFF, (BLOCK,), goodbye=False)


def test_who_sent_nothing_makes_a_receiver_report() -> None:
    octets = report(7, "name", SENT._replace(packets=0), (BLOCK,))
    assert octets[1] == 201
    assert parse(octets) == Heard(7, 0, (BLOCK,), goodbye=False)


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd", "x" * 300])
def test_compounds_are_whole_words_and_end_their_names_with_null(name: str) -> None:
    octets = report(7, name, SENT)
    assert len(octets) % 4 == 0
    assert octets[-1] == 0
    assert parse(octets) is not None


def test_goodbye_begins_with_a_report() -> None:
    octets = goodbye(7, "name")
    assert octets[1] == 201
    assert parse(octets) == Heard(7, 0, (), goodbye=True)


def test_losses_stay_in_their_24_bits() -> None:
    for lost, kept in ((1 << 30, 0x7FFFFF), (-(1 << 30), -0x800000)):
        heard = parse(report(7, "n", SENT, (BLOCK._replace(lost=lost),)))
        assert heard is not None
        assert heard.blocks[0].lost == kept


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x80\xc8\x00",
        b"\x80\xc8\x00\x01" + bytes(4),
        b"\x80\xca\x00\x01" + bytes(4),
        b"\x80\xc9\x00\x00" + bytes(4),
        b"\x80\xc9\x00\x09" + bytes(4),
        b"\x00\xc9\x00\x01" + bytes(4),
        b"\x80\xc9\x00\x01" + bytes(6),
    ],
)
def test_what_is_no_compound_is_nothing(octets: bytes) -> None:
    assert parse(octets) is None


def test_more_blocks_promised_than_there_are() -> None:
    assert parse(b"\x9f\xc9\x00\x01" + bytes(4)) == Heard(0, 0, (), goodbye=False)
