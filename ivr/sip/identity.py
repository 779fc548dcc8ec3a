"""Who a request says is calling: From, P-Preferred-Identity, P-Asserted-Identity and Privacy.

RFC 3325 §9, RFC 3323 §4. What is read here is a claim; whether it is believed depends on who
made it. Total: a header that cannot be read says nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ivr.sip.abnf import GrammarError
from ivr.sip.message import Request
from ivr.sip.values import NameAddr

_PREFERRED, _ASSERTED = "P-Preferred-Identity", "P-Asserted-Identity"
_WITHHOLDING = frozenset(("id", "user", "header"))
"""Values of Privacy that hide who calls (RFC 3323 §4.2, RFC 3325 §9.3)."""

_SHOWING = "none"
_ANONYMOUS_HOST, _ANONYMOUS_USER = "anonymous.invalid", "anonymous"
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_DOMESTIC = "+81"
_MOST_VALUES = 8
"""Of one header; RFC 3325 §9.1 allows two."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of its caller.

    Attributes:
        number: digits as they stand there, with `+` or without; None when it names no number.
        withheld: the caller, or a network before us, wants the number not to be shown.
        display: the display name of From; a caller without a number has the reason in it.
        listed: every number of the identity header, the one above among them.
    """

    number: str | None
    withheld: bool
    display: str = ""
    listed: tuple[str, ...] = ()


def asserted(request: Request) -> Claim:
    """What a network that we trust says: P-Asserted-Identity, else From (RFC 3325 §5)."""
    return _claim(request, _ASSERTED)


def preferred(request: Request) -> Claim:
    """What a phone says of itself: P-Preferred-Identity, else From (RFC 3325 §9.2)."""
    return _claim(request, _PREFERRED)


def stated(request: Request) -> Claim:
    """What anybody says: From alone."""
    return _claim(request, None)


def identified(request: Request, allowed: Iterable[str]) -> Claim:
    """A phone's claim, as far as it is one of the `allowed` numbers; else it has no number."""
    claim = preferred(request)
    known = frozenset(allowed)
    own = next((number for number in claim.listed if number in known), None)
    return Claim(own, claim.withheld, claim.display, (own,) if own else ())


def withholds(request: Request) -> bool:
    """Whether the caller asks, by Privacy or by an anonymous From, not to be shown."""
    wanted = _privacy(request)
    if _SHOWING in wanted:
        return False
    return bool(wanted & _WITHHOLDING) or _is_anonymous(_from(request))


def _claim(request: Request, header: str | None) -> Claim:
    sender = _from(request)
    named = tuple(_numbers(request, header)) if header else ()
    if not named and sender is not None:
        number = _number(sender)
        named = (number,) if number is not None else ()
    display = sender.display if sender is not None else ""
    return Claim(named[0] if named else None, withholds(request), display, named)


def _numbers(request: Request, header: str) -> Iterator[str]:
    try:
        values = request.headers.all(header)
    except GrammarError:
        return
    for value in values[:_MOST_VALUES]:
        number = _number_of(value)
        if number is not None:
            yield number


@lru_cache(4096)
def _number_of(value: str) -> str | None:
    try:
        return _number(NameAddr.parse(value))
    except GrammarError:
        return None


def _number(address: NameAddr) -> str | None:
    """The number of a `tel:` URI or of a SIP URI's user part; phone-context says the country."""
    try:
        telephone = address.uri.telephone()
    except GrammarError:
        return None
    if telephone is None or not _NUMBER.fullmatch(telephone.digits):
        return None
    context = telephone.phone_context or ""
    foreign = context.startswith("+") and context != _DOMESTIC
    if foreign and not telephone.digits.startswith("+"):
        number = context + telephone.digits
        return number if _NUMBER.fullmatch(number) else None
    return telephone.digits


def _from(request: Request) -> NameAddr | None:
    try:
        return request.from_
    except GrammarError:
        return None


def _is_anonymous(sender: NameAddr | None) -> bool:
    if sender is None:
        return False
    try:
        uri = sender.uri
    except GrammarError:
        return False
    return uri.host.lower() == _ANONYMOUS_HOST or (uri.user or "").lower() == _ANONYMOUS_USER


def _privacy(request: Request) -> frozenset[str]:
    values = request.headers.lines("Privacy")
    return frozenset(part.strip().lower() for value in values for part in value.split(";"))
