"""Reading forms: what a browser sent, in the shape a person meant it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from provisioning.portal import multipart
from provisioning.portal.guard import SECURE, takes_file

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
MOST_PASSWORD = 128
MOST_TOKEN = 200
NUMBER = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; of a field sent twice the first counts. `files`: what was chosen."""

    fields: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)

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


async def read(request: Request, most_fields: int = MOST_FIELDS) -> Form:
    """The form in the body; with a file where the address takes one.

    Raises:
        HTTPException: 415 for another media type, 400 for what is no form.
    """
    if takes_file(request.scope):
        return await _read_upload(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise HTTPException(415)
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most_fields)
    except ValueError:
        raise HTTPException(400) from None
    return Form(dict(reversed(pairs)))


async def _read_upload(request: Request) -> Form:
    """The form with a file in the body; errors as of `read`."""
    media_type = request.headers.get("content-type", "")
    if media_type.partition(";")[0].strip().lower() != multipart.MEDIA_TYPE:
        raise HTTPException(415)
    try:
        found = list(multipart.parts(media_type, await request.body()))
        fields = {each.name: each.content.decode() for each in reversed(found) if not each.is_file}
    except (multipart.BadForm, ValueError):
        raise HTTPException(400) from None
    return Form(fields, {each.name: each.content for each in reversed(found) if each.is_file})


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
