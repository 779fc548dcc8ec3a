"""When something of ours fails: a page that says so, that nothing changed, and a way on."""

import pytest

from provisioning.contract import ContractError, Language, StorageUnavailable
from provisioning.orders.model import OrderInFlight
from provisioning.portal.failures import KINDS, STATUSES
from provisioning.portal.texts import load
from tests.web.browser import Browser
from tests.web.conftest import World
from tests.web.test_ordering import ORDERS, assigned, confirming

INSIDE = "marker-inside-2f8a"


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (StorageUnavailable(INSIDE), 503, "ただいま手続きができません"),
        (OrderInFlight(INSIDE), 409, "お申込みを処理しています"),
        (ContractError(INSIDE), 409, "この操作は受け付けられませんでした"),
        (RuntimeError(INSIDE), 500, "エラーが発生しました"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_a_failed_order_is_a_page_of_ours_and_may_be_sent_again(
    customer: Browser,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    title: str,
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise error

    form = (await confirming(customer, "1")).form(ORDERS)
    with monkeypatch.context() as broken:
        broken.setattr(world.office.orders, "place", fails)
        page = await customer.send(ORDERS, form)
    assert (page.status, page.title) == (status, title)
    assert INSIDE not in page.text
    assert page.response.headers["cache-control"] == "no-store"
    assert ("retry-after" in page.response.headers) is (status == 503)
    assert await assigned(world) == 0
    assert (await customer.send(ORDERS, form)).status == 303


async def test_a_storage_that_is_away_is_said_on_every_page(
    customer: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StorageUnavailable(INSIDE)

    monkeypatch.setattr(world.office.selfcare, "session", away)
    for path in ("menu", "orders/new", "numbers", "log"):
        page = await customer.get(f"/portal/{path}")
        assert (page.status, page.response.headers["retry-after"]) == (503, "5")


def test_every_failure_has_its_words() -> None:
    texts = load()
    kinds = {kind for _, kind in KINDS.values()} | set(STATUSES.values())
    for kind in kinds | {"failed", "host", "https"}:
        for language in Language:
            words = texts[language]
            assert f"error.{kind}.title" in words
            assert f"error.{kind}.text" in words
