"""How a call was diverted: History-Info (RFC 7044) and Diversion (RFC 5806), built and read.

Both tell the same; History-Info names every address the call was sent to, oldest first, with the
cause in the address it was diverted to (RFC 4458 §2), Diversion each address it was diverted
from, latest first. RFC 7544 says which reason is which cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from ivr.sip.abnf import GrammarError, decimal
from ivr.sip.headers import BadHeader, Headers
from ivr.sip.uri import Uri
from ivr.sip.values import NameAddr


class Cause(IntEnum):
    """Why a call was diverted, as a status code (RFC 4458 §2, 3GPP TS 24.604 §4.5.2.6.2)."""

    UNCONDITIONAL = 302
    UNKNOWN = 404
    NO_REPLY = 408
    DEFLECTED_AT_ONCE = 480
    BUSY = 486
    DEFLECTED = 487
    UNREACHABLE = 503


REASONS = {
    Cause.UNCONDITIONAL: "unconditional",
    Cause.UNKNOWN: "unknown",
    Cause.NO_REPLY: "no-answer",
    Cause.DEFLECTED_AT_ONCE: "deflection",
    Cause.BUSY: "user-busy",
    Cause.DEFLECTED: "deflection",
    Cause.UNREACHABLE: "unavailable",
}
"""The reason of a Diversion header for each cause (RFC 7544 §6)."""

CAUSE_OF = {reason: cause for cause, reason in REASONS.items()}
"""The way back; `deflection` is 487."""

MOST_HOPS = 100
"""No counter is believed to be higher: beyond every hop limit, and few enough to list."""

_HISTORY, _DIVERSION = "History-Info", "Diversion"


@dataclass(frozen=True, slots=True)
class Diverter:
    """One who diverted the call: their address, the cause, and whether they withhold it.

    `address` has neither a cause nor headers; `counter` is how many diversions this one stands
    for, more than one where an earlier network told no more (RFC 5806 §6).
    """

    address: Uri
    cause: Cause
    private: bool = False
    counter: int = 1


def describe(headers: Headers, diverters: Sequence[Diverter], target: Uri) -> None:
    """Say in both headers how a call came to `target`; `diverters` oldest first.

    A call that nobody diverted gets neither header.
    """
    headers.remove(_HISTORY)
    headers.remove(_DIVERSION)
    if diverters:
        headers.set(_HISTORY, *history(diverters, target))
        headers.set(_DIVERSION, *diversions(diverters))


def history(diverters: Sequence[Diverter], target: Uri) -> list[str]:
    """The values of History-Info: each diverter, then `target` (RFC 7044 §5.1, §10.3).

    `mp` says of which entry an address is the new target. What only a counter knows is told by
    Diversion alone.
    """
    values: list[str] = []
    index, before = "1", None
    for diverter in diverters:
        values.append(_entry(diverter.address, index, before, private=diverter.private))
        before = (index, diverter.cause)
        index += ".1"
    return [*values, _entry(target, index, before, private=False)]


def _entry(address: Uri, index: str, before: tuple[str, Cause] | None, *, private: bool) -> str:
    params = {name: value for name, value in address.params.items() if name != "cause"}
    mapped: dict[str, str | None] = {"index": index}
    if before is not None:
        origin, cause = before
        params["cause"] = str(int(cause))
        mapped["mp"] = origin
    headers = {"Privacy": "history"} if private else {}
    uri = _with(address, params, headers)
    return str(NameAddr(str(uri), params=mapped))


def diversions(diverters: Sequence[Diverter]) -> list[str]:
    """The values of Diversion: the latest diverter first (RFC 5806 §4)."""
    values = []
    for diverter in reversed(diverters):
        params: dict[str, str | None] = {
            "reason": REASONS[diverter.cause],
            "privacy": "full" if diverter.private else "off",
            "counter": str(diverter.counter),
        }
        values.append(str(NameAddr(str(diverter.address), params=params)))
    return values


def read(headers: Headers) -> tuple[Diverter, ...]:
    """Who diverted a call, oldest first, as the header tells that knows of more diversions.

    Where both know as many, an address is withheld that either withholds. Total: what cannot be
    read is left out, and a cause nobody knows is `UNKNOWN`.
    """
    if _HISTORY not in headers.fields and _DIVERSION not in headers.fields:
        return ()
    history, diversion = _read_history(headers), _read_diversion(headers)
    if _count(diversion) > _count(history):
        return diversion
    if len(diversion) != len(history):
        return history
    pairs = zip(history, diversion, strict=True)
    return tuple(replace(one, private=one.private or two.private) for one, two in pairs)


def hops(headers: Headers) -> int:
    """How often a call was diverted before it came here, to compare with a hop limit."""
    return _count(read(headers))


def _count(diverters: Sequence[Diverter]) -> int:
    return sum(each.counter for each in diverters)


def _read_history(headers: Headers) -> tuple[Diverter, ...]:
    """An entry with a cause was reached by a diversion of the one its `mp`, or order, names."""
    found: list[Diverter] = []
    addresses: dict[str, Uri] = {}
    before: Uri | None = None
    for entry in _addresses(headers, _HISTORY):
        uri = entry.uri
        origin = addresses.get(entry.param("mp") or "") or before
        if "cause" in uri.params and origin is not None:
            private = "history" in origin.headers.get("Privacy", "").lower()
            cause = _cause(uri.param("cause") or "")
            found.append(Diverter(_plain(origin), cause, private))
        before = addresses[entry.param("index") or ""] = uri
    return tuple(found[:MOST_HOPS])


def _read_diversion(headers: Headers) -> tuple[Diverter, ...]:
    found = [
        Diverter(
            _plain(entry.uri),
            CAUSE_OF.get((entry.param("reason") or "").lower(), Cause.UNKNOWN),
            (entry.param("privacy") or "off").lower() != "off",
            _counter(entry.param("counter")),
        )
        for entry in _addresses(headers, _DIVERSION)
    ]
    return tuple(reversed(found[:MOST_HOPS]))


def _addresses(headers: Headers, name: str) -> list[NameAddr]:
    try:
        values = headers.all(name)
    except BadHeader:
        return []
    return [entry for value in values if (entry := _address(value)) is not None]


def _address(value: str) -> NameAddr | None:
    try:
        entry = NameAddr.parse(value)
        Uri.parse(entry.address)
    except GrammarError:
        return None
    return entry


def _cause(text: str) -> Cause:
    try:
        return Cause(decimal(text, 999))
    except ValueError:
        return Cause.UNKNOWN


def _counter(text: str | None) -> int:
    try:
        return min(max(decimal(text or "1", 10**9), 1), MOST_HOPS)
    except GrammarError:
        return MOST_HOPS if text and text.isascii() and text.isdigit() else 1


def _plain(uri: Uri) -> Uri:
    """The address without what History-Info adds to it."""
    return _with(uri, {name: value for name, value in uri.params.items() if name != "cause"}, {})


def _with(uri: Uri, params: dict[str, str | None], headers: dict[str, str]) -> Uri:
    return Uri(
        uri.scheme,
        uri.user,
        uri.host,
        uri.port,
        password=uri.password,
        params=params,
        headers=headers,
        opaque=uri.opaque,
    )
