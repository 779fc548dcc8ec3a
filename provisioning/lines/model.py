"""Numbers as lines have them, and the digest secrets of their accounts."""

import hashlib
import re
from collections.abc import Mapping

from provisioning.contract import ContractError


class UnknownAccount(ContractError):
    """No such SIP account."""


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
