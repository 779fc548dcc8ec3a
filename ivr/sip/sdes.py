"""Keys of SRTP in a session description: `a=crypto` (RFC 4568), one suite, one key a direction.

A key belongs nowhere but into the description itself: neither into a log nor into a cache.
"""

import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field

SUITE = "AES_CM_128_HMAC_SHA1_80"
"""The suite every implementation has (RFC 4568 §6.2.1)."""
KEY_OCTETS = 30
"""Master key and salt (RFC 4568 §6.2, RFC 3711 §8.2)."""
SECURE = {"RTP/AVP": "RTP/SAVP", "RTP/AVPF": "RTP/SAVPF"}
"""Each profile's name with SRTP (RFC 3711, RFC 5124)."""

_LONGEST = 1000
_TAG_DIGITS = 9
_INLINE = "inline:"
_HARMLESS = "WSH="
"""A session parameter that asks nothing of us: the window of the sender's replay protection."""


@dataclass(frozen=True, slots=True)
class Crypto:
    """One `a=crypto` of our suite; `key` is master key and salt."""

    tag: int
    key: bytes = field(repr=False)

    @property
    def value(self) -> str:
        """What stands after `a=crypto:`."""
        return (
            f"{self.tag} {SUITE} {_INLINE}{binascii.b2a_base64(self.key, newline=False).decode()}"
        )

    @staticmethod
    def parse(value: str) -> "Crypto | None":
        """Read a value; None when it is broken or asks for what is not spoken here.

        That is another suite, several keys or a key identifier (MKI), or a session parameter that
        changes what is sent (RFC 4568 §6.3).
        """
        words = value.split()
        if len(value) > _LONGEST or len(words) < 3 or words[1] != SUITE:
            return None
        tag, parameters, further = words[0], words[2], words[3:]
        if not (tag.isascii() and tag.isdigit()) or len(tag) > _TAG_DIGITS:
            return None
        key = _key(parameters)
        if key is None or not all(each.startswith(_HARMLESS) for each in further):
            return None
        return Crypto(int(tag), key)


@dataclass(frozen=True, slots=True)
class Securing:
    """Our wish for SRTP: the key we send with, and whether sound without it is out of question."""

    key: bytes = field(repr=False)
    required: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """What both directions are encrypted with: master key and salt each."""

    ours: bytes = field(repr=False)
    theirs: bytes = field(repr=False)


def usable(values: Iterable[str], tag: int | None = None) -> Crypto | None:
    """The first that we speak, of all or of those with this tag."""
    for value in values:
        crypto = Crypto.parse(value)
        if crypto is not None and tag in (None, crypto.tag):
            return crypto
    return None


def _key(parameters: str) -> bytes | None:
    """`inline:KEY|lifetime`; the lifetime binds who sends with it."""
    if not parameters.startswith(_INLINE) or ";" in parameters:
        return None
    text, *further = parameters[len(_INLINE) :].split("|")
    if any(":" in each for each in further):
        return None
    try:
        key = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_OCTETS else None
