"""An office that knows the areas of Japan, on the database of the test."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from lab.areas import packaged
from provisioning.office import Office, OfficeSettings
from tests.support.storage import seed


@pytest.fixture
async def office(office_settings: OfficeSettings) -> AsyncIterator[Office]:
    """An open office with the lines of `seed()`."""
    opened = await Office.open(replace(office_settings, geography=packaged().geography))
    try:
        await opened.seed(seed())
        yield opened
    finally:
        await opened.close()
