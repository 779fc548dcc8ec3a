"""Numbers, and callers without one, as addresses in headers (CALL-04)."""

from ivr.numbering.plan import national
from ivr.numbering.presentation import ANONYMOUS
from ivr.sip.uri import Uri
from ivr.sip.values import NameAddr

NOBODY = Uri("sip", "anonymous", "anonymous.invalid")
"""Who withholds the address (RFC 3323 §4.1.1.3)."""


def address(number: str, host: str, *, full: bool = False) -> Uri:
    """A number at `host`: as subscribers dial it, or `full`, with `+`, as carriers exchange it."""
    user = number if full else national(number)
    return Uri("sip", user, host, params={"user": "phone"})


def sender(number: str | None, reason: str, host: str, *, full: bool = False) -> str:
    """From without its tag: the number, or as display name the `reason` why there is none."""
    if number is None:
        return str(NameAddr(str(NOBODY), reason or ANONYMOUS))
    return f"<{address(number, host, full=full)}>"
