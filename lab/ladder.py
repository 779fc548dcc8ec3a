"""SIP messages as a person reads them: one line each, or whole."""

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo

from lab.trace import Gap, Seen

_HEADER = re.compile(rb"(?im)^(?P<name>call-id|i|cseq)[ \t]*:[ \t]*(?P<value>[^\r\n]*)")
_CONTROL = re.compile(r"[^\x20-\x7e\u00a1-\ud7ff\uf900-\uffef]")


def one_line(item: Seen | Gap, zone: tzinfo) -> str:
    """Time, direction, peer, what, and which call."""
    if isinstance(item, Gap):
        return f"             … {item.missed} messages were missed; the reader was too slow"
    arrow = "◀──" if item.sent else "──▶"
    peer = f"{_bracketed(item.peer[0])}:{item.peer[1]}"
    at = datetime.fromtimestamp(item.at, zone)
    call, cseq = _named(item.data)
    what = _summary(item.data, cseq)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {peer:<21} {arrow} {what}  [{call[:12]}]"


def whole(item: Seen | Gap, zone: tzinfo) -> Iterator[str]:
    """The line, then the message indented; nothing in it can steer the terminal."""
    yield one_line(item, zone)
    if isinstance(item, Seen):
        for line in item.data.decode("utf-8", "backslashreplace").splitlines():
            yield f"    {_safe(line)}"
        yield ""


def _summary(data: bytes, cseq: str) -> str:
    start = _safe(data.split(b"\r\n", 1)[0].decode("utf-8", "backslashreplace"))
    if start.startswith("SIP/2.0 "):
        method = cseq.partition(" ")[2]
        return f"{start.removeprefix('SIP/2.0 ')} ({method})" if method else start
    return start.removesuffix(" SIP/2.0") or "(keep-alive)"


def _named(data: bytes) -> tuple[str, str]:
    """Call-ID and CSeq, as they stand."""
    call = cseq = ""
    for found in _HEADER.finditer(data):
        value = _safe(found["value"].decode("utf-8", "backslashreplace").strip())
        if found["name"].lower() == b"cseq":
            cseq = cseq or value
        else:
            call = call or value
    return call, cseq


def _safe(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
