"""Errors as problem details (RFC 9457): what is wrong and what to do, never what was sent."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from provisioning.contract import (
    ContractError,
    MessageTooLong,
    NoTarget,
    NotContracted,
    OutOfRange,
    StorageUnavailable,
    TooManyMessages,
    UnknownLine,
    UnknownMessage,
)
from provisioning.customers.model import (
    ContractClosed,
    ContractInUse,
    UnknownContract,
    UnknownCustomer,
    UnknownPlan,
)
from provisioning.forwarding.model import RefusedTarget
from provisioning.freephone.control import NotLocked
from provisioning.freephone.service import (
    BadFreephone,
    FreephoneChanged,
    FreephoneExists,
    ReceivesFreephone,
    UnknownFreephone,
)
from provisioning.lines.model import UnknownAccount
from provisioning.notify.outbox import UnknownMail
from provisioning.numbers.model import BlockOverlap, UnknownNumber, WrongNumberState
from provisioning.orders.model import (
    CapReached,
    InventoryEmpty,
    LetterGone,
    OrderInFlight,
    UnknownOrder,
)
from provisioning.orders.model import KeyReused as OrderKeyReused
from provisioning.records.model import UnknownRecord
from provisioning.selfcare.model import BadLogin, LoginExists, UnknownLogin
from provisioning.snapshots.model import BadSnapshot, UnknownSnapshot
from provisioning.tokens.answers import AnswerLost, InFlight, KeyReused
from provisioning.tokens.model import MoreThanOwn, UnknownToken
from provisioning.trunks.model import TrunkConflict, TrunkExists, UnknownTrunk
from provisioning.upkeep.model import AccountExists, LineExists, OfInventory

MEDIA_TYPE = "application/problem+json"

TITLES = {
    "access-refused": "You may not ask this",
    "account-exists": "There is such an account already",
    "answer-lost": "The request took effect and its answer was lost",
    "bad-json": "The body is no JSON that can be read",
    "bad-key": "The Idempotency-Key is none",
    "bad-snapshot": "The snapshot cannot be loaded",
    "bad-request": "The request cannot be understood",
    "block-overlap": "Some of these numbers are loaded already",
    "body-too-long": "The request is too long",
    "cap-reached": "The contract may not add so many numbers",
    "contract-closed": "The contract is closed",
    "contract-in-use": "The contract still holds numbers",
    "freephone-changed": "Somebody has changed the freephone number meanwhile",
    "freephone-exists": "The freephone number is contracted already",
    "in-flight": "The first request with this key is being answered",
    "internal-error": "The server failed",
    "length-required": "The request does not say how long it is",
    "inventory-empty": "Too few numbers are free",
    "key-missing": "The request needs an Idempotency-Key",
    "key-reused": "The Idempotency-Key came before with another request",
    "letter-gone": "The letter was handed out",
    "line-exists": "There is such a line already",
    "login-exists": "There is a login already",
    "mail-not-in-doubt": "No such mail is in doubt",
    "more-than-own": "Nobody hands on a scope they lack",
    "no-target": "Forwarding has no destination",
    "not-contracted": "The line's contract does not have this service",
    "not-in-scope": "The token may not do this",
    "not-locked": "There is nothing to unlock",
    "not-json": "The body is no JSON",
    "not-wav": "The body is no WAV file",
    "of-inventory": "The number is of the 050 inventory",
    "out-of-range": "A value is not allowed",
    "receives-freephone": "Calls of a freephone number reach the line",
    "refused": "The office refused",
    "storage-unavailable": "The change could not be kept",
    "too-many-messages": "No further message is kept",
    "unknown-account": "There is no such SIP account",
    "unknown-contract": "There is no such contract",
    "unknown-customer": "There is no such customer",
    "unknown-freephone": "The freephone number is not contracted",
    "unknown-line": "There is no such line",
    "unknown-login": "The contract has no self-care login",
    "unknown-message": "There is no such message",
    "unknown-number": "The number is in no block",
    "unknown-order": "There is no such order",
    "unknown-record": "There is no such call record",
    "unknown-plan": "There is no such plan",
    "unknown-snapshot": "There is no such snapshot",
    "trunk-conflict": "Another has this address, prefix or account",
    "trunk-exists": "There is such a trunk already",
    "unknown-token": "There is no such API token",
    "unknown-trunk": "There is no such trunk",
    "wrong-number-state": "The number is in another state",
}


class KeyMissing(ContractError):
    """The request must carry an Idempotency-Key."""


class BadKey(ContractError):
    """The Idempotency-Key is none."""


KINDS: dict[type[ContractError], tuple[int, str]] = {
    UnknownLine: (404, "unknown-line"),
    UnknownAccount: (404, "unknown-account"),
    UnknownCustomer: (404, "unknown-customer"),
    UnknownContract: (404, "unknown-contract"),
    UnknownPlan: (404, "unknown-plan"),
    UnknownLogin: (404, "unknown-login"),
    UnknownMail: (409, "mail-not-in-doubt"),
    UnknownMessage: (404, "unknown-message"),
    UnknownNumber: (404, "unknown-number"),
    UnknownOrder: (404, "unknown-order"),
    UnknownRecord: (404, "unknown-record"),
    UnknownToken: (404, "unknown-token"),
    UnknownTrunk: (404, "unknown-trunk"),
    UnknownFreephone: (404, "unknown-freephone"),
    UnknownSnapshot: (404, "unknown-snapshot"),
    BadSnapshot: (409, "bad-snapshot"),
    NoTarget: (409, "no-target"),
    NotContracted: (409, "not-contracted"),
    ContractClosed: (409, "contract-closed"),
    ContractInUse: (409, "contract-in-use"),
    LoginExists: (409, "login-exists"),
    LineExists: (409, "line-exists"),
    AccountExists: (409, "account-exists"),
    TrunkExists: (409, "trunk-exists"),
    TrunkConflict: (409, "trunk-conflict"),
    OfInventory: (409, "of-inventory"),
    FreephoneExists: (409, "freephone-exists"),
    FreephoneChanged: (409, "freephone-changed"),
    ReceivesFreephone: (409, "receives-freephone"),
    NotLocked: (409, "not-locked"),
    BlockOverlap: (409, "block-overlap"),
    WrongNumberState: (409, "wrong-number-state"),
    CapReached: (409, "cap-reached"),
    InventoryEmpty: (409, "inventory-empty"),
    InFlight: (409, "in-flight"),
    OrderInFlight: (409, "in-flight"),
    AnswerLost: (409, "answer-lost"),
    LetterGone: (410, "letter-gone"),
    TooManyMessages: (409, "too-many-messages"),
    MessageTooLong: (422, "out-of-range"),
    KeyReused: (422, "key-reused"),
    OrderKeyReused: (422, "key-reused"),
    BadLogin: (422, "out-of-range"),
    OutOfRange: (422, "out-of-range"),
    KeyMissing: (400, "key-missing"),
    BadKey: (400, "bad-key"),
    MoreThanOwn: (403, "more-than-own"),
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


def kind_of(error: type[Exception]) -> tuple[int, str]:
    """Status and kind of a refusal, of its nearest known base where it has none itself."""
    return next(KINDS[base] for base in error.__mro__ if base in KINDS)


def answer_to(error: Exception) -> Problem:
    """The problem that tells a refusal of the office."""
    more: dict[str, Any] = {}
    if isinstance(error, CapReached):
        more["left"] = error.left
    if isinstance(error, RefusedTarget):
        field = f"body.{error.condition}.target"
        more["errors"] = [
            {"field": field, "reason": str(error), "why": error.why, "rule": "FWD-06"}
        ]
    if isinstance(error, BadFreephone):
        more["errors"] = [
            {"field": f.field, "reason": f.en, "ja": f.ja, "rule": f.rule} for f in error.faults
        ]
    return problem(*kind_of(type(error)), str(error), **more)


async def _refused(_request: Request, error: Exception) -> Problem:
    return answer_to(error)


async def _invalid(_request: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return problem(400, "bad-json", "the body must be one JSON object in UTF-8")
    wrong = [
        {"field": ".".join(str(part) for part in each["loc"]), "reason": each["msg"]}
        for each in error.errors()
    ]
    return problem(422, "bad-request", "see errors: each names a field", errors=wrong)


async def _http(request: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # what the framework says of a body that it cannot parse
        return problem(400, "bad-json", "the body must be one JSON object in UTF-8")
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": str(error.detail),
    }
    headers = error.headers
    if error.status_code == 405 and (allowed := _methods(request)):
        headers = {"Allow": ", ".join(allowed)}
    return Problem(body, error.status_code, headers)


def _methods(request: Request) -> list[str]:
    """What the address of a request can be asked (RFC 9110 §15.5.6), by the description of the API.

    The framework names the methods of one route, and two routes can share an address.
    """
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    fitting = (
        methods for path, methods in paths.items() if compile_path(path)[0].match(request.url.path)
    )
    return sorted({method.upper() for methods in fitting for method in methods})


async def _failed(_request: Request, _error: Exception) -> Problem:
    return problem(500, "internal-error", "the log of the server has the reason")
