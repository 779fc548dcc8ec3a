"""What the office tells its customers by mail, through the catcher, as a customer reads it."""

from collections.abc import AsyncIterator

import pytest

from lab.mail_part import MailPart
from lab.mail_settings import MailSettings
from provisioning.contract import ContractError
from provisioning.office import Office, OfficeSettings
from provisioning.orders.model import NumberOrder
from tests.support.orders import contract, order, stock

pytestmark = pytest.mark.rule("N050-04")


@pytest.fixture
async def shop(office_settings: OfficeSettings) -> AsyncIterator[Office]:
    """An office with ten numbers, whose mail is caught."""
    office = await Office.open(office_settings)
    part = MailPart(MailSettings(catcher_port=0), office)
    try:
        await stock(office, 10)
        await part.start()
        yield office
    finally:
        await part.stop(5)
        await office.close()


def secrets_of(placed: NumberOrder) -> list[str]:
    return [
        secret
        for added in placed.numbers
        for secret in (added.service_password, added.line_password)
        if secret is not None and len(secret) > 4  # four digits may stand in a number by chance
    ]


async def test_an_order_is_confirmed_once_without_passwords(shop: Office) -> None:
    signed = await contract(shop)
    placed = await order(shop, signed.id, 3)
    await order(shop, signed.id, 3)  # the same form again
    await shop.outbox.deliver_due()
    [listed] = await shop.caught.list()
    opened = await shop.caught.get(listed.id)
    assert opened is not None
    assert listed.recipients == ("demo@tokuban.example",)
    for added in placed.numbers:
        national = "0" + added.number[3:]
        assert f"{national[:3]}-{national[3:7]}-{national[7:]}" in opened.message.text
    assert placed.id in opened.message.text
    secrets = secrets_of(placed)
    assert len(secrets) == 3
    assert not [each for each in secrets if each in opened.message.text]
    assert opened.code is None


async def test_an_order_that_fails_tells_nobody(shop: Office) -> None:
    signed = await contract(shop)
    with pytest.raises(ContractError):
        await order(shop, signed.id, 11)
    await shop.outbox.deliver_due()
    assert await shop.caught.list() == ()
