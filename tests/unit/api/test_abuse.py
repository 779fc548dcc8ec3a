"""Bad input on every field, wrong methods, huge bodies, path and SQL tricks: nothing changes."""

import json
from collections.abc import Mapping
from itertools import product
from typing import Any

import httpx2
from sqlalchemy import text

from provisioning.db.connection import Connection
from provisioning.office import Office
from tests.unit.api.conftest import Known, api_of

PROBLEM = "application/problem+json"

CUSTOMER = {
    "kind": "consumer",
    "name": "特番 太郎",
    "postal_code": "1000001",
    "address": "東京都千代田区千代田1-1",
    "phone": "03-1234-5678",
    "mail": "taro@tokuban.example",
}
LINE = {"number": "09000000099", "profile": "ntt", "ma": "東京", "prefecture": "東京都"}
CONTRACT = {
    "customer": "C00000001",
    "plan": "standard",
    "profile": "ntt",
    "ma": "東京",
    "prefecture": "東京都",
}
GOOD: Mapping[str, dict[str, Any]] = {
    "/v1/customers": CUSTOMER,
    "/v1/contracts": CONTRACT,
    "/v1/lines": LINE,
    "/v1/accounts": {"line": "09000000004", "user": "added"},
    "/v1/number-blocks": {"first": "05000000100", "last": "05000000109"},
    "/v1/number-orders": {"contract": "K00000001", "count": 1},
    "/v1/numbers/05000000001/cancellation": {"form_reference": "F"},
    "/v1/numbers/05000000001/password-resets": {"which": "line"},
    "/v1/contracts/K00000001/login": {"selfcare_id": "somebody"},
    "/v1/tokens": {"name": "x", "scopes": ["lines:read"]},
    "/v1/trunks": {"name": "other", "caller_class": "mobile", "peers": ["192.0.2.1"]},
}
"""A body that each POST understands."""

NASTY: tuple[Any, ...] = (
    700,
    True,
    [],
    {},
    "x\0y",
    "\ud800",
    "x\ny",
    "x\x1b[31m",
    "x\x85y",
    "x\u202ey",
    "x\u2066y\u2069",
    "a" * 300,
    "'; DROP TABLE customers; --",
    "1 OR 1=1",
    "../../etc/passwd",
    "%00",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    -(10**30),
)
FREE_TEXT = {"name", "address", "ma", "prefecture", "form_reference"}
"""Fields that keep any one line of text: what a database or browser might take for more is text."""

LISTS = (
    "customers", "contracts", "lines", "accounts", "numbers", "number-orders", "tokens", "trunks",
)  # fmt: skip

TABLES = (
    "customers", "contracts", "lines", "accounts", "numbers", "number_orders", "api_tokens",
    "trunks",
)  # fmt: skip


def _is_a_line(value: Any) -> bool:
    return isinstance(value, str) and len(value) < 40 and value.isprintable()


async def rows(office: Office) -> dict[str, int]:
    """How many rows each table has."""

    async def work(connection: Connection) -> dict[str, int]:
        return {
            name: (await connection.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one()
            for name in TABLES
        }

    return await office._database.read(work)


def refused(answer: httpx2.Response) -> None:
    """A clear problem, none of it the server's fault."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]


async def test_a_field_of_the_wrong_kind_is_refused_by_name(
    api: httpx2.AsyncClient, office: Office, known: Known
) -> None:
    before = await rows(office)
    for path in GOOD:
        await _wrong_kinds(api, path)
    assert await rows(office) == before


async def _wrong_kinds(api: httpx2.AsyncClient, path: str) -> None:
    for field in GOOD[path]:
        for value in NASTY:
            if field in FREE_TEXT and _is_a_line(value):
                continue
            body = GOOD[path] | {field: value}
            answer = await _post(api, path, body)
            assert answer.status_code in (404, 409, 422), (field, value, answer.text)
            refused(answer)
            if answer.status_code == 422:
                assert field in answer.text


async def test_what_looks_like_sql_or_a_formula_is_text(
    api: httpx2.AsyncClient, office: Office, known: Known
) -> None:
    names = [each for each in NASTY if isinstance(each, str) and each.isprintable()][1:]
    for name in names:
        made = await api.post("/v1/customers", json=CUSTOMER | {"name": name})
        assert made.status_code == 201, name
        (found,) = (await api.get("/v1/customers", params={"name": name})).json()["items"]
        assert found == made.json()
        assert found["name"] == name
    assert (await rows(office))["customers"] == len(names) + 1


async def test_a_missing_an_unknown_and_no_field(
    api: httpx2.AsyncClient, office: Office, known: Known
) -> None:
    before = await rows(office)
    for path in GOOD:
        await _wrong_fields(api, path)
    assert await rows(office) == before


async def _wrong_fields(api: httpx2.AsyncClient, path: str) -> None:
    for body in (GOOD[path] | {"volume": 11}, [], "text", 7, None, [GOOD[path]]):
        refused(await _post(api, path, body))
    for field in GOOD[path]:
        if (path, field) == ("/v1/contracts/K00000001/login", "selfcare_id"):
            continue
        less = {name: value for name, value in GOOD[path].items() if name != field}
        answer = await _post(api, path, less)
        refused(answer)
        assert field in answer.text


async def test_a_body_that_is_none(api: httpx2.AsyncClient, office: Office, known: Known) -> None:
    before = await rows(office)
    for path in GOOD:
        await _wrong_bodies(api, path)
    assert await rows(office) == before


async def _wrong_bodies(api: httpx2.AsyncClient, path: str) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    bodies = (b"", b"{", b"\xff\xfe", b"[" * 60_000, b'{"a": ' * 9_000, b"{} {}", b"9" * 5_000)
    for body in bodies:
        refused(await api.post(path, content=body, headers=headers))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=x"):
        answer = await api.post(path, content=b"{}", headers=headers | {"Content-Type": kind})
        assert answer.status_code == 415
        refused(answer)
    huge = b'{"name": "' + b"a" * 70_000 + b'"}'
    assert (await api.post(path, content=huge, headers=headers)).status_code == 413
    long = headers | {"Content-Length": "9" * 5_000}
    assert (await api.post(path, headers=long)).status_code == 413


async def test_a_method_that_a_path_does_not_know(
    api: httpx2.AsyncClient, office: Office, known: Known
) -> None:
    before = await rows(office)
    paths: dict[str, dict[str, Any]] = api_of(office).openapi()["paths"]
    for path, methods in paths.items():
        real = path.format_map(_Filled())
        for method in ("GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
            if method.lower() not in methods:
                answer = await api.request(method, real)
                assert answer.status_code == 405, (method, real)
                allowed = answer.headers["allow"].lower().split(", ")
                assert method.lower() not in allowed
                assert set(methods) <= set(allowed)
                refused(answer)
    assert await rows(office) == before


class _Filled(dict[str, str]):
    """Anything for a part of a path."""

    def __missing__(self, name: str) -> str:
        return {"number": "05000000001", "line": "05000000001"}.get(name, "X00000001")


PARTS = (
    "..",
    "%2e%2e",
    "..%2f..%2fcustomers",
    "%00",
    "%0d%0aX-Injected:%201",
    "' OR '1'='1",
    "1;DROP TABLE lines",
    "C00000001%20",
    "C00000001%0a",
    "C000000010000000000",
    "特番",
    "٠٩٠٠٠٠٠٠٠٠١",
    "+819000000001%ff",
)


async def test_tricks_in_a_path(api: httpx2.AsyncClient, office: Office, known: Known) -> None:
    before = await rows(office)
    for area, part in product(LISTS, PARTS):
        for method in ("PATCH", "DELETE", "GET"):
            answer = await api.request(method, f"/v1/{area}/{part}/x")
            refused(answer)
            answer = await api.request(method, f"/v1/{area}/x{part}")
            refused(answer)
            assert "x-injected" not in answer.headers
    assert await rows(office) == before


QUERIES = (
    "limit=0",
    "limit=1001",
    "limit=ten",
    "limit=-1",
    "limit=1e3",
    "after=%00",
    "after=%27%20OR%201=1",
    "after=" + "9" * 500,
    "after=%F0%9F%98%80",
)


async def test_tricks_in_a_query(api: httpx2.AsyncClient, known: Known) -> None:
    for area, query in product(LISTS, QUERIES):
        answer = await api.get(f"/v1/{area}?{query}")
        assert answer.status_code == 422, (area, query)
        refused(answer)


async def test_a_filter_is_no_pattern(api: httpx2.AsyncClient, known: Known) -> None:
    for name in ("%", "_", "\\", "'", "%25%25"):
        found = await api.get("/v1/customers", params={"name": name})
        assert found.json()["items"] == [], name


async def _post(api: httpx2.AsyncClient, path: str, body: object) -> httpx2.Response:
    """A POST of any value as JSON, with half characters as they are escaped."""
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"k{hash(content)}"}
    return await api.post(path, content=content, headers=headers)
