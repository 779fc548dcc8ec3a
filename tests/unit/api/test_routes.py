"""What the operator does over HTTP: customers, contracts, lines, accounts, numbers, the audit."""

from typing import Any

import httpx2
import pytest

from provisioning.office import Office
from tests.support.storage import AU, NTT
from tests.unit.api.conftest import Known
from tests.unit.api.test_abuse import CONTRACT, CUSTOMER

LINE = {"number": "0312340001", "profile": "ntt", "ma": "東京", "prefecture": "東京都"}
SHOWING = LINE | {"options": ["tokutei-notify"], "freephone": "0120000099"}


async def walk(api: httpx2.AsyncClient, path: str, **filters: Any) -> list[dict[str, Any]]:
    """Every item of a list, three a page; no page repeats what another had."""
    items: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        params = filters | {"limit": 3} | ({"after": after} if after else {})
        page = (await api.get(path, params=params)).json()
        assert len(page["items"]) <= 3
        items += page["items"]
        after = page["next"]
    return items


async def order(api: httpx2.AsyncClient, contract: str, count: int, key: str) -> Any:
    body = {"contract": contract, "count": count}
    return (await api.post("/v1/number-orders", json=body, headers={"Idempotency-Key": key})).json()


class TestCustomers:
    async def test_one_is_taken_in_found_and_changed(
        self, api: httpx2.AsyncClient, known: Known
    ) -> None:
        made = await api.post("/v1/customers", json=CUSTOMER)
        path = made.headers["location"]
        assert made.json() == CUSTOMER | {
            "id": path.rpartition("/")[2],
            "postal_code": "100-0001",
            "contact": "",
            "language": "ja",
        }
        changed = await api.patch(path, json={"mail": "new@tokuban.example", "name": None})
        assert changed.json() == made.json() | {"mail": "new@tokuban.example"}
        assert (await api.get(path)).json() == changed.json()

    async def test_lists_are_filtered_and_paged(
        self, api: httpx2.AsyncClient, known: Known
    ) -> None:
        for number in range(7):
            await api.post("/v1/customers", json=CUSTOMER | {"name": f"特番 {number}"})
        assert len(await walk(api, "/v1/customers")) == 8
        assert len(await walk(api, "/v1/customers", kind="consumer")) == 7
        (found,) = await walk(api, "/v1/customers", name="特番 3")
        assert found["name"] == "特番 3"


class TestContracts:
    async def test_one_is_opened_raised_and_closed(
        self, api: httpx2.AsyncClient, known: Known
    ) -> None:
        made = await api.post("/v1/contracts", json=CONTRACT | {"number_cap": 3})
        path = made.headers["location"]
        assert (made.json()["number_cap"], made.json()["status"]) == (3, "active")
        assert (await api.patch(path, json={"number_cap": 5})).json()["number_cap"] == 5
        assert (await api.post(f"{path}/closure")).json()["status"] == "closed"
        again = await api.post(f"{path}/closure")
        assert again.json()["type"] == "urn:tokuban:problem:contract-closed"
        assert len(await walk(api, "/v1/contracts", customer=known.customer)) == 2
        assert await walk(api, "/v1/contracts", customer="C00009999") == []

    @pytest.mark.rule("N050-07")
    async def test_the_plans_say_what_a_number_costs(self, api: httpx2.AsyncClient) -> None:
        plans = (await api.get("/v1/plans")).json()["items"]
        assert {plan["name"] for plan in plans} == {"standard", "business"}
        assert all(plan["monthly_fee_yen"] > 0 and plan["source"] == "A" for plan in plans)

    @pytest.mark.rule("N050-07")
    async def test_a_contract_says_what_its_numbers_cost_by_its_plan(
        self, api: httpx2.AsyncClient, known: Known, office: Office
    ) -> None:
        path = f"/v1/contracts/{known.contract}"
        fee = office.customers.plans["standard"].monthly_fee_yen
        before = (await api.get(path)).json()["monthly_fee_yen"]
        placed = await order(api, known.contract, 3, "fees")
        assert (await api.get(path)).json()["monthly_fee_yen"] == before + 3 * fee
        number = placed["numbers"][0]["number"]
        cancellation = f"/v1/numbers/{number}/cancellation"
        await api.post(cancellation, json={"form_reference": "F-1"})
        (listed,) = await walk(api, "/v1/contracts", customer=known.customer)
        assert listed["monthly_fee_yen"] == before + 2 * fee

    @pytest.mark.rule("N050-01")
    async def test_the_cap_says_how_many_are_left(
        self, api: httpx2.AsyncClient, known: Known
    ) -> None:
        await api.patch(f"/v1/contracts/{known.contract}", json={"number_cap": 2})
        refused = await order(api, known.contract, 3, "o")
        assert (refused["type"], refused["left"]) == ("urn:tokuban:problem:cap-reached", 2)

    @pytest.mark.rule("N050-05")
    async def test_a_login_is_made_and_reset(
        self, api: httpx2.AsyncClient, known: Known, office: Office
    ) -> None:
        path = f"/v1/contracts/{known.contract}/login"
        assert (await api.post(f"{path}/password-resets")).status_code == 404
        made = (await api.post(path, json={"selfcare_id": "tokuban-demo"})).json()
        assert made["selfcare_id"] == "tokuban-demo"
        again = await api.post(path, json={})
        assert again.json()["type"] == "urn:tokuban:problem:login-exists"
        reset = (await api.post(f"{path}/password-resets")).json()
        assert reset["password"] not in ("", None, made["password"])
        shown = (await api.get(f"/v1/contracts/{known.contract}")).json()
        assert shown["selfcare_id"] == "tokuban-demo"


@pytest.mark.rule("LINE-01")
class TestLines:
    async def test_one_is_made_changed_and_removed(self, api: httpx2.AsyncClient) -> None:
        made = await api.post("/v1/lines", json=SHOWING)
        path = made.headers["location"]
        kept = {"number": "+81312340001", "freephone": "+81120000099", "accounts": []}
        assert made.json() | SHOWING | kept == made.json()
        changed = (await api.patch(path, json={"status": "suspended", "options": []})).json()
        assert (changed["status"], changed["freephone"]) == ("suspended", None)
        assert (await api.get("/v1/lines/0312340001")).json() == changed
        assert (await api.delete(path)).status_code == 204
        assert (await api.get(path)).status_code == 404

    async def test_numbers_are_taken_with_hyphens(self, api: httpx2.AsyncClient) -> None:
        body = SHOWING | {"number": "03-1234-0001", "freephone": "0120-000-099"}
        made = (await api.post("/v1/lines", json=body)).json()
        assert (made["number"], made["freephone"]) == ("+81312340001", "+81120000099")
        account = {"line": "03-1234-0001", "user": "desk"}
        assert (await api.post("/v1/accounts", json=account)).status_code == 201
        path = "/v1/lines/03-1234-0001"
        assert (await api.get(path)).json()["accounts"][0]["user"] == "desk"
        assert len(await walk(api, "/v1/accounts", line="03-1234-0001")) == 1

    async def test_what_a_profile_lacks_is_refused(
        self, api: httpx2.AsyncClient, office: Office
    ) -> None:
        refused = await api.post("/v1/lines", json=SHOWING | {"profile": "docomo"})
        assert refused.status_code == 422
        assert "docomo has no 'tokutei-notify'" in refused.json()["detail"]
        assert (await api.post("/v1/lines", json=LINE | {"number": NTT})).status_code == 409

    async def test_lists_are_filtered(self, api: httpx2.AsyncClient) -> None:
        await api.post("/v1/lines", json=LINE)
        assert [each["number"] for each in await walk(api, "/v1/lines", profile="ntt")] == [
            NTT,
            "+81312340001",
        ]
        assert len(await walk(api, "/v1/lines", status="suspended")) == 1
        numbers = [each["number"] for each in await walk(api, "/v1/lines")]
        assert numbers == sorted(numbers)
        assert len(numbers) == 5

    async def test_accounts_come_and_go(self, api: httpx2.AsyncClient, office: Office) -> None:
        made = await api.post("/v1/accounts", json={"line": AU, "user": "added"})
        path = made.headers["location"]
        assert made.json()["password"]
        shown = (await api.get(path)).json()
        account = {"user": "added", "access": "os", "line": AU, "sources": []}
        assert shown == account | {"password": None}
        chosen = await api.post(f"{path}/password-resets", json={"password": "chosen-by-hand"})
        assert chosen.json()["password"] == "chosen-by-hand"
        users = [each["user"] for each in await walk(api, "/v1/accounts", line=AU)]
        assert users == ["added", "au"]
        assert len(await walk(api, "/v1/accounts")) == 6
        assert (await api.delete(path)).status_code == 204
        assert (await api.delete(path)).json()["type"] == "urn:tokuban:problem:unknown-account"


class TestNumbers:
    @pytest.mark.rule("N050-02")
    async def test_a_number_lives_through_its_states(
        self, api: httpx2.AsyncClient, known: Known
    ) -> None:
        placed = await order(api, known.contract, 4, "o")
        number = placed["numbers"][0]["number"]
        path = f"/v1/numbers/{number}"
        assert (await api.get(path)).json()["order"] == placed["id"]
        assert len(await walk(api, "/v1/numbers", state="assigned")) == 4
        assert len(await walk(api, "/v1/numbers", contract=known.contract)) == 4
        cancelled = await api.post(f"{path}/cancellation", json={"form_reference": "F-1"})
        shown = cancelled.json()
        assert (shown["state"], shown["form_reference"]) == ("quarantined", "F-1")
        assert shown["until"] > shown["cancelled_at"]
        again = await api.post(f"{path}/cancellation", json={"form_reference": "F-2"})
        assert again.json()["type"] == "urn:tokuban:problem:wrong-number-state"
        assert (await api.put(f"{path}/reservation")).status_code == 409

    @pytest.mark.parametrize(
        "written", ["05000000042", "050-0000-0042", "+815000000042", "+81-50-0000-0042"]
    )
    async def test_it_may_be_written_as_portal_and_letter_print_it(
        self, api: httpx2.AsyncClient, known: Known, written: str
    ) -> None:
        assert (await api.get(f"/v1/numbers/{written}")).json()["number"] == "+815000000042"

    @pytest.mark.parametrize("written", ["-05000000042", "050--0000-0042", "050-0000-0042-", "0-5"])
    async def test_hyphens_stand_between_digits(
        self, api: httpx2.AsyncClient, known: Known, written: str
    ) -> None:
        assert (await api.get(f"/v1/numbers/{written}")).status_code == 422

    async def test_a_block_may_be_written_with_hyphens(
        self, api: httpx2.AsyncClient, known: Known
    ) -> None:
        block = {"first": "050-0000-0200", "last": "050-0000-0209"}
        made = (await api.post("/v1/number-blocks", json=block)).json()
        assert (made["first"], made["size"]) == ("+815000000200", 10)

    async def test_the_operator_holds_one_back(self, api: httpx2.AsyncClient, known: Known) -> None:
        path = "/v1/numbers/05000000042/reservation"
        assert (await api.put(path)).json()["state"] == "reserved"
        assert (await api.put(path)).status_code == 409
        assert (await api.delete(path)).json()["state"] == "free"
        unknown = await api.put("/v1/numbers/05099999999/reservation")
        assert unknown.json()["type"] == "urn:tokuban:problem:unknown-number"

    async def test_blocks_do_not_overlap(self, api: httpx2.AsyncClient, known: Known) -> None:
        overlapping = {"first": "05000000099", "last": "05000000101"}
        refused = await api.post("/v1/number-blocks", json=overlapping)
        assert refused.json()["type"] == "urn:tokuban:problem:block-overlap"
        (block,) = (await api.get("/v1/number-blocks")).json()["items"]
        assert (block["id"], block["size"]) == (known.block, 100)

    @pytest.mark.rule("N050-04")
    @pytest.mark.parametrize(("which", "length"), [("line", 12), ("service", 4)])
    async def test_a_password_is_reset(
        self, api: httpx2.AsyncClient, known: Known, which: str, length: int
    ) -> None:
        placed = await order(api, known.contract, 1, "o")
        number = placed["numbers"][0]["number"]
        path = f"/v1/numbers/{number}/password-resets"
        body, key = {"which": which}, {"Idempotency-Key": "r"}
        first, again = [(await api.post(path, json=body, headers=key)).json() for _ in range(2)]
        assert len(first["password"]) == length
        assert again == first | {"password": None}


class TestAudit:
    async def test_it_is_searched_newest_first(self, api: httpx2.AsyncClient, known: Known) -> None:
        for key in "abc":
            await order(api, known.contract, 1, key)
        rows = await walk(api, "/v1/audit", contract=known.contract)
        ids = [row["id"] for row in rows]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) >= 4
        assert {row["contract"] for row in rows} == {known.contract}
        (one,) = await walk(api, "/v1/audit", subject=known.customer)
        assert (one["who"], one["what"]) == ("tests", "customer created")
        assert await walk(api, "/v1/audit", who="nobody") == []

    async def test_no_password_stands_in_it(self, api: httpx2.AsyncClient, known: Known) -> None:
        placed = await order(api, known.contract, 2, "o")
        text = (await api.get("/v1/audit")).text
        for number in placed["numbers"]:
            assert number["line_password"] not in text
