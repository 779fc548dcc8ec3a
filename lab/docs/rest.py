"""The HTTP interface's page, from the application's own description."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from ivr.store.export import SoundFiles
from lab import areas
from lab.explaining import Explainer
from lab.routes import explain, whole
from lab.state import CarrierState
from lab.trace import TraceHub
from provisioning.api.app import create_app
from provisioning.api.describe import catalogue, common_kinds
from provisioning.api.probes import Readiness
from provisioning.api.problems import TITLES
from provisioning.clock import wall_time
from provisioning.listening.service import Listening
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

- **Scopes**: an API token (`POST /v1/tokens`, `tokuban token create`) may do what its scopes say;
  each operation names the one it needs. Write includes read. Nobody hands on a scope they lack.
- **Lists** answer `items` and `next`: give `next` as `after` for the page behind, until it is null.
  A filter bears the name of the field it looks at; all of them must fit.
- **Idempotency-Key**: every POST under `/v1` takes one, an order must have one. The same key and
  request again gets the first answer again, its passwords null (`Idempotency-Replayed: true`); the
  same key with another request is refused (422), and so is a second one while the first is still
  being answered (409). A key counts for one caller and route, for a day, restarts included.
  A refused request keeps nothing: correct it and send it again.
- **Passwords and secrets** are in the answer that made them, once; afterwards they are null.
"""


def page() -> str:
    """The whole page."""
    schema = asyncio.run(_schema())
    return "\n".join([HEAD, *_paths(schema), *_problems()])


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
                Listening(office.voicemail, office.audit, SoundFiles()),
                routes=[explain.router(Explainer(office, areas.packaged()))],
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
            yield from _answers(operation)


def _answers(operation: dict[str, Any]) -> Iterator[str]:
    """The scope an operation needs, and the refusals that are its own."""
    for scope in operation.get("security", [{}])[-1].get("bearer", []):
        yield f"Scope: `{scope}`.\n"
    kinds = {
        kind for answer in operation["responses"].values() for kind in answer.get("x-problems", [])
    }
    own = [f"`{kind}`" for kind in sorted(kinds - common_kinds())]
    if own:
        yield f"Refusals: {', '.join(own)}.\n"


def _problems() -> Iterator[str]:
    """Every kind of problem, with its status."""
    rows = [
        f"| `urn:tokuban:problem:{kind}` | {status} | {TITLES[kind]} |"
        for kind, status in catalogue().items()
    ]
    yield "\n".join(["## Problems", "", "| type | status | |", "|---|---|---|", *rows]) + "\n"


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
