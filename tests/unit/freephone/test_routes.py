"""`/v1/freephones` and `/v1/explain` over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lab.areas import packaged
from lab.explaining import Explainer
from lab.routes import explain
from provisioning.office import Office
from tests.support.freephones import NUMBER
from tests.support.orders import OPERATOR, contract
from tests.unit.api.conftest import api_of

NIGHT = {
    "days": {
        kind: [{"begins": "00:00", "ends": "09:00", "value": True},
               {"begins": "09:00", "ends": "24:00", "value": False}]
        for kind in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    } | {"holiday": [{"begins": "00:00", "ends": "24:00", "value": True}]}
}  # fmt: skip
SETUP: dict[str, Any] = {
    "options": ["area-split", "detour", "off-hours", "several-lines"],
    "groups": [
        {"name": "東", "areas": [{"level": "region", "name": "関東・甲信越"}],
         "line": "0300000003"},
        {"name": "西", "areas": [{"level": "ma", "name": "大阪", "prefecture": "大阪府"}],
         "line": "09000000001"},
    ],
    "receptions": [
        {"line": "0300000003", "channels": 2, "detours": ["09000000001"], "off_hours": NIGHT},
        {"line": "09000000001"},
    ],
}  # fmt: skip
PATH = "/v1/freephones/0120000003"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite: what the API makes of requests does not depend on the database."""
    return f"sqlite:///{tmp_path}/tokuban.sqlite3"


@pytest.fixture
async def api(office: Office) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on this host."""
    app = api_of(office, [explain.router(Explainer(office, packaged()))])
    transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 50000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as opened:
        yield opened


@pytest.fixture
async def payer(office: Office) -> str:
    return (await contract(office)).id


@pytest.fixture
async def made(api: httpx2.AsyncClient, payer: str) -> dict[str, Any]:
    body = {"number": "0120000003", "contract": payer, "setup": SETUP}
    answer = await api.post("/v1/freephones", json=body)
    assert (answer.status_code, answer.headers["location"]) == (201, PATH)
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_number_is_contracted_shown_changed_set_back_and_given_up(
    api: httpx2.AsyncClient, made: dict[str, Any]
) -> None:
    assert (await api.get(PATH)).json() == made
    assert (await api.get("/v1/freephones")).json()["items"] == [made]
    fewer = {**SETUP, "groups": SETUP["groups"][:1], "options": SETUP["options"][1:]}
    changed = await api.put(PATH, json={"setup": fewer, "version": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    again = await api.put(PATH, json={"setup": SETUP, "version": 1})
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:tokuban:problem:freephone-changed",
    )
    back = await api.post(f"{PATH}/undo", json={"version": 1})
    assert (back.json()["version"], back.json()["setup"]) == (3, made["setup"])
    versions = (await api.get(f"{PATH}/versions")).json()["items"]
    assert [(each["version"], each["who"]) for each in versions] == [(n, "api") for n in (3, 2, 1)]
    assert (await api.delete(PATH)).status_code == 204
    assert (await api.get(PATH)).status_code == 404
    fees = (await api.get(f"{PATH}/fees")).json()["items"]
    assert {each["ends_at"] is None for each in fees} == {False}


async def test_every_fault_is_told_in_both_languages_with_its_rule(
    api: httpx2.AsyncClient, made: dict[str, Any]
) -> None:
    wrong = {**SETUP, "options": ["area-split"]}
    answer = await api.put(PATH, json={"setup": wrong})
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert {each["rule"] for each in errors} == {"FREE-05", "FREE-07", "FREE-10"}
    assert all(each["ja"] and each["reason"] and each["field"] for each in errors)
    assert (await api.get(PATH)).json() == made


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "0120-000-003"},
        {"number": "0300000003"},
        {"setup": {**SETUP, "groups": [{"name": "a", "areas": [{"level": "planet"}]}]}},
        {"setup": {**SETUP, "extra": 1}},
        {"setup": {**SETUP, "receptions": [{"line": "0300000003", "channels": "2"}]}},
    ],
)
async def test_what_is_no_set_up_is_refused(
    api: httpx2.AsyncClient, payer: str, wrong: dict[str, Any]
) -> None:
    body = {"number": "0120000003", "contract": payer, "setup": SETUP, **wrong}
    assert (await api.post("/v1/freephones", json=body)).status_code == 422
    assert (await api.get("/v1/freephones")).json()["items"] == []


async def explained(api: httpx2.AsyncClient, **asked: str) -> dict[str, Any]:
    answer = await api.get("/v1/explain", params={"to": "0120000003", **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.rule("FREE-15")
@pytest.mark.usefixtures("made")
async def test_what_would_happen_is_told_step_by_step(api: httpx2.AsyncClient) -> None:
    noon, holiday = "2026-11-04T12:00", "2026-11-03T12:00"
    tokyo = await explained(api, **{"from": "0312345678", "at": noon})
    assert (tokyo["outcome"], tokyo["line"], tokyo["day"]) == ("Connect", "0300000003", "wed")
    assert tokyo["caller"] == {
        "number": "0312345678",
        "kind": "fixed",
        "prefecture": "東京都",
        "ma": "東京",
    }
    assert [step["rule"] for step in tokyo["steps"] if step["decided"]] == ["FREE-07"]
    closed = await explained(api, **{"from": "0312345678", "at": holiday})
    assert (closed["day"], closed["line"]) == ("holiday", "09000000001")
    busy = await explained(api, **{"from": "0312345678", "at": noon, "busy": "0300000003"})
    assert (busy["line"], busy["ja"].partition(":")[0]) == (
        "09000000001",
        "09000000001 に接続します",
    )
    sapporo = await explained(api, **{"from": "0112345678", "at": noon})
    assert (sapporo["outcome"], sapporo["en"][:7]) == ("Refused", "refused")
    mobile = await explained(api, **{"from": "09012345678", "prefecture": "大阪府", "at": noon})
    assert mobile["line"] == "09000000001"


@pytest.mark.rule("FREE-15")
@pytest.mark.usefixtures("made")
async def test_an_explanation_is_text_or_a_chart_in_either_language(
    api: httpx2.AsyncClient,
) -> None:
    asked = {"from": "05012345678", "to": "0120000003"}
    text = await api.get("/v1/explain", params={**asked, "form": "text"})
    assert "> FREE-02  050 IP電話からは接続できません" in text.text
    chart = await api.get("/v1/explain", params={**asked, "form": "mermaid", "language": "en"})
    assert chart.text.startswith("flowchart TD\n")
    assert "no freephone number takes calls from a 050 IP telephone" in chart.text


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"from": "110", "to": "0120000003"}, 422),
        ({"from": "0312345678", "to": "alice"}, 422),
        ({"from": "0312345678", "to": "0120000003", "at": "9999-12-31T23:59-23:00"}, 422),
        ({"from": "0312345678", "to": "0120000003", "at": "yesterday"}, 422),
    ],
)
async def test_a_question_without_an_answer(
    api: httpx2.AsyncClient, asked: dict[str, str], status: int
) -> None:
    assert (await api.get("/v1/explain", params=asked)).status_code == status


async def test_the_customer_control_is_locked_and_unlocked(
    api: httpx2.AsyncClient, office: Office, payer: str
) -> None:
    setup = {**SETUP, "options": [*SETUP["options"], "customer-control"]}
    body = {"number": "0120000003", "contract": payer, "setup": setup}
    await api.post("/v1/freephones", json=body)
    control = f"{PATH}/control"
    open_ = {"has_password": False, "tries_left": 3, "locked_at": None}
    assert (await api.get(control)).json() == open_
    made = await api.post(f"{control}/password", json={})
    assert (made.status_code, len(made.json()["password"])) == (201, 12)
    assert (await api.post(f"{control}/unlock", json={})).status_code == 409
    for _ in range(3):
        await office.control.judge(NUMBER, "wrong", origin=OPERATOR)
    assert (await api.get(control)).json()["locked_at"] is not None
    unlocked = await api.post(f"{control}/unlock", json={})
    assert unlocked.json() == {**open_, "has_password": True}
    assert "unlock" in [f["item"] for f in (await api.get(f"{PATH}/fees")).json()["items"]]


async def test_a_number_without_control_says_so(
    api: httpx2.AsyncClient, made: dict[str, Any]
) -> None:
    answer = await api.get(f"{PATH}/control")
    assert (answer.status_code, made["version"]) == (409, 1)
