"""Who may do what: this host, the fixed tokens, API tokens with their scopes, others."""

import httpx2
import pytest

from lab import areas
from lab.explaining import Explainer
from lab.routes import explain
from provisioning.api.access import AREAS, needed
from provisioning.numbers.model import NumberState
from provisioning.office import Office
from provisioning.tokens.model import Scope
from tests.unit.api.conftest import LAB_TOKEN, OPERATOR, TOKEN, Clients, Known, api_of

ELSEWHERE = "192.0.2.7"
PROBLEM = "application/problem+json"


async def secret(office: Office, *scopes: Scope, lives_s: float | None = None) -> str:
    made = await office.tokens.create("test", scopes, lives_s=lives_s, origin=OPERATOR)
    return made.secret


def kind(answer: httpx2.Response) -> str:
    assert answer.headers["content-type"] == PROBLEM
    return str(answer.json()["type"]).removeprefix("urn:tokuban:problem:")


def test_every_collection_has_an_area(office: Office) -> None:
    explaining = explain.router(Explainer(office, areas.packaged()))
    paths = [path.split("/") for path in api_of(office, [explaining]).openapi()["paths"]]
    assert {parts[2] for parts in paths if parts[1] == "v1"} == set(AREAS)
    scopes = {needed(method, f"/v1/{name}") for name in AREAS for method in ("GET", "POST")}
    assert scopes == set(Scope) - {Scope.LAB, Scope.MESSAGES_TEXT, Scope.VOICEMAIL_SOUND}


def test_the_description_names_the_scope_of_each_operation(office: Office) -> None:
    paths = api_of(office).openapi()["paths"]
    assert paths["/v1/numbers/{number}"]["get"]["security"] == [{}, {"bearer": ["numbers:read"]}]
    cancelling = paths["/v1/numbers/{number}/cancellation"]["post"]
    assert cancelling["security"] == [{}, {"bearer": ["numbers:write"]}]
    assert "403" in cancelling["responses"]


async def test_a_token_opens_its_area_from_anywhere(
    clients: Clients, office: Office, known: Known
) -> None:
    async with clients(ELSEWHERE, await secret(office, Scope.NUMBERS_READ)) as reader:
        assert (await reader.get("/v1/numbers/05000000001")).status_code == 200
        for method, path in (
            ("PUT", "/v1/numbers/05000000001/reservation"),
            ("GET", f"/v1/customers/{known.customer}"),
            ("GET", "/v1/audit"),
            ("GET", "/lab/clock"),
        ):
            refused = await reader.request(method, path)
            assert (refused.status_code, kind(refused)) == (403, "not-in-scope")
    assert (await office.numbers.counts())[NumberState.FREE] == 100


async def test_writing_includes_reading(clients: Clients, office: Office) -> None:
    async with clients(ELSEWHERE, await secret(office, Scope.NUMBERS_WRITE)) as writer:
        assert (await writer.put("/v1/numbers/05000000001/reservation")).status_code == 404
        assert (await writer.get("/v1/numbers")).status_code == 200


@pytest.mark.parametrize("token", ["", "tokuban_", "tokuban_guess", "guess", "特番", "a b", "\\"])
async def test_a_forged_token_opens_nothing_even_here(clients: Clients, token: str) -> None:
    for peer in ("127.0.0.1", ELSEWHERE):
        async with clients(peer) as client:
            header = {b"Authorization": f"Bearer {token}".encode()}
            refused = await client.get("/v1/lines", headers=header)
            assert (refused.status_code, kind(refused)) == (401, "access-refused")


@pytest.mark.parametrize("header", ["Basic dG9rdWJhbjo=", "Digest x", "Bearer", "bearer"])
async def test_another_kind_of_credentials_is_none(clients: Clients, header: str) -> None:
    async with clients() as client:
        refused = await client.get("/v1/lines", headers={"Authorization": header})
        assert refused.status_code == 401


async def test_a_revoked_token_is_none(clients: Clients, office: Office) -> None:
    made = await office.tokens.create("test", list(Scope), origin=OPERATOR)
    async with clients(ELSEWHERE, made.secret) as client:
        assert (await client.get("/v1/lines")).status_code == 200
        assert (await client.delete(f"/v1/tokens/{made.token.id}")).status_code == 200
        assert (await client.get("/v1/lines")).status_code == 401


async def test_the_setting_opens_everything(clients: Clients) -> None:
    async with clients(ELSEWHERE, TOKEN) as client:
        assert (await client.get("/v1/lines")).status_code == 200
        assert (await client.get("/v1/tokens")).status_code == 200
        assert (await client.get("/lab/nothing")).status_code == 404


async def test_the_lab_token_opens_the_lab_alone(clients: Clients) -> None:
    async with clients(ELSEWHERE, LAB_TOKEN) as client:
        assert (await client.get("/lab/nothing")).status_code == 404
        assert (await client.get("/v1/lines")).status_code == 403


async def test_a_token_may_not_make_a_stronger_one(clients: Clients, office: Office) -> None:
    own = await secret(office, Scope.TOKENS_WRITE, Scope.LINES_READ)
    async with clients(ELSEWHERE, own) as client:
        wanted = {"name": "up", "scopes": ["customers:write"]}
        refused = await client.post("/v1/tokens", json=wanted)
        assert (refused.status_code, kind(refused)) == (403, "more-than-own")
        same = await client.post("/v1/tokens", json=wanted | {"scopes": ["lines:read"]})
        assert same.status_code == 201
        assert same.json()["created_by"] == "token T00000001"
        shown = (await client.get(same.headers["location"])).json()
        assert (shown["secret"], shown["scopes"]) == (None, ["lines:read"])


async def test_this_host_hands_on_the_lab_with_the_lab_token(clients: Clients) -> None:
    wanted = {"name": "lab", "scopes": ["lab"]}
    async with clients() as here:
        assert (await here.post("/v1/tokens", json=wanted)).status_code == 403
    async with clients(token=LAB_TOKEN) as here:
        assert (await here.post("/v1/tokens", json=wanted)).status_code == 201
    async with clients(ELSEWHERE, LAB_TOKEN) as elsewhere:
        assert (await elsewhere.post("/v1/tokens", json=wanted)).status_code == 403


async def test_a_token_s_life_is_in_days(api: httpx2.AsyncClient) -> None:
    wanted = {"name": "brief", "scopes": ["lines:read"], "expires_in_days": 1}
    made = (await api.post("/v1/tokens", json=wanted)).json()
    assert made["created_at"][:10] < made["expires_at"][:10]


async def test_what_is_audited_names_the_token(
    clients: Clients, office: Office, known: Known
) -> None:
    async with clients(ELSEWHERE, await secret(office, Scope.NUMBERS_WRITE)) as client:
        await client.put("/v1/numbers/05000000001/reservation")
    (change,) = (await office.audit.search(subject="+815000000001")).items
    assert (change.who, change.origin) == ("token T00000001", f"http from {ELSEWHERE}")
