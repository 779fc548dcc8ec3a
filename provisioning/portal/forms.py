"""Reading forms: what a browser sent, in the shape a person meant it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from provisioning.portal.guard import SECURE

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
MOST_PASSWORD = 128
MOST_TOKEN = 200
NUMBER = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; of a field sent twice the first counts."""

    fields: Mapping[str, str]

    def text(self, name: str, *, most: int = 100) -> str:
        """A field as a person meant it: full-width letters made plain, blanks around it gone."""
        return tidy(self.fields.get(name, ""))[:most]

    def secret(self, name: str) -> str:
        """A password, to the letter; one longer than any of ours is cut and so fits nothing."""
        return self.fields.get(name, "")[: MOST_PASSWORD + 1]


def tidy(text: str) -> str:
    """NFKC, which makes ３ a 3; control characters and blanks around it are dropped."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(each for each in plain if unicodedata.category(each)[0] != "C").strip()


def whole_number(text: str) -> int | None:
    """The number that `text` writes in at most four digits."""
    return int(text) if NUMBER.fullmatch(text) else None


async def read(request: Request) -> Form:
    """The form in the body.

    Raises:
        HTTPException: 415 for another media type, 400 for what is no form.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise HTTPException(415)
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    return Form(dict(reversed(pairs)))


def is_genuine(request: Request, form: Form, token: str | None) -> bool:
    """Whether our own page in the visitor's browser sent the form.

    Its token must be the visitor's own, and where the browser names the page's origin
    (all do), that must be ours.
    """
    sent = form.fields.get("csrf", "")
    if not token or not compare_digest(sent.encode(), token.encode()):
        return False
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or _is_ours(request, origin)


def _is_ours(request: Request, origin: str) -> bool:
    scheme = "https" if request.scope[SECURE] else "http"
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme == scheme and parts.netloc.lower() == request.headers["host"].lower()
