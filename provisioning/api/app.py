"""The web application of the office."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from provisioning.api import figures, lines, probes, problems
from provisioning.api.access import Access
from provisioning.api.probes import Readiness
from provisioning.office import Office


def create_app(
    office: Office,
    readiness: Callable[[], Readiness],
    metrics: CollectorRegistry,
    *,
    lab_routes: Sequence[APIRouter] = (),
    token: str | None = None,
) -> FastAPI:
    """The ASGI app: `/health`, `/ready`, `/metrics`, `/v1`, `/openapi.json` and `lab_routes`.

    Probes and metrics are open; the rest answers programs on this host, and from elsewhere
    whoever has `token`. Every error is a problem (RFC 9457). No response shows a secret.
    """
    app = FastAPI(title="tokuban", version="1", docs_url=None, redoc_url=None)
    app.state.office = office
    problems.install(app)
    app.include_router(probes.router(readiness, metrics))
    app.include_router(lines.router)
    for routes in lab_routes:
        app.include_router(routes)
    figures.watch(office, metrics)
    app.add_middleware(Access, token=token)
    app.add_middleware(figures.Requests, metrics=metrics)
    return app
