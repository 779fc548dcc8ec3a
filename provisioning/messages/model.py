"""What a message may be, and how long it is kept."""

import hashlib
from dataclasses import dataclass

from provisioning.contract import MessageTooLong

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, and for how long.

    Attributes:
        octets: the longest text, as UTF-8.
        lasts_s: a message that no phone took within this time is worth nothing any more.
        per_line: messages that wait for one line; per_account: those of one sender that wait.
        kept_days: of a message that is over, its row is kept for so long.
    """

    octets: int = 2048
    lasts_s: float = 3 * DAY_S
    per_line: int = 100
    per_account: int = 200
    kept_days: int = 30


def checked_text(text: str, limits: Limits) -> bytes:
    """The text as octets; `MessageTooLong` when they are too many."""
    data = text.encode()
    if len(data) > limits.octets:
        raise MessageTooLong(f"a message has at most {limits.octets} octets, this one {len(data)}")
    return data


def occasion_key(occasion: str) -> str:
    """A name of one length for an occasion of any: what makes it up are texts of strangers."""
    return hashlib.blake2s(occasion.encode("utf-8", "replace"), digest_size=16).hexdigest()
