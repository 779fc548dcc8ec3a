"""A self-care desk on SQLite and on PostgreSQL; what all tests begin with is made once."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.selfcare import Counter, open_counter


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with two contracts and a login each."""
    file = tmp_path_factory.mktemp("selfcare") / "prepared.sqlite3"
    asyncio.run(_prepare(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def prepared_database(postgres_server: str) -> str:
    """The name of a PostgreSQL database with the same."""
    url = postgres.lasting_database(postgres_server)
    asyncio.run(_prepare(url))
    return url.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A copy of what was prepared, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("prepared_file"), tmp_path / "copy.sqlite3")
        yield f"sqlite:///{copy}"
    else:
        server = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("prepared_database")
        with postgres.database(server, template) as url:
            yield url


@pytest.fixture
async def counter(database_url: str) -> AsyncIterator[Counter]:
    """Two contracts with a login each."""
    async with open_counter(database_url) as opened:
        yield opened


async def _prepare(url: str) -> None:
    async with open_counter(url):
        pass
