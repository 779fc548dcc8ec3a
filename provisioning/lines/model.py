"""What a line is contracted for, and the digest secrets of its accounts."""

import hashlib
import re
from collections.abc import Mapping

from provisioning.contract import E164, Line

TOKUTEI_NOTIFY = "tokutei-notify"
"""特定番号通知: calls may show the line's freephone number (SHOW-01)."""

ALGORITHMS: Mapping[str, str] = {"SHA-256": "sha256", "MD5": "md5"}
"""Digest algorithms by the name SIP gives them (RFC 8760 §2.1), with hashlib's name."""

_E164 = re.compile(r"\+[0-9]{2,15}", re.ASCII)


def ha1(user: str, realm: str, password: str) -> dict[str, str]:
    """H(user:realm:password) as hex, by algorithm (RFC 7616 §3.4.2)."""
    text = f"{user}:{realm}:{password}".encode()
    return {
        name: hashlib.new(algorithm, text, usedforsecurity=False).hexdigest()
        for name, algorithm in ALGORITHMS.items()
    }


def is_e164(number: str) -> bool:
    """Whether `number` is `+` and 2 to 15 digits (ITU-T E.164)."""
    return _E164.fullmatch(number) is not None


def shown_freephone(line: Line) -> E164 | None:
    """The number that 特定番号通知 shows, if the line contracted it (SHOW-01)."""
    return line.freephone if TOKUTEI_NOTIFY in line.options else None
