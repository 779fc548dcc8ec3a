"""The office's figures; labels come from fixed sets, so that their number is bounded."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from provisioning.office import Office

METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"})


def watch(office: Office, metrics: CollectorRegistry) -> None:
    """Register the gauges of the office."""
    Gauge("tokuban_lines", "Lines in the directory.", registry=metrics).set_function(
        lambda: len(office.directory.lines())
    )
    Gauge("tokuban_accounts", "SIP accounts in the directory.", registry=metrics).set_function(
        lambda: len(office.directory.users())
    )


class Requests:
    """ASGI middleware: counts answers by method, route template and status."""

    def __init__(self, app: ASGIApp, metrics: CollectorRegistry) -> None:
        self._app = app
        self._count = Counter(
            "tokuban_http_requests",
            "HTTP requests answered.",
            ("method", "route", "status"),
            registry=metrics,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            path = getattr(scope.get("route"), "path", None)
            route = "none" if path is None else f"{scope.get('root_path', '')}{path}"
            self._count.labels(method, route, str(status)).inc()
