"""The office over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from provisioning.api.probes import Readiness
from provisioning.contract import E164, Diversions, StorageUnavailable
from provisioning.office import Office
from tests.support.storage import (
    DOCOMO,
    FREEPHONE,
    NTT,
    binding,
)
from tests.unit.provisioning.conftest import PROBLEM, TOKEN, Carrier, Clients


class OnSqlite:
    """Tests of what happens before the storage is asked."""

    @pytest.fixture
    def database_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/tokuban.sqlite3"


class TestProbes(OnSqlite):
    async def test_health_is_well_while_the_process_answers(
        self, client: httpx2.AsyncClient
    ) -> None:
        assert (await client.get("/health")).json() == {"status": "alive"}

    async def test_ready_says_why_not_and_then_that_it_is(
        self, client: httpx2.AsyncClient, carrier: Carrier
    ) -> None:
        before = await client.get("/ready")
        assert (before.status_code, before.json()["reason"]) == (503, carrier.state.reason)
        carrier.state = Readiness(True)
        assert (await client.get("/ready")).status_code == 200

    async def test_metrics_count_by_route_and_never_by_number(
        self, client: httpx2.AsyncClient
    ) -> None:
        for path in (f"/v1/lines/{DOCOMO}", "/v1/lines/09000000001", "/nothing/here"):
            await client.get(path)
        await client.request("BREW", "/health")
        text = (await client.get("/metrics")).text
        counted = (
            'tokuban_http_requests_total{method="GET",route="/v1/lines/{number}",status="200"}'
        )
        assert f"{counted} 2.0" in text
        assert 'method="GET",route="none",status="404"' in text
        assert 'method="other"' in text
        assert "tokuban_lines 4.0" in text
        assert "tokuban_accounts 5.0" in text
        assert not any(shown in text for shown in ("9000000001", "BREW", "nothing"))


class TestAccess(OnSqlite):
    @pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1"])
    @pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
    async def test_this_host_may_ask(self, clients: Clients, peer: str, host: str) -> None:
        async with clients(peer, host) as here:
            assert (await here.get("/v1/lines")).status_code == 200

    @pytest.mark.parametrize("path", ["/v1/lines", "/openapi.json", "/lab/broken", "/nothing"])
    async def test_another_host_may_not(self, clients: Clients, path: str) -> None:
        async with clients("192.0.2.7") as elsewhere:
            answer = await elsewhere.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == PROBLEM

    @pytest.mark.parametrize("path", ["/health", "/metrics"])
    async def test_another_host_may_probe(self, clients: Clients, path: str) -> None:
        async with clients("192.0.2.7") as elsewhere:
            assert (await elsewhere.get(path)).status_code == 200

    async def test_the_token_opens_from_anywhere(self, clients: Clients) -> None:
        async with clients("192.0.2.7", "carrier.example") as elsewhere:
            allowed = await elsewhere.get("/v1/lines", headers=_bearer(TOKEN))
            assert allowed.status_code == 200

    @pytest.mark.parametrize("peer", ["192.0.2.7", "127.0.0.1"])
    async def test_a_wrong_token_opens_nothing(self, clients: Clients, peer: str) -> None:
        async with clients(peer) as asking:
            refused = await asking.get("/v1/lines", headers=_bearer("guess"))
        assert refused.status_code == 401
        assert TOKEN not in refused.text

    @pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP"])
    async def test_behind_a_proxy_of_this_host_the_token_is_needed(
        self, client: httpx2.AsyncClient, header: str
    ) -> None:
        assert (await client.get("/v1/lines", headers={header: "127.0.0.1"})).status_code == 401

    async def test_a_page_under_its_own_name_may_not_ask_through_a_browser_here(
        self, clients: Clients
    ) -> None:
        async with clients("127.0.0.1", "rebound.example") as page:
            assert (await page.get("/v1/lines")).status_code == 401


class TestLines:
    @pytest.mark.rule("LINE-01")
    @pytest.mark.parametrize("written", [NTT, "0300000003"])
    async def test_a_line_is_shown_under_both_ways_of_writing(
        self, client: httpx2.AsyncClient, written: str
    ) -> None:
        assert (await client.get(f"/v1/lines/{written}")).json() == {
            "number": NTT,
            "profile": "ntt",
            "ma": "東京",
            "prefecture": "東京都",
            "kind": "consumer",
            "status": "active",
            "options": ["tokutei-notify"],
            "freephone": FREEPHONE,
            "language": "ja",
            "accounts": [{"user": "ntt", "access": "os", "sources": []}],
        }

    async def test_pages_hold_every_line_once(self, client: httpx2.AsyncClient) -> None:
        numbers, after = [], ""
        while after is not None:
            page = (await client.get("/v1/lines", params={"limit": 3, "after": after})).json()
            numbers += [line["number"] for line in page["items"]]
            after = page["next"]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == 4

    async def test_an_unknown_line_is_a_problem(self, client: httpx2.AsyncClient) -> None:
        answer = await client.get("/v1/lines/+819099999999/forwarding")
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
        assert answer.json()["type"] == "urn:tokuban:problem:unknown-line"

    async def test_registrations_are_those_that_have_not_expired(
        self, client: httpx2.AsyncClient, office: Office
    ) -> None:
        gone = replace(binding("sip:gone@192.0.2.9"), expires_at=1.0)
        there = replace(binding(), expires_at=4_000_000_000.0)
        await office.bindings.save("docomo", (gone, there))
        await office.bindings.save("au", (there,))
        (shown,) = (await client.get(f"/v1/lines/{DOCOMO}/registrations")).json()
        assert (shown["user"], shown["contact"]) == ("docomo", there.contact)
        assert shown["expires_at"] == "2096-10-02T07:06:40Z"


@pytest.mark.rule("SHOW-01")
class TestPresentation:
    async def test_it_is_switched(self, client: httpx2.AsyncClient) -> None:
        path = f"/v1/lines/{NTT}/presentation"
        assert (await client.get(path)).json() == {"number": FREEPHONE, "active": False}
        switched = await client.put(path, json={"active": True})
        assert switched.json() == {"number": FREEPHONE, "active": True}

    async def test_without_a_contract_it_is_refused(self, client: httpx2.AsyncClient) -> None:
        answer = await client.put(f"/v1/lines/{DOCOMO}/presentation", json={"active": True})
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:tokuban:problem:not-contracted"


class TestErrors(OnSqlite):
    async def test_storage_that_is_away_says_when_to_come_back(
        self, client: httpx2.AsyncClient, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def away(_line: E164) -> Diversions:
            raise StorageUnavailable("the database is locked; try again later")

        monkeypatch.setattr(office.forwarding, "of", away)
        answer = await client.get(f"/v1/lines/{DOCOMO}/forwarding")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["type"] == "urn:tokuban:problem:storage-unavailable"

    async def test_a_failure_inside_stays_inside(self, client: httpx2.AsyncClient) -> None:
        answer = await client.get("/lab/broken")
        assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
        assert "marker-inside" not in answer.text

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/nothing", 404), ("DELETE", "/v1/lines", 405)],
    )
    async def test_what_is_not_there_is_a_problem(
        self, client: httpx2.AsyncClient, method: str, path: str, status: int
    ) -> None:
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
        assert answer.json()["status"] == status

    async def test_a_body_without_end_is_refused(self, client: httpx2.AsyncClient) -> None:
        path = f"/v1/lines/{DOCOMO}/forwarding"
        assert (await client.put(path, content=b" " * 70_000)).status_code == 413

        async def endless() -> AsyncIterator[bytes]:
            yield b"{"

        assert (await client.put(path, content=endless())).status_code == 411

    @pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff\xfe", b'{"active": tru'])
    async def test_a_body_that_is_no_object_is_a_problem(
        self, client: httpx2.AsyncClient, body: bytes
    ) -> None:
        answer = await client.put(
            f"/v1/lines/{DOCOMO}/forwarding",
            content=body,
            headers={"content-type": "application/json"},
        )
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == PROBLEM


async def test_the_api_describes_itself(client: httpx2.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert {"/health", "/ready", "/metrics", "/v1/lines", "/v1/lines/{number}"} <= paths.keys()
    assert set(paths["/v1/lines/{number}/forwarding"]) == {"get", "put"}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
