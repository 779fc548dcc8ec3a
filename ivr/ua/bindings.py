"""What a REGISTER does to an AOR's bindings (RFC 3261 §10.3), as one pure step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ivr.sip.abnf import GrammarError
from ivr.sip.message import Request
from ivr.sip.uri import Uri
from ivr.sip.values import NameAddr
from provisioning.contract import Binding


@dataclass(frozen=True, slots=True)
class RegistrarLimits:
    """Expiry bounds in seconds, and how many phones may share one account (A)."""

    default_expires_s: int = 3600
    min_expires_s: int = 60
    max_expires_s: int = 7200
    bindings_per_account: int = 10


MOST_PROXIES = 10
"""Between a phone and us (A)."""


class Refused(Exception):
    """The REGISTER changes nothing; `status` and `reason` say why, `headers` help the phone."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(f"{status} {reason}")
        self.status, self.reason, self.headers = status, reason, headers


def after(
    request: Request,
    current: Sequence[Binding],
    *,
    flow: str,
    now: float,
    limits: RegistrarLimits,
) -> tuple[Binding, ...]:
    """The AOR's bindings once `request` took effect (RFC 3261 §10.3, steps 6 to 8).

    Args:
        current: the live bindings.
        flow: transport and peer the request came from, as `udp:192.0.2.1:5062`.
        now: UTC epoch seconds, the zero of `expires_at`.
    Raises:
        Refused: 400, 403, 423 or 500; nothing changes then.
    """
    contacts = _contacts(request)
    if any(contact.is_star for contact in contacts):
        return _without_all(request, contacts, current)
    changed = {binding.contact: binding for binding in current}
    for contact in contacts:
        key = contact.address
        if key not in changed:
            key = _same(contact.uri, current) or key
        _check_order(request, changed.get(key))
        expires_s = _granted_s(contact, request, limits)
        if expires_s:
            changed[key] = _binding(contact, request, flow, now + expires_s)
        else:
            changed.pop(key, None)
    if len(changed) > limits.bindings_per_account:
        raise Refused(403, "Too Many Contacts For This Account")
    return tuple(changed.values())


def _contacts(request: Request) -> Sequence[NameAddr]:
    """The contacts, each a SIP URI with a host or the star.

    A `tel:` contact would have calls leave for whatever number it names.
    """
    try:
        contacts = request.contacts
        for contact in contacts:
            if not contact.is_star and not (
                contact.uri.scheme in ("sip", "sips") and contact.uri.host
            ):
                raise Refused(400, "Contact Must Be A SIP URI")
    except GrammarError as error:
        raise Refused(400, "Bad Contact") from error
    return contacts


def _without_all(
    request: Request, contacts: Sequence[NameAddr], current: Sequence[Binding]
) -> tuple[Binding, ...]:
    """`Contact: *` removes every binding, alone and with `Expires: 0` only (step 6)."""
    if request.headers.get("Expires") != "0" or len(contacts) > 1:
        raise Refused(400, "Contact * Stands Alone With Expires 0")
    for binding in current:
        _check_order(request, binding)
    return ()


def _check_order(request: Request, known: Binding | None) -> None:
    """A REGISTER of the same Call-ID must have a higher CSeq (step 7)."""
    if known and known.call_id == request.call_id and request.cseq.number <= known.cseq:
        raise Refused(500, "CSeq Out Of Order")


def _granted_s(contact: NameAddr, request: Request, limits: RegistrarLimits) -> int:
    """Seconds granted: the contact's own wish, else the header's, else the default."""
    wish = contact.param("expires") or request.headers.get("Expires") or ""
    # A malformed value is treated as the default (RFC 3261 §10.3, step 6 by §20.10 and §20.19).
    fine = wish.isascii() and wish.isdigit() and len(wish) <= 10
    asked = int(wish) if fine else limits.default_expires_s
    if 0 < asked < limits.min_expires_s:
        raise Refused(423, "Interval Too Brief", ("Min-Expires", str(limits.min_expires_s)))
    return min(asked, limits.max_expires_s)


def _same(uri: Uri, known: Iterable[Binding]) -> str | None:
    """The stored contact equal to `uri` by RFC 3261 §19.1.4."""
    return next((b.contact for b in known if _stored(b.contact) == uri), None)


_stored = lru_cache(4096)(Uri.parse)
"""A contact of ours, which every REGISTER with another one is compared with."""


def _binding(contact: NameAddr, request: Request, flow: str, expires_at: float) -> Binding:
    return Binding(
        contact=contact.address,
        call_id=request.call_id,
        cseq=request.cseq.number,
        expires_at=expires_at,
        flow=flow,
        q=_quality(contact.param("q") or "1"),
        path=_path(request) if "Path" in request.headers else (),
        instance=contact.param("+sip.instance"),
        user_agent=(request.headers.get("User-Agent") or "")[:200],
    )


def _path(request: Request) -> tuple[str, ...]:
    """The proxies on the way, who will stand in Route of every call (RFC 3327 §5.3)."""
    try:
        path = request.headers.all("Path")
        fine = len(path) <= MOST_PROXIES and all(NameAddr.parse(each).uri.is_sip for each in path)
    except GrammarError as error:
        raise Refused(400, "Bad Path") from error
    if not fine:
        raise Refused(400, f"Path Is Of {MOST_PROXIES} SIP URIs At Most")
    return tuple(path)


def _quality(text: str) -> float:
    try:
        q = float(text)
    except ValueError:
        q = -1.0
    if not 0.0 <= q <= 1.0:
        raise Refused(400, "Contact q Must Lie Between 0 And 1")
    return q


def living(bindings: Iterable[Binding], now: float) -> tuple[Binding, ...]:
    """Those that have not expired, the most wanted first (RFC 3261 §16.6 by q)."""
    left = [b for b in bindings if b.expires_at > now]
    if len(left) > 1:
        left.sort(key=lambda b: -b.q)
    return tuple(left)


def moved(bindings: Iterable[Binding], seconds: float) -> tuple[Binding, ...]:
    """The same bindings on another clock: `expires_at` shifted by `seconds`."""
    # By hand: `dataclasses.replace` takes twice as long.
    return tuple(
        Binding(
            b.contact,
            b.call_id,
            b.cseq,
            b.expires_at + seconds,
            b.flow,
            b.q,
            b.path,
            b.instance,
            b.user_agent,
        )
        for b in bindings
    )
