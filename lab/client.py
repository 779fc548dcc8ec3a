"""Speak HTTP with a running carrier."""

import http.client
import ipaddress
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from lab import lab_token
from lab.errors import Refused, TurnedDown, Unreachable

ANSWER_WITHIN_S = 10.0
"""The carrier answers at once; the trace is read without a limit."""

NO_CONTENT = 204
LONGEST_REFUSAL = 65_536

Body = dict[str, Any] | str | bytes | None

LONGEST_PAGE = 1000
"""The most items the carrier puts into one page of a list."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A running carrier's web address and the token it asks of other hosts.

    Every method raises Refused, with what to do, when the address is none, nobody answers
    there, or what answers is no carrier.
    """

    base: str
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", _address(self.base))
        if self.token and not (self.token.isascii() and self.token.isprintable()):
            raise Refused("--token holds characters that HTTP cannot carry; use ASCII")

    def get(self, path: str, *, within_s: float = 0.0) -> Any:
        """The JSON answer of a GET; `within_s` where the carrier is asked to wait that long."""
        return self._json("GET", path, None, within_s=within_s)

    def put(self, path: str, body: dict[str, Any], *, within_s: float = 0.0) -> Any:
        """The JSON answer of a PUT; `within_s` where the carrier may work for that long."""
        return self._json("PUT", path, body, within_s=within_s)

    def send(
        self,
        method: str,
        path: str,
        body: Body = None,
        *,
        key: str | None = None,
        within_s: float = 0.0,
    ) -> Any:
        """The JSON answer of any method; `key` is the request's Idempotency-Key.

        A text as body is YAML, bytes are a WAV file.
        """
        return self._json(method, path, body, key, within_s=within_s)

    def items(self, path: str, filters: Mapping[str, str | None], most: int) -> list[Any]:
        """At most `most` items of a list, page after page; filters that are None are left out."""
        found: list[Any] = []
        given = {name: value for name, value in filters.items() if value is not None}
        after: str | None = ""
        while after is not None and len(found) < most:
            asked = {**given, "limit": str(min(most - len(found), LONGEST_PAGE))}
            query = urlencode(asked | ({"after": after} if after else {}))
            page = self.get(f"{path}?{query}")
            with self.understood():
                found += page["items"]
                after = page["next"]
        return found

    def whole(self, path: str) -> list[Any]:
        """Every item of a list that has no pages."""
        with self.understood():
            found: list[Any] = self.get(path)["items"]
        return found

    def download(self, method: str, path: str) -> bytes:
        """The bytes of an answer that is no JSON."""
        with self._open(method, path, None, ANSWER_WITHIN_S) as answer, self.understood():
            data: bytes = answer.read()
            return data

    def lines(self, path: str) -> Iterator[dict[str, Any]]:
        """The objects of an answer that has one a line, as they come."""
        with self._open("GET", path, None, None) as answer, self.understood():
            for line in answer:
                yield _object(json.loads(line))

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """The objects of an event stream (Server-Sent Events), as they come."""
        with self._open("GET", path, None, None) as answer, self.understood():
            for line in answer:
                name, _, value = line.partition(b": ")
                if name == b"data":
                    yield _object(json.loads(value))

    def _json(
        self,
        method: str,
        path: str,
        body: Body,
        key: str | None = None,
        *,
        within_s: float = 0.0,
    ) -> Any:
        limit_s = ANSWER_WITHIN_S + within_s
        with self._open(method, path, body, limit_s, key) as answer, self.understood():
            return {} if answer.status == NO_CONTENT else _object(json.load(answer))

    def _lab_token(self, error: urllib.error.HTTPError) -> str | None:
        """The token that a carrier of this host asks for, when this user may read it."""
        if error.code != http.HTTPStatus.UNAUTHORIZED or not _is_this_host(self.base):
            return None
        try:
            return lab_token.told(error.read(LONGEST_REFUSAL))
        except (OSError, http.client.HTTPException):
            return None

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Say who is at fault when an answer is cut off or is not a carrier's."""
        try:
            yield
        except (ValueError, LookupError, TypeError):
            raise Refused(
                f"{self.base} does not answer as a carrier does: name the carrier's web address "
                "with --url"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(
                f"{self.base} stopped answering ({type(error).__name__}): is the carrier still up?"
            ) from None

    def _open(
        self,
        method: str,
        path: str,
        body: Body,
        timeout_s: float | None,
        key: str | None = None,
    ) -> Any:
        request = urllib.request.Request(self.base + path, method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if key is not None:
            request.add_header("Idempotency-Key", key)
        if body is not None:
            request.data, media_type = _written(body)
            request.add_header("Content-Type", media_type)
        try:
            return urllib.request.urlopen(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                found = None if self.token else self._lab_token(error)
                if found is None:
                    said = f"{self.base}{path}: {error.code} {_detail(error)}"
                    raise TurnedDown(said) from None
            return replace(self, token=found)._open(method, path, body, timeout_s, key)
        except (http.client.HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise Unreachable(
                f"no carrier answers at {self.base} ({reason}): start it with `tokuban up`, or "
                "name another with --url"
            ) from None


def _written(body: dict[str, Any] | str | bytes) -> tuple[bytes, str]:
    """A body as it is sent, and its media type."""
    match body:
        case bytes():
            return body, "audio/wav"
        case str():
            return body.encode(), "application/yaml"
        case _:
            return json.dumps(body).encode(), "application/json"


def _is_this_host(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _detail(error: urllib.error.HTTPError) -> str:
    """The problem's own words (RFC 9457), or the status phrase."""
    if error.code == 401 and urlsplit(error.url).path.startswith("/lab/"):
        return "not allowed: pass the carrier's lab.token with --token"
    if error.code == 401:
        return "not allowed: pass the carrier's http.token or an API token with --token"
    try:
        problem = _object(json.load(error))
    except (ValueError, OSError, http.client.HTTPException):
        return f"{error.reason}; is it a carrier? name another with --url"
    said = str(problem.get("detail") or problem.get("title") or error.reason)
    if said == error.reason and urlsplit(error.url).path.startswith("/lab/"):
        return f"{said}: the laboratory may be switched off there (lab.enabled)"
    wrong = list(map(_wrong, _errors(problem)))
    if len(wrong) > 1:
        return "\n  ".join([f"for {len(wrong)} reasons:", *wrong])
    return wrong[0] if wrong else said


def _wrong(error: dict[str, Any]) -> str:
    """A field and what is wrong with it; by which rule, and in Japanese, where both are told."""
    said = f"{error['field']}: {error['reason']}"
    return f"{said} ({error['rule']}: {error['ja']})" if {"rule", "ja"} <= error.keys() else said


def _errors(problem: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields a problem says are wrong."""
    errors = problem.get("errors")
    found = errors if isinstance(errors, list) else []
    return [e for e in found if isinstance(e, dict) and {"field", "reason"} <= e.keys()]


def _object(answer: Any) -> dict[str, Any]:
    """A JSON object; ValueError for any other value."""
    if not isinstance(answer, dict):
        raise ValueError("no JSON object")
    return answer


def _address(url: str) -> str:
    """The address without a slash at its end; Refused when no carrier can be there."""
    if not _is_web(url):
        raise Refused("--url must be a web address such as http://127.0.0.1:8080")
    return url.rstrip("/")


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    return plain and port != 0 and parts.scheme in ("http", "https") and _bare(parts)


def _bare(parts: SplitResult) -> bool:
    """A host, and nothing that no request to a carrier has."""
    return bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)
