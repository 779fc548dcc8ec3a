"""A self-care desk on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from tests.support.selfcare import Counter, open_counter


@pytest.fixture
async def counter(database_url: str) -> AsyncIterator[Counter]:
    """Two contracts with a login each."""
    async with open_counter(database_url) as opened:
        yield opened
