"""`/v1/messages`: messages between lines, and the operator's own."""

import secrets
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from provisioning.api.access import caller
from provisioning.api.asking import Here
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.shapes import NUMBER, WRITTEN, Listed, Shape, e164
from provisioning.contract import (
    MessageState,
    MessageTooLong,
    NewMessage,
    TooManyMessages,
    UnknownLine,
    UnknownMessage,
)
from provisioning.instants import utc
from provisioning.messages.service import Shown
from provisioning.messages.store import Wanted
from provisioning.tokens.model import Scope

router = APIRouter(prefix="/v1/messages", tags=["messages"], route_class=KeyedRoute)

SENDER = r"^(\+?[0-9]{3,15}|0[0-9]{1,4}(-[0-9]{1,4}){1,3})$"
LONGEST = 65_536

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Place = Annotated[str, Query(pattern=r"^[0-9]{0,10}$", description="Begin behind it.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="The most items of the page.")]


class MessageShape(Shape):
    """A message; `business_at` and `expires_at` are business time, the others wall time."""

    id: int = Field(description="Grows as messages come.")
    to: str = Field(description=NUMBER)
    sender: str | None = Field(description="The number it comes from; null when unknown.")
    withheld: bool = Field(description="Whether the phone is not shown the sender.")
    account: str = Field(description="Who sent it: a SIP user, trunk:NAME, or operator.")
    state: MessageState
    attempts: int = Field(description="How often it was sent to the line's phones.")
    text: str | None = Field(
        description="For who has the scope messages:text, while the message waits; else null."
    )
    created_at: datetime
    changed_at: datetime
    business_at: datetime
    expires_at: datetime = Field(description="When it is worth nothing any more.")

    @classmethod
    def of(cls, shown: Shown, *, with_text: bool) -> Self:
        """One message."""
        row = shown.row
        return cls(
            id=row.id,
            to=row.recipient,
            sender=row.sender,
            withheld=row.withheld,
            account=row.account,
            state=row.state,
            attempts=row.attempts,
            text=shown.text if with_text else None,
            created_at=utc(row.created_at),
            changed_at=utc(row.changed_at),
            business_at=utc(row.business_at),
            expires_at=utc(row.expires_at),
        )


class MessagesShape(Listed):
    """A page of messages, newest first."""

    items: list[MessageShape]


class NewMessageShape(Shape):
    """A message of the operator's."""

    to: str = Field(pattern=WRITTEN, description="A line's number.", examples=["09000000001"])
    text: str = Field(min_length=1, max_length=LONGEST, repr=False)
    sender: str | None = Field(
        default=None,
        pattern=SENDER,
        description="A number or short code it comes from; absent: shown as unavailable.",
    )


@router.get("")
async def list_messages(
    request: Request,
    office: Here,
    to: Annotated[str | None, Query(pattern=WRITTEN, description="For this line.")] = None,
    state: MessageState | None = None,
    after: Place = "",
    limit: Limit = 100,
) -> MessagesShape:
    """Messages, newest first."""
    wanted = Wanted(to=e164(to) if to else None, state=state)
    page = await office.messages.search(wanted, after=after, limit=limit)
    reads = _reads(request)
    items = [MessageShape.of(shown, with_text=reads) for shown in page.items]
    return MessagesShape(items=items, next=page.next)


@router.post("", status_code=201, responses=refusals(UnknownLine, MessageTooLong, TooManyMessages))
async def send_message(
    request: Request, office: Here, response: Response, wanted: NewMessageShape
) -> MessageShape:
    """Send a message to a line: kept now, delivered when a phone of it is registered."""
    kept = await office.messages.keep(
        NewMessage(
            occasion=f"operator|{caller(request).who}|{secrets.token_hex(16)}",
            account="operator",
            to=e164(wanted.to),
            sender=_sender(wanted.sender),
            text=wanted.text,
            capped=False,
        )
    )
    response.headers["Location"] = f"/v1/messages/{kept.id}"
    return MessageShape.of(await _known(office, kept.id), with_text=False)


@router.get("/{message}", responses=refusals(UnknownMessage))
async def show_message(request: Request, office: Here, message: Id) -> MessageShape:
    """One message."""
    return MessageShape.of(await _known(office, message), with_text=_reads(request))


async def _known(office: Here, message: int) -> Shown:
    shown = await office.messages.show(message)
    if shown is None:
        raise UnknownMessage(f"there is no message {message}")
    return shown


def _reads(request: Request) -> bool:
    return Scope.MESSAGES_TEXT in caller(request).rights


def _sender(written: str | None) -> str | None:
    """A number in full where it is one of the plan; a short code as it is."""
    digits = written.replace("-", "") if written else None
    return e164(digits) if digits and digits.startswith("0") else digits
