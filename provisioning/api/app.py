"""The web application of the office."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from provisioning.api import describe, figures, lines, probes, problems, tokens
from provisioning.api.access import Access
from provisioning.api.bodies import Bodies
from provisioning.api.probes import Readiness
from provisioning.office import Office


def create_app(
    office: Office,
    readiness: Callable[[], Readiness],
    metrics: CollectorRegistry,
    *,
    lab_routes: Sequence[APIRouter] = (),
    token: str | None = None,
    lab_token: str | None = None,
) -> FastAPI:
    """The ASGI app: `/health`, `/ready`, `/metrics`, `/v1`, `/openapi.json` and `lab_routes`.

    Probes and metrics are open; the rest answers programs on this host, and from elsewhere
    whoever has `token` or an API token with the scope. With a `lab_token`, `/lab` needs it from
    everyone. Every error is a problem (RFC 9457). A password is shown once, when it is made.
    """
    app = FastAPI(
        title="tokuban", version="1", docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.office = office
    problems.install(app)
    app.include_router(probes.router(readiness, metrics))
    for area in (lines, tokens):
        app.include_router(area.router)
    for routes in lab_routes:
        app.include_router(routes)
    figures.watch(office, metrics)
    describe.install(app)
    app.add_middleware(Bodies)
    app.add_middleware(Access, tokens=office.tokens, token=token, lab_token=lab_token)
    app.add_middleware(figures.Requests, metrics=metrics)
    return app
