"""`/v1/tokens`: API tokens; the secret of one is shown when it is made."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, Strict

from provisioning.api.access import caller
from provisioning.api.asking import PLAIN, After, Asker, Here, Limit
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.masking import Shown
from provisioning.api.shapes import Listed, Shape, maybe_instant
from provisioning.contract import OutOfRange
from provisioning.instants import utc
from provisioning.tokens.model import ApiToken, MoreThanOwn, Scope, UnknownToken

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], route_class=KeyedRoute)

LONGEST_LIFE_DAYS = 3650

Id = Annotated[str, Path(pattern=r"^T[0-9]{8,10}$", description="As T00000001.")]


class TokenShape(Shape):
    """An API token; times are wall time."""

    id: str
    name: str
    scopes: list[Scope]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    secret: Shown = None

    @classmethod
    def of(cls, token: ApiToken, secret: str | None = None) -> Self:
        """A token; with its secret only when it was just made."""
        return cls(
            id=token.id,
            name=token.name,
            scopes=sorted(token.scopes),
            created_by=token.created_by,
            created_at=utc(token.created_at),
            expires_at=maybe_instant(token.expires_at),
            revoked_at=maybe_instant(token.revoked_at),
            last_used_at=maybe_instant(token.last_used_at),
            secret=secret,
        )


class TokensShape(Listed):
    """A page of tokens, in the order they were made."""

    items: list[TokenShape]


class NewTokenShape(Shape):
    """What a new token is called and may do."""

    name: str = Field(min_length=1, max_length=100, pattern=PLAIN)
    scopes: list[Annotated[Scope, Strict(False)]] = Field(
        min_length=1, max_length=len(Scope), description="Write includes read."
    )
    expires_in_days: int | None = Field(
        default=None, ge=1, le=LONGEST_LIFE_DAYS, description="Absent: it does not expire."
    )


@router.get("", responses=refusals(UnknownToken))
async def list_tokens(office: Here, after: After = "", limit: Limit = 100) -> TokensShape:
    """API tokens, revoked and expired ones included."""
    found = await office.tokens.list(after=after, limit=limit + 1)
    return TokensShape(
        items=[TokenShape.of(each) for each in found[:limit]],
        next=found[limit - 1].id if len(found) > limit else None,
    )


@router.post("", status_code=201, responses=refusals(OutOfRange, MoreThanOwn))
async def create_token(
    office: Here, asker: Asker, request: Request, response: Response, wanted: NewTokenShape
) -> TokenShape:
    """Make a token; the answer shows its secret this once. Nobody hands on a scope they lack."""
    days = wanted.expires_in_days
    made = await office.tokens.create(
        wanted.name,
        wanted.scopes,
        lives_s=None if days is None else days * 86_400.0,
        held=caller(request).rights,
        origin=asker,
    )
    response.headers["Location"] = f"/v1/tokens/{made.token.id}"
    return TokenShape.of(made.token, made.secret)


@router.get("/{token}", responses=refusals(UnknownToken))
async def show_token(office: Here, token: Id) -> TokenShape:
    """One token, without its secret."""
    return TokenShape.of(await office.tokens.get(token))


@router.delete("/{token}", responses=refusals(UnknownToken))
async def revoke_token(office: Here, asker: Asker, token: Id) -> TokenShape:
    """Let a token open nothing from now on."""
    return TokenShape.of(await office.tokens.revoke(token, origin=asker))
