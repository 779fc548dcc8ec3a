"""`/v1/accounts`: the SIP accounts of lines."""

from heapq import nsmallest
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from provisioning.api.asking import After, Asker, Here, Limit
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.line_shapes import (
    AccountsShape,
    NewAccountShape,
    OwnedAccountShape,
    PasswordShape,
    SourcesShape,
)
from provisioning.api.shapes import WRITTEN, e164
from provisioning.contract import OutOfRange, UnknownLine
from provisioning.db.paging import paged
from provisioning.lines.model import UnknownAccount
from provisioning.upkeep.model import USER, AccountExists, OfInventory

router = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=KeyedRoute)

User = Annotated[str, Path(pattern=USER, description="The user part of its AOR.")]


@router.get("")
async def list_accounts(
    office: Here,
    line: Annotated[str | None, Query(pattern=WRITTEN, description="Of which line.")] = None,
    after: After = "",
    limit: Limit = 100,
) -> AccountsShape:
    """Accounts by user, without passwords."""
    here = office.directory
    users = [each.user for each in here.accounts_of(e164(line))] if line else here.users()
    page = paged(nsmallest(limit + 1, (u for u in users if u > after)), limit, str)
    found = [account for user in page.items if (account := here.account(user))]
    return AccountsShape(items=[OwnedAccountShape.of(each) for each in found], next=page.next)


@router.post(
    "", status_code=201, responses=refusals(UnknownLine, AccountExists, OfInventory, OutOfRange)
)
async def create_account(
    office: Here, asker: Asker, response: Response, wanted: NewAccountShape
) -> OwnedAccountShape:
    """Give a line one more account; the password is shown this once."""
    made = await office.upkeep.add_account(
        e164(wanted.line),
        wanted.user,
        access=wanted.access,
        password=wanted.password,
        origin=asker,
    )
    response.headers["Location"] = f"/v1/accounts/{made.user}"
    return OwnedAccountShape.new(made)


@router.get("/{user}", responses=refusals(UnknownAccount))
async def show_account(office: Here, user: User) -> OwnedAccountShape:
    """One account, without its password."""
    account = office.directory.account(user)
    if account is None:
        raise UnknownAccount(f"no account {user}")
    return OwnedAccountShape.of(account)


@router.post(
    "/{user}/password-resets",
    status_code=201,
    responses=refusals(UnknownAccount, OutOfRange),
)
async def reset_account(
    office: Here, asker: Asker, user: User, wanted: PasswordShape
) -> OwnedAccountShape:
    """Another password, shown this once; phones that registered with the old one are forgotten."""
    made = await office.upkeep.reset_password(user, password=wanted.password, origin=asker)
    return OwnedAccountShape.new(made)


@router.put("/{user}/sources", responses=refusals(UnknownAccount, OutOfRange))
async def set_sources(
    office: Here, asker: Asker, user: User, wanted: SourcesShape
) -> OwnedAccountShape:
    """Say from where an NGN line needs no password; phones that registered are forgotten."""
    account = await office.upkeep.set_sources(user, wanted.sources, origin=asker)
    return OwnedAccountShape.of(account)


@router.delete("/{user}", status_code=204, responses=refusals(UnknownAccount, OfInventory))
async def remove_account(office: Here, asker: Asker, user: User) -> None:
    """Remove an account and forget its phones."""
    await office.upkeep.remove_account(user, origin=asker)
