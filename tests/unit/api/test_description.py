"""schemathesis against the OpenAPI document: no server error, and no answer it does not name."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lab.routes import whole
from lab.state import CarrierState
from lab.trace import TraceHub
from provisioning.clock import wall_time
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import Seed
from provisioning.tokens.model import Scope
from tests.support import postgres
from tests.support.storage import AU, REALM, seed
from tests.unit.api.conftest import LAB_TOKEN, OPERATOR, api_of, furnish

schemathesis.serializer.alias("audio/wav", "application/octet-stream")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

EXAMPLES = {"sqlite": 5, "postgresql": 2}
"""Requests an operation and mode, the same at every run.

What the application makes of them is seen on SQLite; a server takes other texts and numbers.
"""

ENDLESS = frozenset({"/lab/trace", "/v1/events"})
"""Answers that go on as long as somebody reads."""

SETTINGS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Served:
    """An office with its application, in a loop of their own."""

    runner: asyncio.Runner
    client: httpx2.AsyncClient
    description: dict[str, Any]
    there: dict[str, str]
    examples: int

    def answer(self, case: Case[Any]) -> httpx2.Response:
        """What the application answers to a generated request."""
        sent = requests.Request(**case.as_transport_kwargs(base_url="http://127.0.0.1")).prepare()
        assert sent.method is not None
        assert sent.url is not None
        assert sent.body is None or isinstance(sent.body, str | bytes)
        body = None if sent.body is None else _bytes(sent.body)
        headers = [(name.encode(), _bytes(value)) for name, value in sent.headers.items()]
        request = self.client.build_request(sent.method, sent.url, headers=headers, content=body)
        return self.runner.run(self.client.send(request))


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@pytest.fixture(params=list(EXAMPLES))
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the office's rows are; None for SQLite in its folder."""
    if request.param == "sqlite":
        yield None
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def served(database_url: str | None, tmp_path: Path) -> Iterator[Served]:
    examples = EXAMPLES["postgresql" if database_url else "sqlite"]
    with asyncio.Runner() as runner:
        office = runner.run(Office.open(OfficeSettings(tmp_path, REALM, database=database_url)))
        try:
            runner.run(office.seed(seed()))
            there = runner.run(_there(office))
            lab = whole.routers(office, TraceHub(10, 1, wall_time), CarrierState(office, Seed(())))
            app = api_of(office, lab)
            transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 50000))
            bearer = {"Authorization": f"Bearer {LAB_TOKEN}"}
            client = httpx2.AsyncClient(transport=transport, headers=bearer)
            yield Served(runner, client, app.openapi(), there, examples)
            runner.run(client.aclose())
        finally:
            runner.run(office.close())


async def _there(office: Office) -> dict[str, str]:
    """What exists, by its name in paths and bodies, so that requests meet something."""
    known = await furnish(office)
    order = await office.orders.place(known.contract, 3, key="first", origin=OPERATOR)
    token = await office.tokens.create("first", [Scope.LAB], origin=OPERATOR)
    return {
        "customer": known.customer,
        "contract": known.contract,
        "block": known.block,
        "number": order.numbers[0].number,
        "line": AU,
        "user": "au",
        "order": order.id,
        "token": token.token.id,
        "plan": "standard",
        "postal_code": "100-0001",
        "phone": "03-1234-5678",
        "mail": "somebody@tokuban.example",
        "first": "05000001000",
        "last": "05000001009",
    }


def _at_once(case: Case[Any]) -> Case[Any]:
    """The same request without the wish to wait: whole minutes would pass."""
    if isinstance((case.query or {}).get("wait_s"), int | float):
        case.query["wait_s"] = 0
    return case


def _pointed(case: Case[Any], there: dict[str, str]) -> Case[Any]:
    """The same request about things that exist."""
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: there[name] for name in part.keys() & there.keys()})
    if case.path.startswith("/v1/lines/{number}"):
        case.path_parameters = {**(case.path_parameters or {}), "number": there["line"]}
    return case


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_meets_a_server_error_or_an_undescribed_answer(
    served: Served, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(served.description)
    every = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    operations = [each for each in every if each.path not in ENDLESS]
    assert len(operations) >= 40
    for operation in sorted(operations, key=_turn):
        described = served.description["paths"][operation.path][operation.method]
        if mode is GenerationMode.NEGATIVE and not described.keys() & {"parameters", "requestBody"}:
            continue

        @settings(SETTINGS, max_examples=served.examples)
        @given(case=operation.as_strategy(generation_mode=mode), pointed=st.booleans())
        def ask(case: Case[Any], pointed: bool) -> None:
            asked = _at_once(_pointed(case, served.there) if pointed else case)
            answer = served.answer(asked)
            case.validate_response(answer, checks=CHECKS)

        ask()


def _turn(operation: APIOperation[Any, Any, Any, Any]) -> tuple[bool, bool, str]:
    """What others ask about is taken away last, and `/lab` may take away everything."""
    ends = operation.method == "delete" or operation.path.endswith(("cancellation", "closure"))
    return operation.path.startswith("/lab"), ends, operation.path
