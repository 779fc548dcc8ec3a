"""`/lab/mail` for programs: list, read, wait for a code, erase; and what the outbox holds."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field

from provisioning.api.describe import refusals
from provisioning.instants import utc
from provisioning.notify.caught import Caught, CaughtMails, Opened
from provisioning.notify.model import MailState
from provisioning.notify.outbox import Outbox, UnknownMail
from provisioning.notify.store import Kept

LONGEST_WAIT_S = 60.0
LARGEST_ID = 2**31 - 1
"""Ids are 32-bit on PostgreSQL."""

Id = Annotated[int, Field(ge=0, le=LARGEST_ID)]
To = Annotated[str | None, Query(max_length=320, description="Only mails to this address.")]
After = Annotated[Id, Query(description="Only mails newer than the one of this id.")]

Wait = Annotated[
    float,
    Query(
        ge=0,
        le=LONGEST_WAIT_S,
        description="How long to wait while there is none newer than `after`.",
    ),
]


class MailListed(BaseModel):
    """A caught mail in the list."""

    id: int
    received_at: datetime
    sender: str = Field(description="The envelope's sender.")
    to: list[str] = Field(description="The envelope's recipients.")
    subject: str


class MailList(BaseModel):
    """Caught mails, the newest first."""

    items: list[MailListed]


class Attached(BaseModel):
    """A file that came with a mail."""

    name: str
    media_type: str
    bytes: int


class MailShown(MailListed):
    """A caught mail, whole."""

    message_id: str
    text: str
    html: str | None
    code: str | None = Field(description="The one-time code in the text.")
    attachments: list[Attached]


class Code(BaseModel):
    """A one-time code and the mail it stands in."""

    code: str
    mail: int


class Erased(BaseModel):
    """How many mails were erased."""

    erased: int


class Unsent(BaseModel):
    """A mail of the outbox that has not been delivered."""

    id: int
    occasion: str
    to: str
    state: MailState
    attempts: int
    created_at: datetime
    due_at: datetime
    reason: str = Field(description="Why the last try failed.")


class UnsentList(BaseModel):
    """Mails that wait, are in doubt or have failed, the newest first."""

    items: list[Unsent]


NOT_FOUND: dict[int | str, dict[str, str]] = {404: {"description": "There is no such mail."}}


def router(caught: CaughtMails, outbox: Outbox) -> APIRouter:
    """Routes under `/lab/mail`; who may use them is the app's decision."""
    routes = APIRouter(prefix="/lab/mail", tags=["lab"])
    _outbox(routes, outbox)  # before the routes that take any word for an id
    _reading(routes, caught)

    @routes.delete("")
    async def erase_all() -> Erased:
        """Erase every caught mail."""
        return Erased(erased=await caught.forget())

    @routes.delete("/{mail}", responses=NOT_FOUND)
    async def erase(mail: Id) -> Erased:
        """Erase one caught mail."""
        erased = await caught.forget(mail)
        if not erased:
            raise HTTPException(404, "there is no such mail")
        return Erased(erased=erased)

    return routes


def _reading(routes: APIRouter, caught: CaughtMails) -> None:
    @routes.get("")
    async def listed(
        to: To = None, after: After = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> MailList:
        """Caught mails, the newest first."""
        mails = await caught.list(to=to, after=after, most=limit)
        return MailList(items=[_listed(each) for each in mails])

    @routes.get("/latest-code", responses=NOT_FOUND)
    async def latest_code(
        to: To = None,
        after: After = 0,
        wait_s: Wait = 0.0,
    ) -> Code:
        """The code in the newest mail that has one.

        A code that came earlier is answered at once, whatever `wait_s` says. To wait for the next
        one, give the id of the newest mail there is as `after`.
        """
        found = await caught.latest_code(to=to, after=after, wait_s=wait_s)
        if found is None or found.code is None:
            raise HTTPException(404, "no mail with a code has come")
        return Code(code=found.code, mail=found.caught.id)

    @routes.get("/{mail}", responses=NOT_FOUND)
    async def shown(mail: Id) -> MailShown:
        """One caught mail."""
        return _shown(await opened(caught, mail))

    @routes.get("/{mail}/raw", response_class=Response, responses=NOT_FOUND)
    async def raw(mail: Id) -> Response:
        """One caught mail as it came (RFC 5322)."""
        found = await opened(caught, mail)
        return Response(found.raw, media_type="message/rfc822", headers=AS_FILE)


AS_FILE = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
"""A stranger's bytes are never shown by the browser."""


def _outbox(routes: APIRouter, outbox: Outbox) -> None:
    own = APIRouter(prefix="/outbox")

    @own.get("")
    async def unsent() -> UnsentList:
        """The mails of the outbox that wait, are in doubt or have failed; never their text."""
        return UnsentList(items=[_unsent(each) for each in await outbox.unsent()])

    @own.post(
        "/{mail}/resend",
        status_code=204,
        response_class=Response,
        responses=refusals(UnknownMail),
    )
    async def resend(mail: Id) -> None:
        """Send a mail in doubt once more: somebody knows that it did not arrive."""
        await outbox.resend(mail)

    routes.include_router(own)


async def opened(caught: CaughtMails, mail: int) -> Opened:
    """The mail of this id; 404 when there is none."""
    found = await caught.get(mail)
    if found is None:
        raise HTTPException(404, "there is no such mail")
    return found


def _listed(mail: Caught) -> MailListed:
    return MailListed(
        id=mail.id,
        received_at=utc(mail.received_at),
        sender=mail.sender,
        to=list(mail.recipients),
        subject=mail.subject,
    )


def _shown(found: Opened) -> MailShown:
    message = found.message
    return MailShown(
        **_listed(found.caught).model_dump(),
        message_id=message.message_id,
        text=message.text,
        html=message.html,
        code=found.code,
        attachments=[
            Attached(name=name, media_type=kind, bytes=size)
            for name, kind, size in message.attachments
        ],
    )


def _unsent(mail: Kept) -> Unsent:
    return Unsent(
        id=mail.id,
        occasion=mail.occasion,
        to=mail.recipient,
        state=mail.state,
        attempts=mail.attempts,
        created_at=utc(mail.created_at),
        due_at=utc(mail.due_at),
        reason=mail.reason,
    )
