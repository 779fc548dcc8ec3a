"""What a request may carry: a body of bounded, stated length, and of JSON under `/v1`."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from provisioning.api.access import PORTAL
from provisioning.api.problems import Problem, problem

MOST_BODY_BYTES = 65_536
LONGER = {"/lab/seed": 1_048_576}
"""What may be longer: a seed file of some thousand lines."""

JSON = "application/json"

GREETING = re.compile(r"/v1/voicemail/[^/]{1,40}/greeting/own")
"""Where a sound is uploaded."""
MOST_GREETING_BYTES = 12_582_912
"""A minute in stereo at 48 kHz, as a computer records it."""
WAV = frozenset(("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"))


class Bodies:
    """ASGI middleware: 411 and 413 for lengths no request of ours has, 415 for other than JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = _refused(scope) if scope["type"] == "http" and not _is_page(scope) else None
        await (refused or self._app)(scope, receive, send)


def _is_page(scope: Scope) -> bool:
    """Whether the portal answers, which bounds its forms itself and says so on a page."""
    return str(scope["path"]).startswith(f"{PORTAL}/")


def _refused(scope: Scope) -> Problem | None:
    headers = Headers(scope=scope)
    is_greeting = scope["method"] == "PUT" and GREETING.fullmatch(scope["path"]) is not None
    most = MOST_GREETING_BYTES if is_greeting else LONGER.get(scope["path"], MOST_BODY_BYTES)
    if "content-length" not in headers and "transfer-encoding" in headers:
        return problem(411, "length-required", "send the body with a Content-Length, in one piece")
    if _too_long(headers, most):
        return problem(413, "body-too-long", f"at most {most} bytes")
    if is_greeting:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return (
            None if kind in WAV else problem(415, "not-wav", "send it as Content-Type: audio/wav")
        )
    if scope["path"].startswith("/v1/") and _is_other_than_json(headers):
        return problem(415, "not-json", f"send the body as Content-Type: {JSON}")
    return None


def _too_long(headers: Headers, most: int) -> bool:
    length = headers.get("content-length", "0")
    # Four more digits than any length we take: int() of more is slow.
    known = length.isascii() and length.isdigit() and len(length) < 10
    return not known or int(length) > most


def _is_other_than_json(headers: Headers) -> bool:
    if headers.get("content-length", "0").strip("0") == "":
        return False
    kind, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = parameters.strip().partition("charset=")[2].strip('"')
    return kind.strip() != JSON or charset not in ("", "utf-8")
