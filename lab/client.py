"""Speak HTTP with a running carrier."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.errors import Refused

ANSWER_WITHIN_S = 10.0
"""The carrier answers at once; the trace is read without a limit."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A running carrier's web address and the token it asks of other hosts."""

    base: str
    token: str | None = field(default=None, repr=False)

    def get(self, path: str) -> Any:
        """The JSON answer of a GET; raises Refused with what to do."""
        return self._json("GET", path, None)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer of a PUT."""
        return self._json("PUT", path, body)

    def lines(self, path: str) -> Iterator[dict[str, Any]]:
        """The objects of an answer that has one a line, as they come."""
        with self._open("GET", path, None, None) as answer:
            for line in answer:
                yield json.loads(line)

    def _json(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        with self._open(method, path, body, ANSWER_WITHIN_S) as answer:
            return json.load(answer)

    def _open(
        self, method: str, path: str, body: dict[str, Any] | None, timeout_s: float | None
    ) -> Any:
        request = urllib.request.Request(self.base + path, method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            return urllib.request.urlopen(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            raise Refused(f"{self.base}{path}: {error.code} {_detail(error)}") from None
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise Refused(
                f"no carrier answers at {self.base} ({reason}): start it with `tokuban up`, or "
                "name another with --url"
            ) from None


def _detail(error: urllib.error.HTTPError) -> str:
    """The problem's own words (RFC 9457), or the status phrase."""
    if error.code in (401, 403):
        return "not allowed: pass the carrier's http.token with --token"
    try:
        problem = json.load(error)
    except ValueError:
        return str(error.reason)
    return str(problem.get("detail") or problem.get("title") or error.reason)
