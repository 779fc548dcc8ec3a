"""Messages nobody should send, made by seed: a valid request bent in one place.

The kinds of bend are those of the PROTOS c07-sip suite (overlong values, format strings, broken
numbers, separators in excess, bytes that are no text); the messages are our own.
"""

import random
from collections.abc import Callable, Iterator
from typing import TypeAlias

Bend: TypeAlias = Callable[[random.Random], bytes]

_LENGTHS = (1, 2, 15, 63, 127, 255, 1023, 4095, 16_383, 40_000)
_NUMBERS = (
    "-1", "0", "1", "255", "256", "65535", "65536", "70000", "2147483647", "2147483648",
    "4294967295", "4294967296", "9" * 40, "1e9", "0x10", "+5", " 7", "", "NaN",
)  # fmt: skip
_ADDRESSES = (
    "127.0.0.1", "999.999.999.999", "[::1]", "[::", "::1", "255.255.255.255", "0.0.0.0",
    "[fe80::1%25eth0]", "127.1", "host", "-", ".", "a" * 300, "127.0.0.1:70000", "127.0.0.1:-1",
    "224.0.0.1", "[::ffff:127.0.0.1]:0",
)  # fmt: skip
_ODD_BYTES = (
    b"\x00",
    b"\xff\xfe",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\r",
    b"\n",
    b"\x1b[31m",
    b"\x7f",
)
_SEPARATORS = '<>@:;,="/?&%()[]{} \t'

HEADERS = (
    "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Length",
    "Content-Type", "Authorization", "Route", "Record-Route", "Require", "Expires", "Allow",
    "Supported", "Accept", "Date", "Min-Expires", "Session-Expires", "Subject", "Timestamp",
)  # fmt: skip
METHODS = ("INVITE", "REGISTER", "OPTIONS", "ACK", "CANCEL", "BYE", "MESSAGE", "INFO", "FROB")


def _repeated(dice: random.Random) -> bytes:
    return dice.choice(_SEPARATORS).encode() * dice.choice(_LENGTHS)


def _long(dice: random.Random) -> bytes:
    return b"a" * dice.choice(_LENGTHS)


def _format(dice: random.Random) -> bytes:
    return dice.choice((b"%s", b"%n", b"%x", b"{0}", b"${jndi:x}", b"%00")) * dice.choice((1, 40))


def _number(dice: random.Random) -> bytes:
    return dice.choice(_NUMBERS).encode()


def _address(dice: random.Random) -> bytes:
    return b"<sip:x@" + dice.choice(_ADDRESSES).encode() + b">"


def _odd(dice: random.Random) -> bytes:
    return b"ab" + dice.choice(_ODD_BYTES) * dice.choice((1, 3, 100)) + b"cd"


def _nested(dice: random.Random) -> bytes:
    return b'"' + b'\\"' * dice.choice((1, 500)) + b"<<" * dice.choice((1, 500))


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice((1, 20, 500)))


_BENDS: tuple[Bend, ...] = (
    _repeated, _long, _format, _number, _address, _odd, _nested, _noise,
)  # fmt: skip


def mutations(seed: int, count: int, host: str, port: int) -> Iterator[bytes]:
    """`count` bent requests whose answers, where there are any, go to `host` and `port`."""
    dice = random.Random(seed)
    for number in range(count):
        yield _mutant(dice, f"{seed}-{number}", host, port)


def bent(dice: random.Random, message: bytes) -> bytes:
    """A message with one of its lines bent, the body's lines included."""
    lines = message.split(b"\r\n")
    victim, bend = dice.randrange(len(lines)), dice.choice(_BENDS)(dice)
    lines[victim] = _bent_line(dice, lines[victim], bend) if lines[victim] else bend
    return b"\r\n".join(lines)


def _mutant(dice: random.Random, name: str, host: str, port: int) -> bytes:
    method = dice.choice(METHODS)
    lines = _request_lines(method, name, host, port)
    bend = dice.choice(_BENDS)(dice)
    victim = dice.randrange(len(lines) + 1)
    if victim == len(lines):
        lines.append(dice.choice(HEADERS).encode() + b": " + bend)
    elif victim == 0:
        parts = lines[0].split(b" ")
        parts[dice.randrange(3)] = bend
        lines[0] = b" ".join(parts)
    else:
        lines[victim] = _bent_line(dice, lines[victim], bend)
    return b"\r\n".join([*lines, b"", b""])


def _bent_line(dice: random.Random, line: bytes, bend: bytes) -> bytes:
    name, _, value = line.partition(b": ")
    place = dice.randrange(len(value) + 1)
    return dice.choice(
        (
            name + b": " + bend,
            name + b": " + value[:place] + bend + value[place:],
            name + b": " + value + b";" + bend,
            name + b": " + value + b", " + bend,
            bend + b": " + value,
            name + value,
        )
    )


def _request_lines(method: str, name: str, host: str, port: int) -> list[bytes]:
    text = (
        f"{method} sip:09000000001@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKabuse{name};rport",
        f"From: <sip:abuse@127.0.0.1>;tag=f{name}",
        "To: <sip:09000000001@127.0.0.1>",
        f"Call-ID: abuse-{name}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:abuse@{host}:{port}>",
        "Max-Forwards: 70",
        "Content-Length: 0",
    )
    return [line.encode() for line in text]
