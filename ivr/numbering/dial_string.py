"""What phones write into a Request-URI, reduced to the keys they mean.

Forms seen: `1429`, `%23100` and `*100` (RFC 3261 §25.1 escapes `#`), `+81-90-0000-0001`
(RFC 3966 visual separators), `tel:1429;phone-context=+81`, `0312345678;phone-context=ims.example`.
"""

import re

VISUAL_SEPARATORS = str.maketrans("", "", "-.() ")
"""Characters that mean nothing in a number (RFC 3966 §3); a blank is what people type."""

KEYS = re.compile(r"(?:184|186)?\+[0-9]+|[0-9*#]+", re.ASCII)
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
HOME_CONTEXT = "+81"
LONGEST = 64
"""A longer dialled string is no number of any plan."""


def normalised(dialled: str) -> str | None:
    """Keys `0-9*#`, with a `+` in front of an international number; None when it is no number.

    A number local to another country's context is none of ours; other contexts (a domain,
    Japan) mean the keys as they stand (RFC 3966 §5.1.4).
    """
    if len(dialled) > 4 * LONGEST:
        return None
    number, *parameters = dialled.strip().split(";")
    scheme, colon, rest = number.partition(":")
    if colon and scheme.lower() != "tel":
        return None
    keys = _unescaped(rest if colon else number).translate(VISUAL_SEPARATORS)
    if len(keys) > LONGEST or not KEYS.fullmatch(keys):
        return None
    return None if "+" not in keys and _foreign(parameters) else keys


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)


def _foreign(parameters: list[str]) -> bool:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "phone-context":
            context = _unescaped(value).translate(VISUAL_SEPARATORS)
            return context.startswith("+") and not context.startswith(HOME_CONTEXT)
    return False
