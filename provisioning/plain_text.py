"""Text that people read on one line: what a name, an address or a reference may hold."""

import re

PATTERN = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
"""Neither control characters, of which no database keeps a NUL, nor line separators, nor what
turns the direction of writing (UAX #9 §2): a name with it is shown as another one."""

_PLAIN = re.compile(PATTERN.rstrip("$"))


def is_plain(text: str) -> bool:
    """Whether `text` is whole characters that show what they are."""
    return bool(_PLAIN.fullmatch(text)) and not any("\ud800" <= each <= "\udfff" for each in text)
