"""`/lab/seed`, `/lab/reset`, `/lab/snapshots`: the state of the whole carrier (LAB-03)."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from lab import seed_model, seeds
from lab.errors import Refused
from lab.state import CarrierState, Exchanged
from provisioning.api.describe import refusals
from provisioning.instants import utc
from provisioning.lines.sealing import WrongKey
from provisioning.seeds import Seed
from provisioning.snapshots.model import BadSnapshot, SnapshotInfo, UnknownSnapshot

YAML_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/yaml": {"schema": {"type": "string"}}},
    }
}

Name = Annotated[
    str,
    InPath(max_length=64, description="1 to 64 letters, digits, dots, hyphens, underscores."),
]


class SeededShown(BaseModel):
    """What a seed describes, all of it there now."""

    lines: int
    customers: int
    blocks: int


class ExchangedShown(BaseModel):
    """The whole state was exchanged."""

    calls_ended: int = Field(description="Calls that were hung up for it.")


class SnapshotShown(BaseModel):
    """A saved state."""

    name: str
    schema_: str = Field(alias="schema", description="The schema revision it was saved with.")
    saved_at: datetime = Field(description="Wall time.")
    business_at: datetime = Field(description="Business time when it was saved.")
    rows: int
    size_bytes: int


class SnapshotsShown(BaseModel):
    """Every saved state, by name."""

    items: list[SnapshotShown]


def router(state: CarrierState) -> APIRouter:
    """The routes to seed, reset, save and load."""
    routes = APIRouter(prefix="/lab", tags=["lab"])

    @routes.get("/seed/schema")
    async def schema() -> dict[str, Any]:
        """The JSON Schema of a seed file."""
        return seed_model.schema()

    @routes.post("/seed", openapi_extra=YAML_BODY)
    async def plant(request: Request) -> SeededShown:
        """Make the running carrier what a seed file (YAML) says; what people set stays."""
        seed = await asyncio.to_thread(_parsed, await request.body())
        await state.plant(seed)
        return SeededShown(
            lines=len(seed.lines), customers=len(seed.customers), blocks=len(seed.blocks)
        )

    @routes.post("/reset")
    async def reset() -> ExchangedShown:
        """Go back to the seed: customers, orders, mails, registrations and clock; calls end."""
        return _exchanged(await state.reset())

    @routes.get("/snapshots")
    async def snapshots() -> SnapshotsShown:
        """Every saved state, by name."""
        return SnapshotsShown(items=[_shown(each) for each in await state.all()])

    _one_snapshot(routes, state)
    return routes


def _one_snapshot(routes: APIRouter, state: CarrierState) -> None:
    @routes.put("/snapshots/{name}")
    async def save(name: Name) -> SnapshotShown:
        """Save everything under a name; an older snapshot of that name goes."""
        return _shown(await state.save(name))

    @routes.post("/snapshots/{name}/load", responses=refusals(UnknownSnapshot, BadSnapshot))
    async def load(name: Name) -> ExchangedShown:
        """Make everything what was saved, the clock too; calls end."""
        try:
            return _exchanged(await state.load(name))
        except WrongKey as error:
            raise HTTPException(409, str(error)) from None

    @routes.delete("/snapshots/{name}", status_code=204, response_class=Response)
    async def delete(name: Name) -> None:
        """Forget a saved state."""
        await state.delete(name)


def _parsed(body: bytes) -> Seed:
    try:
        return seeds.parse(Path("seed"), body.decode())
    except UnicodeDecodeError:
        raise HTTPException(422, "the seed is not UTF-8") from None
    except Refused as refused:
        raise HTTPException(422, str(refused)) from None


def _exchanged(done: Exchanged) -> ExchangedShown:
    return ExchangedShown(calls_ended=done.calls_ended)


def _shown(info: SnapshotInfo) -> SnapshotShown:
    return SnapshotShown(
        name=info.name,
        schema=info.schema,
        saved_at=utc(info.saved_at),
        business_at=utc(info.business_at),
        rows=info.rows,
        size_bytes=info.size_bytes,
    )
