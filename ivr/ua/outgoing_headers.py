"""What an INVITE of ours tells of caller, called party and diversions (CALL-04, FWD-08).

Inside the trust domain the true caller stays known (P-Asserted-Identity, RFC 3325 §5); whoever
stands outside of it, a phone above all, reads a withheld number in no header.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.call.party import Diverted, Target
from ivr.sip.diverted import Cause, Diverter, describe
from ivr.sip.headers import Headers
from ivr.sip.uri import Uri
from ivr.ua.addresses import NOBODY, address, sender
from provisioning.contract import Condition

Header = tuple[str, str]

_CAUSES = {
    Condition.CFU: Cause.UNCONDITIONAL,
    Condition.CFB: Cause.BUSY,
    Condition.CFNR: Cause.NO_REPLY,
    Condition.CFNRC: Cause.UNREACHABLE,
}
"""3GPP TS 24.604 §4.5.2.6.2."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who will read the headers.

    Attributes:
        host: the host in addresses of our network.
        trunk: it is another carrier, to whom numbers are told in full, with `+`.
        trusted: it belongs to our trust domain (RFC 3325 §2.4).
        called_party_id: it asks for the number that was dialled (RFC 7315 §4.2).
    """

    host: str
    trunk: bool = False
    trusted: bool = False
    called_party_id: bool = False


@dataclass(frozen=True, slots=True)
class Identities:
    """From and To as name-addrs without tags, and further headers."""

    from_: str
    to: str
    headers: tuple[Header, ...]


def identities(target: Target, reader: Reader) -> Identities:
    """Say to `reader` who calls whom, and how the call came there."""
    called = Uri("sip", target.number, reader.host)
    headers = [*_privacy(target, reader), *_diversions(target, called, reader)]
    if reader.called_party_id:
        headers.append(("P-Called-Party-ID", f"<{called}>"))
    shown = target.presented
    from_ = sender(shown.number, shown.reason, reader.host, full=reader.trunk)
    return Identities(from_, f"<{called}>", tuple(headers))


def _privacy(target: Target, reader: Reader) -> Iterator[Header]:
    if reader.trusted and target.asserted is not None:
        asserted = address(target.asserted, reader.host, full=reader.trunk)
        yield "P-Asserted-Identity", f"<{asserted}>"
    if target.presented.number is None:
        yield "Privacy", "id"


def _diversions(target: Target, called: Uri, reader: Reader) -> list[Header]:
    """History-Info and Diversion, without the number of a diverter who withholds it."""
    fields = Headers()
    describe(fields, [_diverter(each, reader) for each in target.diversions], called)
    names = ("History-Info", "Diversion")
    return [(name, value) for name in names for value in fields.all(name)]


def _diverter(diverted: Diverted, reader: Reader) -> Diverter:
    told = reader.trusted or not diverted.withheld
    who = address(diverted.number, reader.host, full=reader.trunk) if told else NOBODY
    return Diverter(who, _CAUSES[diverted.condition], diverted.withheld)
