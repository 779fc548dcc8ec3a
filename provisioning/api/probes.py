"""Whether the carrier lives, whether it takes calls, and its figures."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether calls are taken now; if not, the reason for a person."""

    ready: bool
    reason: str = ""


class Health(BaseModel):
    """The process answers."""

    status: str = "alive"


class Ready(BaseModel):
    """Calls are taken, or why not."""

    ready: bool
    reason: str = ""


def router(readiness: Callable[[], Readiness], metrics: CollectorRegistry) -> APIRouter:
    """`/health`, `/ready` and `/metrics`."""
    routes = APIRouter(tags=["probes"])

    @routes.get("/health")
    async def health() -> Health:
        """200 while the process answers at all."""
        return Health()

    @routes.get("/ready", responses={503: {"model": Ready}})
    async def ready(response: Response) -> Ready:
        """200 once calls are taken, else 503 and the reason."""
        state = readiness()
        response.status_code = 200 if state.ready else 503
        return Ready(ready=state.ready, reason=state.reason)

    @routes.get("/metrics", response_class=Response)
    async def figures() -> Response:
        """Figures for Prometheus; no label holds a number or a user."""
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return routes
