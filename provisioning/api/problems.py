"""Errors as problem details (RFC 9457): what is wrong and what to do, never what was sent."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from provisioning.contract import (
    ContractError,
    NoTarget,
    NotContracted,
    OutOfRange,
    StorageUnavailable,
    UnknownLine,
)

MEDIA_TYPE = "application/problem+json"

TITLES = {
    "access-refused": "You may not ask this",
    "bad-request": "The request cannot be understood",
    "body-too-long": "The request is too long",
    "no-target": "Forwarding has no destination",
    "not-contracted": "The line's contract does not have this service",
    "out-of-range": "A value is not allowed",
    "refused": "The office refused",
    "storage-unavailable": "The change could not be kept",
    "unknown-line": "There is no such line",
    "internal-error": "The server failed",
}

KINDS: dict[type[ContractError], tuple[int, str]] = {
    UnknownLine: (404, "unknown-line"),
    NoTarget: (409, "no-target"),
    NotContracted: (409, "not-contracted"),
    OutOfRange: (422, "out-of-range"),
    StorageUnavailable: (503, "storage-unavailable"),
    ContractError: (409, "refused"),
}
"""Status and kind of each refusal of the office."""


class Problem(JSONResponse):
    """A response of media type `application/problem+json`."""

    media_type = MEDIA_TYPE


def problem(status: int, kind: str, detail: str, **more: Any) -> Problem:
    """The response for an error of this kind; `more` are extension members."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(status)
    body = {
        "type": f"urn:tokuban:problem:{kind}",
        "title": TITLES[kind],
        "status": status,
        "detail": detail,
        **more,
    }
    return Problem(body, status, headers)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(ContractError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)


async def _refused(_request: Request, error: Exception) -> Problem:
    status, kind = next(KINDS[base] for base in type(error).__mro__ if base in KINDS)
    return problem(status, kind, str(error))


async def _invalid(_request: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"field": ".".join(str(part) for part in each["loc"]), "reason": each["msg"]}
        for each in error.errors()
    ]
    return problem(422, "bad-request", "see errors: each names a field", errors=wrong)


async def _http(_request: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": str(error.detail),
    }
    return Problem(body, error.status_code, error.headers)


async def _failed(_request: Request, _error: Exception) -> Problem:
    return problem(500, "internal-error", "the log of the server has the reason")
