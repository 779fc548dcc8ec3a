"""What a phone is told of its voicemail: event package `message-summary` (RFC 3842)."""

from ivr.sip.events import Flow
from ivr.sip.message import Request
from ivr.ua.bindings import Refused
from provisioning.contract import Counts

PACKAGE = "message-summary"
MEDIA_TYPE = "application/simple-message-summary"

_TAKEN = frozenset((MEDIA_TYPE, "application/*", "*/*"))


def check_package(request: Request) -> None:
    """Pass a SUBSCRIBE for this package whose sender reads its bodies.

    Raises:
        Refused: 489 for another package or none, 406 where Accept leaves our bodies out.
    """
    package = (request.headers.get("Event") or "").partition(";")[0].strip()
    if package.lower() != PACKAGE:
        raise Refused(489, "Bad Event", ("Allow-Events", PACKAGE))
    accepted = request.headers.all("Accept")
    kinds = {each.partition(";")[0].strip().lower() for each in accepted}
    if accepted and not kinds & _TAKEN:
        raise Refused(406, "Not Acceptable", ("Accept", MEDIA_TYPE))


def summary(counts: Counts, account: str) -> bytes:
    """The body of a NOTIFY (RFC 3842 §5.2): what is new, what is old, and where to hear it.

    Args:
        account: the URI to call.
    """
    waiting = "yes" if counts.new else "no"
    return (
        f"Messages-Waiting: {waiting}\r\n"
        f"Message-Account: {account}\r\n"
        f"Voice-Message: {counts.new}/{counts.saved} (0/0)\r\n"
    ).encode("ascii")


def account_at(code: str, address: str, flow: Flow) -> str:
    """The URI that a phone at the other end of `flow` calls to hear its messages.

    Args:
        address: host and port of ours on that flow.
    """
    named = "ws" if flow.transport == "WSS" else flow.transport.lower()
    transport = "" if named == "udp" else f";transport={named}"
    return f"sip:{code}@{address}{transport}"
