"""A call's SIP messages as a ladder: a column for each phone, the carrier's in the middle."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from lab.trace import Seen

Address = tuple[str, int]

CARRIER = "carrier"
_COLUMN = 34
_STAMP = 13
_START = re.compile(rb"\A(?:SIP/2\.0 (?P<status>\d{3} [^\r\n]*)|(?P<method>[A-Z]+) (?P<uri>\S+))")
_CSEQ = re.compile(rb"(?im)^cseq[ \t]*:[ \t]*\d+[ \t]+(?P<method>\w+)")
_UNSAFE = re.compile(r"[^\x20-\x7e]")


def ladder(seen: Sequence[Seen], names: Mapping[Address, str], zone: tzinfo) -> Iterator[str]:
    """The lines of a text.

    Args:
        seen: in order.
        names: what the column of a phone's address is headed by; others have their address.
        zone: of the times.
    """
    peers = list(dict.fromkeys(item.peer for item in seen if _START.match(item.data)))
    heads = [names.get(peer, f"{peer[0]}:{peer[1]}") for peer in peers]
    places = _places(len(peers))
    yield _row(" " * _STAMP, dict(zip(places, [CARRIER, *heads], strict=True)))
    for item in seen:
        if _START.match(item.data):
            at = datetime.fromtimestamp(item.at, zone)
            stamp = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} "
            yield stamp + _arrow(places, places[1 + peers.index(item.peer)], item)


def _places(peers: int) -> list[int]:
    """Where the columns stand: the carrier's first, with half of the peers at its left."""
    left = (peers + 1) // 2
    carrier = left * _COLUMN
    return [carrier, *(at * _COLUMN for at in range(peers + 1) if at * _COLUMN != carrier)]


def _row(start: str, heads: Mapping[int, str]) -> str:
    line = start
    for place, head in sorted(heads.items()):
        line = line.ljust(_STAMP + place) + head[: _COLUMN - 2] + " "
    return line.rstrip()


def _arrow(places: Sequence[int], peer: int, item: Seen) -> str:
    """One message between the carrier's column and a peer's."""
    line = [" "] * (max(places) + 1)
    for place in places:
        line[place] = "|"
    low, high = sorted((places[0], peer))
    rightward = (places[0] < peer) is item.sent
    what = f" {_summary(item.data)[: high - low - 6]} "
    for at in range(low + 1, high):
        line[at] = "-"
    line[low + 2 : low + 2 + len(what)] = what
    if rightward:
        line[high - 1] = ">"
    else:
        line[low + 1] = "<"
    return "".join(line)


def _summary(data: bytes) -> str:
    """`INVITE 1429`, `200 OK (INVITE)`."""
    found = _START.match(data)
    assert found is not None
    if found["method"]:
        method = found["method"].decode("ascii")
        user = re.match(rb"sips?:([^@;>]+)@", found["uri"])
        return f"{method} {_safe(user[1])}" if user else method
    cseq = _CSEQ.search(data)
    of = f" ({_safe(cseq['method'])})" if cseq else ""
    return _safe(found["status"]) + of


def _safe(text: bytes) -> str:
    return _UNSAFE.sub("?", text.decode("utf-8", "replace")).strip()
