"""Refusals as pages: what happened, that nothing was changed, and the way on."""

from http import HTTPStatus

from starlette.exceptions import HTTPException

from provisioning.contract import ContractError, NotContracted, StorageUnavailable, UnknownMessage
from provisioning.customers.model import ContractClosed, UnknownContract, UnknownCustomer
from provisioning.freephone.service import FreephoneChanged, UnknownFreephone
from provisioning.numbers.model import UnknownNumber
from provisioning.orders.model import (
    KeyReused,
    LetterGone,
    OrderInFlight,
    UnknownOrder,
)
from provisioning.portal.guard import BodyTooLong
from provisioning.portal.visit import Expired, FormGone
from provisioning.selfcare.model import SessionGone, TicketGone, TooManyTries, WrongCode

SLOW_DOWN_S = 5
"""How long to wait before a storage that was away is asked again."""

KINDS: dict[type[Exception], tuple[int, str]] = {
    UnknownCustomer: (HTTPStatus.NOT_FOUND, "not-found"),
    UnknownContract: (HTTPStatus.NOT_FOUND, "not-found"),
    UnknownNumber: (HTTPStatus.NOT_FOUND, "not-found"),
    UnknownOrder: (HTTPStatus.NOT_FOUND, "not-found"),
    UnknownMessage: (HTTPStatus.NOT_FOUND, "not-found"),
    UnknownFreephone: (HTTPStatus.NOT_FOUND, "not-found"),
    FreephoneChanged: (HTTPStatus.CONFLICT, "changed"),
    NotContracted: (HTTPStatus.NOT_FOUND, "not-found"),
    LetterGone: (HTTPStatus.GONE, "letter-gone"),
    KeyReused: (HTTPStatus.GONE, "form-used"),
    FormGone: (HTTPStatus.GONE, "form-gone"),
    OrderInFlight: (HTTPStatus.CONFLICT, "in-flight"),
    ContractClosed: (HTTPStatus.CONFLICT, "contract-closed"),
    Expired: (HTTPStatus.GONE, "session-gone"),
    SessionGone: (HTTPStatus.GONE, "session-gone"),
    TicketGone: (HTTPStatus.GONE, "login-gone"),
    WrongCode: (HTTPStatus.GONE, "tries-gone"),
    TooManyTries: (HTTPStatus.TOO_MANY_REQUESTS, "too-many"),
    StorageUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    ContractError: (HTTPStatus.CONFLICT, "refused"),
    BodyTooLong: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large"),
}
"""Status and text (`error.*`) of each refusal."""

STATUSES = {
    400: "bad-request",
    403: "forged",
    404: "not-found",
    405: "wrong-method",
    415: "bad-request",
}
"""The text of each status that the web framework or a page gives."""


def described(error: Exception) -> tuple[int, str]:
    """Status and text key of the page that tells of `error`."""
    if isinstance(error, HTTPException):
        return error.status_code, STATUSES.get(error.status_code, "bad-request")
    for base in type(error).__mro__:
        if base in KINDS:
            return KINDS[base]
    return HTTPStatus.INTERNAL_SERVER_ERROR, "failed"


def headers_of(error: Exception) -> dict[str, str]:
    """Headers that belong to the answer: when to try again, which methods there are."""
    if isinstance(error, TooManyTries):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, StorageUnavailable):
        return {"retry-after": str(SLOW_DOWN_S)}
    return dict(error.headers or {}) if isinstance(error, HTTPException) else {}
