"""The HTTP interface's page, from the application's own description."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from lab.routes import whole
from lab.state import CarrierState
from lab.trace import TraceHub
from provisioning.api.app import create_app
from provisioning.api.probes import Readiness
from provisioning.clock import wall_time
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import Seed

HEAD = """\
# HTTP

Written by `make docs` from the application; a running carrier serves the same as
`/openapi.json`. Probes and metrics are open. `/v1` answers programs on this host and, from
elsewhere, whoever sends `Authorization: Bearer` with the setting `http.token` or an API token.
`/lab` asks every program for the lab token (`lab.token`, or the file `lab.token` in the data
folder); a person at a browser of this host needs none, and a page of another site gets nothing.
Errors are problem documents (RFC 9457).
"""


def page() -> str:
    """The whole page."""
    schema = asyncio.run(_schema())
    return "\n".join([HEAD, *_paths(schema)])


async def _schema() -> dict[str, Any]:
    """The OpenAPI document of the application over an empty office."""
    with tempfile.TemporaryDirectory() as folder:
        office = await Office.open(OfficeSettings(Path(folder), realm="tokuban"))
        try:
            state = CarrierState(office, Seed(()))
            app = create_app(
                office,
                lambda: Readiness(False),
                CollectorRegistry(),
                lab_routes=whole.routers(office, TraceHub(0, 1, wall_time), state),
            )
            return app.openapi()
        finally:
            await office.close()


def _paths(schema: dict[str, Any]) -> Iterator[str]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"## `{method.upper()} {path}`\n\n{operation.get('description', '').strip()}\n"
            yield from _fields(schema, operation)


def _fields(schema: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    rows = [_parameter(each) for each in operation.get("parameters", [])]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    model = _resolved(schema, body.get("schema", {}))
    rows += [_property(name, each) for name, each in model.get("properties", {}).items()]
    if rows:
        yield "\n".join(["| | | |", "|---|---|---|", *rows]) + "\n"


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    name = part.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema["components"]["schemas"][name] if name else part
    return found


def _parameter(each: dict[str, Any]) -> str:
    return f"| `{each['name']}` | {each['in']} | {each.get('description', '')} |"


def _property(name: str, each: dict[str, Any]) -> str:
    return f"| `{name}` | body | {each.get('description', '')} |"
