"""Who forwarded a call before it came here, as History-Info and Diversion tell (FWD-06, FWD-08)."""

from collections.abc import Iterator, Mapping

from ivr.call.party import Diverted
from ivr.sip.abnf import GrammarError
from ivr.sip.diverted import Cause, Diverter, read
from ivr.sip.message import Request
from ivr.ua.callers import full
from provisioning.contract import E164, Condition

CONDITIONS: Mapping[Cause, Condition] = {
    Cause.UNCONDITIONAL: Condition.CFU,
    Cause.UNKNOWN: Condition.CFU,
    Cause.DEFLECTED_AT_ONCE: Condition.CFU,
    Cause.DEFLECTED: Condition.CFNR,
    Cause.NO_REPLY: Condition.CFNR,
    Cause.BUSY: Condition.CFB,
    Cause.UNREACHABLE: Condition.CFNRC,
}
"""The condition nearest to each cause; a deflection is one of an alerting phone, or of none yet."""


def diverted_before(request: Request) -> tuple[Diverted, ...]:
    """The forwardings whose number can be read, oldest first. Total."""
    return tuple(_known(read(request.headers)))


def _known(diverters: tuple[Diverter, ...]) -> Iterator[Diverted]:
    for diverter in diverters:
        number = _number(diverter)
        if number is not None:
            yield Diverted(number, CONDITIONS[diverter.cause], diverter.private)


def _number(diverter: Diverter) -> E164 | None:
    try:
        telephone = diverter.address.telephone()
    except GrammarError:
        return None
    return full(telephone.digits) if telephone is not None else None
