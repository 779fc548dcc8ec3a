"""What a user agent server refuses before anybody looks at what a request is for (§8.2)."""

from __future__ import annotations

from typing import NamedTuple

from ivr.sip.bodies import is_optional
from ivr.sip.core import Header
from ivr.sip.message import Request
from ivr.sip.reasons import reason_phrase
from ivr.sip.sdp import CONTENT_TYPE
from ivr.sip.session_timer import too_short
from ivr.sip.settings import EndpointSettings

_DESCRIBED = frozenset(("INVITE", "UPDATE", "PRACK"))
"""Methods whose body must be one we can read: a session description."""


_WITHIN_DIALOGS = frozenset(("BYE", "PRACK", "UPDATE", "INFO"))


class Refusal(NamedTuple):
    """A final response to be sent once."""

    status: int
    headers: tuple[Header, ...] = ()

    @property
    def why(self) -> str:
        """The reason for the log: what the status says, and the headers that say more."""
        told = (f"{name}: {value}" for name, value in self.headers)
        return "; ".join((reason_phrase(self.status), *told))


def screen(request: Request, settings: EndpointSettings, *, in_dialog: bool) -> Refusal | None:
    """The refusal a well-formed request deserves, or None (RFC 3261 §8.2.1 to §8.2.3)."""
    method = request.method
    if method not in settings.allow:
        # 405 carries Allow, which `Core.respond` adds.
        return Refusal(405 if method in settings.known else 501)
    if len(request.uri) > settings.max_uri:
        return Refusal(414)
    if not in_dialog and method != "OPTIONS" and request.max_forwards == 0:
        return Refusal(483)  # an OPTIONS is answered by whoever it got to (RFC 3261 §11)
    unknown = _unknown_extension(request, settings)
    return unknown or (_unreadable_body(request, settings) if request.body else None)


def screen_new(request: Request, settings: EndpointSettings) -> Refusal | None:
    """As `screen`, for a request outside of any dialog, and with what each method asks for."""
    refusal = screen(request, settings, in_dialog=False)
    if refusal is not None:
        return refusal
    if request.method in _WITHIN_DIALOGS:
        return Refusal(481)
    if request.method == "REFER":
        return Refusal(403)  # only a party to a call may send the other one elsewhere
    if request.method == "INVITE" and too_short(request, settings.min_se_s):
        return Refusal(422, (("Min-SE", str(settings.min_se_s)),))
    return None


def _unknown_extension(request: Request, settings: EndpointSettings) -> Refusal | None:
    headers = request.headers
    if "Require" not in headers.fields:
        return None
    unknown = [tag for tag in headers.all("Require") if tag.lower() not in settings.supported]
    return Refusal(420, (("Unsupported", ", ".join(unknown)),)) if unknown else None


def _unreadable_body(request: Request, settings: EndpointSettings) -> Refusal | None:
    headers = request.headers
    encoding = headers.get("Content-Encoding")
    if encoding is not None and encoding.lower() != "identity":
        return Refusal(415, (("Accept-Encoding", "identity"),))
    kind = request.content_type
    if request.method not in _DESCRIBED or (kind is not None and kind.name == CONTENT_TYPE):
        return None
    # What is left of several parts by now holds no description (`ivr.sip.bodies`).
    return Refusal(415, (("Accept", ", ".join(settings.accept)),))


def unknown_information(request: Request, settings: EndpointSettings) -> Refusal | None:
    """The answer to an INFO that we can do nothing with, where nobody else can; else None."""
    if "Info-Package" in request.headers:
        return Refusal(469, (("Recv-Info", ""),))  # we asked for none (RFC 6086 §4.2.2)
    kind = request.content_type
    if not request.body or (kind is not None and kind.name in settings.info):
        return None
    if is_optional(request.headers.get("Content-Disposition")):
        return Refusal(200)
    return Refusal(415, (("Accept", ", ".join(settings.info)),))
