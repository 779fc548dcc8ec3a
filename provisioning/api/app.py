"""The web application of the office."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from provisioning.api import (
    accounts,
    audit,
    calls,
    cdrs,
    charges,
    contracts,
    customers,
    describe,
    events,
    figures,
    freephone_usage,
    freephones,
    lines,
    messages,
    numbers,
    orders,
    probes,
    problems,
    tokens,
    trunks,
    voicemail,
)
from provisioning.api.access import PORTAL, Access
from provisioning.api.asking import no_others
from provisioning.api.bodies import Bodies
from provisioning.api.probes import Readiness
from provisioning.listening.service import Listening
from provisioning.office import Office


def create_app(
    office: Office,
    readiness: Callable[[], Readiness],
    metrics: CollectorRegistry,
    listening: Listening,
    *,
    routes: Sequence[APIRouter] = (),
    lab_routes: Sequence[APIRouter] = (),
    token: str | None = None,
    lab_token: str | None = None,
    lab_token_file: str | None = None,
    portal: ASGIApp | None = None,
) -> FastAPI:
    """The ASGI app: `/health`, `/ready`, `/metrics`, `/v1` with `routes`, and `lab_routes`.

    Probes and metrics are open; the rest answers programs on this host, and from elsewhere
    whoever has `token` or an API token with the scope. With a `lab_token`, `/lab` needs it from
    every program; one on this host is told the `lab_token_file`. Every error is a problem
    (RFC 9457). A password is shown once, when it is made.
    """
    app = _empty()
    app.state.office, app.state.listening = office, listening
    problems.install(app)
    app.include_router(probes.router(readiness, metrics))
    _serve(app, [*routes, *lab_routes])
    if portal is not None:
        _mount(app, portal)
    figures.watch(office, metrics)
    describe.install(app)
    app.add_middleware(Bodies)
    app.add_middleware(
        Access,
        tokens=office.tokens,
        token=token,
        lab_token=lab_token,
        lab_token_file=lab_token_file,
    )
    app.add_middleware(figures.Requests, metrics=metrics)
    return app


def _empty() -> FastAPI:
    return FastAPI(
        title="tokuban",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(no_others)],
    )


def _mount(app: FastAPI, portal: ASGIApp) -> None:
    app.add_route("/", _home, include_in_schema=False)
    app.add_route(PORTAL, _to_portal, include_in_schema=False)
    app.mount(PORTAL, portal)


def _serve(app: FastAPI, further: Sequence[APIRouter]) -> None:
    """Include `/v1` and `further` routes."""
    for area in (
        customers,
        contracts,
        lines,
        accounts,
        numbers,
        orders,
        audit,
        tokens,
        cdrs,
        charges,
        calls,
        messages,
        events,
        trunks,
        freephones,
        freephone_usage,
        voicemail,
    ):
        app.include_router(area.router)
    for routes in (orders.placing, orders.letters, freephones.issues, *further):
        app.include_router(routes)


async def _to_portal(_request: Request) -> Response:
    return RedirectResponse(f"{PORTAL}/", 308)


async def _home(_request: Request) -> Response:
    return RedirectResponse(f"{PORTAL}/", 303)
