"""NTT's NGN user-network interface, as lines with the option `ngn-uni` have it.

No NTT text was to be had: this is what a proxy that works on one knows of it (menhera-org/ftth-sip,
SPECS.md and src/sip/proxy/backend.rs; facts §8). A phone there needs no password at its own
address, says which of its numbers calls in P-Preferred-Identity, and finds the number that was
called in P-Called-Party-ID.
"""

from dataclasses import replace

from ivr.numbering.plan import national
from ivr.sip.abnf import GrammarError
from ivr.sip.message import Request
from ivr.sip.uri import Uri
from ivr.ua.bindings import RegistrarLimits
from provisioning.contract import E164, Binding

OPTION = "ngn-uni"
"""The option of its line."""

EXPIRES_S = 3600
"""What every REGISTER is granted; a phone refreshes at 0.4 of it."""

SESSION_S = 300
"""Session-Expires and Min-SE of its calls."""


def limits(usual: RegistrarLimits) -> RegistrarLimits:
    """What a REGISTER is granted instead of the usual."""
    return replace(usual, default_expires_s=EXPIRES_S, max_expires_s=EXPIRES_S)


def replaced(
    before: tuple[Binding, ...], after: tuple[Binding, ...], flow: str
) -> tuple[Binding, ...]:
    """The bindings without those that a new contact from the same address takes the place of.

    Equipment makes up another Contact user whenever it starts; it is one phone all the same.
    """
    fresh = {binding.contact for binding in after} - {binding.contact for binding in before}
    if not fresh:
        return after
    return tuple(b for b in after if b.flow != flow or b.contact in fresh)


def granted(request: Request, line: E164, address: str) -> list[tuple[str, str]]:
    """What the 200 to a REGISTER says besides (RFC 3327 §5.3, RFC 3608 §5, RFC 7315 §4.1).

    Args:
        address: host and port where the carrier takes the interface's requests.
    """
    return [
        ("Path", f"<sip:{address};lr>"),
        ("Service-Route", f"<sip:{address};lr>"),
        ("P-Associated-URI", f"<{Uri('sip', national(line), _domain(request, address))}>"),
    ]


def _domain(request: Request, address: str) -> str:
    """The network's name as the phone has it, which need not resolve."""
    try:
        return request.to.uri.host
    except GrammarError:
        return address.rpartition(":")[0]
