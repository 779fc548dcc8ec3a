"""Answers to those who ask for a password of ours (RFC 3261 §22.2, §22.3; RFC 8760)."""

import secrets

from ivr.sip.abnf import GrammarError
from ivr.sip.digest import authorize
from ivr.sip.message import Request, Response

_PROXY = 407


class Unanswerable(Exception):
    """A challenge that no credentials of ours will satisfy; the text says why."""


def credentials(response: Response, request: Request, user: str, password: str) -> tuple[str, str]:
    """The header that answers a 401 or 407 to `request`.

    Raises:
        Unanswerable: it asks for what we do not speak, or the password was tried and is wrong.
    """
    by_proxy = response.status == _PROXY
    asked, answered = (
        ("Proxy-Authenticate", "Proxy-Authorization")
        if by_proxy
        else ("WWW-Authenticate", "Authorization")
    )
    challenges = response.headers.all(asked)
    if answered in request.headers and not any("stale=true" in each.lower() for each in challenges):
        raise Unanswerable("the password was refused")
    try:
        value = authorize(
            challenges,
            user=user,
            password=password,
            method=request.method,
            uri=request.uri,
            cnonce=secrets.token_hex(8),
        )
    except GrammarError as error:
        raise Unanswerable(str(error)) from None
    return answered, value
