"""`shop` is an office with 100 numbers and no seed."""

from collections.abc import AsyncIterator

import pytest

from provisioning.office import Office, OfficeSettings
from tests.support.orders import stock


@pytest.fixture
async def shop(office_settings: OfficeSettings) -> AsyncIterator[Office]:
    """An office with a block of 100 numbers, on SQLite and on PostgreSQL."""
    office = await Office.open(office_settings)
    try:
        await stock(office, 100)
        yield office
    finally:
        await office.close()
