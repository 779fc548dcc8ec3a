"""Idempotency-Key: the same request again does nothing again."""

import asyncio
import json

import httpx2
import pytest

from provisioning.api.describe import catalogue
from provisioning.api.masking import FORMAT, NAMES
from provisioning.api.problems import TITLES
from provisioning.contract import E164
from provisioning.customers.model import NewContract
from provisioning.numbers.model import NumberState
from provisioning.office import Office
from provisioning.tokens.model import Scope
from tests.unit.api.conftest import OPERATOR, Clients, Known, api_of

CUSTOMER = {
    "kind": "consumer",
    "name": "特番 太郎",
    "postal_code": "1000001",
    "address": "東京都千代田区千代田1-1",
    "phone": "03-1234-5678",
    "mail": "taro@tokuban.example",
}


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def order(contract: str, count: int = 3) -> dict[str, object]:
    return {"contract": contract, "count": count}


async def customers(office: Office) -> int:
    return len((await office.customers.list()).items)


@pytest.mark.rule("N050-03")
async def test_the_first_answer_comes_again(api: httpx2.AsyncClient, office: Office) -> None:
    first = await api.post("/v1/customers", json=CUSTOMER, headers=keyed("k1"))
    again = await api.post("/v1/customers", json=CUSTOMER, headers=keyed('"k1"'))
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.json(), first.headers["location"]) == (again.json(), again.headers["location"])
    assert again.headers["idempotency-replayed"] == "true"
    assert await customers(office) == 1


@pytest.mark.rule("N050-03")
async def test_another_body_with_the_key_is_refused(
    api: httpx2.AsyncClient, office: Office
) -> None:
    await api.post("/v1/customers", json=CUSTOMER, headers=keyed("k1"))
    other = await api.post("/v1/customers", json=CUSTOMER | {"name": "別人"}, headers=keyed("k1"))
    assert (other.status_code, other.json()["type"]) == (422, "urn:tokuban:problem:key-reused")
    assert await customers(office) == 1


@pytest.mark.rule("N050-03")
async def test_the_same_body_written_otherwise_is_the_same_request(
    api: httpx2.AsyncClient, office: Office
) -> None:
    first = await api.post("/v1/customers", json=CUSTOMER, headers=keyed("k1"))
    turned = json.dumps(dict(reversed(CUSTOMER.items())), indent=2)
    headers = keyed("k1") | {"content-type": "application/json"}
    again = await api.post("/v1/customers", content=turned, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert await customers(office) == 1


async def test_a_key_counts_for_one_caller(
    clients: Clients, api: httpx2.AsyncClient, office: Office
) -> None:
    await api.post("/v1/customers", json=CUSTOMER, headers=keyed("k1"))
    made = await office.tokens.create("other", [Scope.CUSTOMERS_WRITE], origin=OPERATOR)
    async with clients("192.0.2.7", made.secret) as other:
        await other.post("/v1/customers", json=CUSTOMER, headers=keyed("k1"))
    assert await customers(office) == 2


async def test_a_key_counts_for_one_route(
    api: httpx2.AsyncClient, office: Office, known: Known
) -> None:
    paths = [f"/v1/numbers/0500000000{last}/cancellation" for last in (1, 2)]
    for path in (*paths, "/v1/number-blocks"):
        answer = await api.post(path, json={"form_reference": "F"}, headers=keyed("k1"))
        assert answer.json()["type"] != "urn:tokuban:problem:key-reused"


async def test_a_refused_request_may_be_corrected(api: httpx2.AsyncClient, office: Office) -> None:
    wrong = await api.post("/v1/customers", json=CUSTOMER | {"mail": "a@b..c"}, headers=keyed("k1"))
    assert wrong.status_code == 422
    right = await api.post("/v1/customers", json=CUSTOMER, headers=keyed("k1"))
    assert right.status_code == 201
    assert await customers(office) == 1


@pytest.mark.rule("N050-03")
async def test_twenty_at_once_with_one_key_make_one(
    api: httpx2.AsyncClient, office: Office
) -> None:
    sent = [api.post("/v1/customers", json=CUSTOMER, headers=keyed("k1")) for _ in range(20)]
    answers = await asyncio.gather(*sent)
    statuses = {answer.status_code for answer in answers}
    assert 201 in statuses
    assert statuses <= {201, 409}
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert {answer.json()["type"] for answer in waiting} <= {"urn:tokuban:problem:in-flight"}
    assert await customers(office) == 1


@pytest.mark.parametrize("key", ["", '"', '""', "a\tb", "k" * 201, "鍵", 'a"b'])
async def test_what_is_no_key(api: httpx2.AsyncClient, office: Office, key: str) -> None:
    answer = await api.post(
        "/v1/customers", json=CUSTOMER, headers={b"Idempotency-Key": key.encode()}
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:tokuban:problem:bad-key")
    assert await customers(office) == 0


async def test_two_keys_are_none(api: httpx2.AsyncClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (await api.post("/v1/customers", json=CUSTOMER, headers=headers)).status_code == 400


@pytest.mark.rule("N050-03")
@pytest.mark.rule("N050-04")
class TestOrders:
    async def test_an_order_needs_a_key(
        self, api: httpx2.AsyncClient, office: Office, known: Known
    ) -> None:
        answer = await api.post("/v1/number-orders", json=order(known.contract))
        assert (answer.status_code, answer.json()["type"]) == (
            400,
            "urn:tokuban:problem:key-missing",
        )
        assert (await office.orders.list()).items == ()

    async def test_passwords_are_shown_once(
        self, api: httpx2.AsyncClient, office: Office, known: Known
    ) -> None:
        first, again = [
            (await api.post("/v1/number-orders", json=order(known.contract), headers=keyed("o")))
            for _ in range(2)
        ]
        shown = first.json()["numbers"]
        assert all(each["service_password"] and each["line_password"] for each in shown)
        masked = [each | {"service_password": None, "line_password": None} for each in shown]
        assert again.json() == first.json() | {"numbers": masked}
        assert (await api.get(first.headers["location"])).json()["numbers"] == masked
        assert len((await office.orders.list()).items) == 1

    async def test_a_lost_answer_is_made_anew(
        self, api: httpx2.AsyncClient, office: Office, known: Known, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The carrier ends between the order and the note of its answer."""

        async def ended(*_: object) -> None:
            raise ConnectionError("power failure")

        with monkeypatch.context() as failing:
            failing.setattr(office.answers, "keep", ended)
            lost = await api.post(
                "/v1/number-orders", json=order(known.contract), headers=keyed("o")
            )
            assert lost.status_code == 500
        again = await api.post("/v1/number-orders", json=order(known.contract), headers=keyed("o"))
        assert again.status_code == 201
        assert {each["line_password"] for each in again.json()["numbers"]} == {None}
        assert len((await office.orders.list()).items) == 1

    async def test_a_lost_answer_keeps_its_key_from_others(
        self, api: httpx2.AsyncClient, office: Office, known: Known, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The key belongs to the order from the moment that is durable."""
        first = await office.customers.contract(known.contract)
        new = NewContract(first.customer, first.plan, first.profile, first.location)
        other = await office.customers.open_contract(new, origin=OPERATOR)

        async def ended(*_: object) -> None:
            raise ConnectionError("power failure")

        with monkeypatch.context() as failing:
            failing.setattr(office.answers, "keep", ended)
            await api.post("/v1/number-orders", json=order(known.contract), headers=keyed("o"))
        for sent in (order(other.id), order(known.contract, count=2)):
            refused = await api.post("/v1/number-orders", json=sent, headers=keyed("o"))
            assert (refused.status_code, refused.json()["type"]) == (
                422,
                "urn:tokuban:problem:key-reused",
            )
        again = await api.post("/v1/number-orders", json=order(known.contract), headers=keyed("o"))
        assert again.status_code == 201
        (placed,) = (await office.orders.list()).items
        assert again.json()["id"] == placed.id

    async def test_a_refused_order_leaves_its_key_to_another(
        self, api: httpx2.AsyncClient, office: Office, known: Known
    ) -> None:
        """Nothing was changed, so that a correction is no other order."""
        for number in range(60):
            await office.numbers.reserve(E164(f"+815000000{number:03}"), origin=OPERATOR)
        sent, fewer = order(known.contract, count=41), order(known.contract, count=40)
        refused = await api.post("/v1/number-orders", json=sent, headers=keyed("o"))
        assert refused.json()["type"] == "urn:tokuban:problem:inventory-empty"
        placed = await api.post("/v1/number-orders", json=fewer, headers=keyed("o"))
        assert placed.status_code == 201

    async def test_twenty_clicks_order_once(
        self, api: httpx2.AsyncClient, office: Office, known: Known
    ) -> None:
        sent = [
            api.post("/v1/number-orders", json=order(known.contract), headers=keyed("o"))
            for _ in range(20)
        ]
        statuses = [answer.status_code for answer in await asyncio.gather(*sent)]
        assert set(statuses) <= {201, 409}
        assert 201 in statuses
        assert (await office.numbers.counts())[NumberState.ASSIGNED] == 3


def test_every_secret_of_an_answer_is_masked(office: Office) -> None:
    """What the description calls a password is what is masked, and nothing else."""
    schemas = api_of(office).openapi()["components"]["schemas"]
    found = {
        name
        for schema in schemas.values()
        for name, member in schema.get("properties", {}).items()
        if member.get("format") == FORMAT
    }
    assert found == NAMES


def test_every_title_has_its_status_in_the_catalogue() -> None:
    assert catalogue().keys() == TITLES.keys()
