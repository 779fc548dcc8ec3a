"""Keys in the body of an INFO, as softphones send them."""

KEY_TYPES = ("application/dtmf-relay", "application/dtmf")
"""Cisco's `Signal=5` lines, and the bare key; neither has an RFC, both are everywhere."""

_KEYS = frozenset("0123456789*#ABCD")
_BY_NUMBER = {"10": "*", "11": "#"}


def key_of(content_type: str, body: bytes) -> str | None:
    """The key an INFO carries, one of `0-9 * # A-D`, or None when it carries none."""
    text = body.decode("ascii", "replace").strip()
    if content_type == "application/dtmf-relay":
        text = _signal(text)
    elif content_type != "application/dtmf":
        return None
    key = _BY_NUMBER.get(text, text.upper())
    return key if key in _KEYS else None


def _signal(text: str) -> str:
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip().lower() == "signal":
            return value.strip()
    return ""


def as_info(key: str) -> tuple[str, bytes]:
    """A key as the body of an INFO, behind its content type."""
    return KEY_TYPES[0], f"Signal={key}\r\nDuration=160\r\n".encode("ascii")
