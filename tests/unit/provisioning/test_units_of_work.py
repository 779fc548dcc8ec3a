"""How units of work run: in one go, beside the loop, whole or not at all."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from provisioning.contract import StorageUnavailable
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database, Work, once_durable

WAIT_S = 0.2
MAKE = text("CREATE TABLE things (name TEXT PRIMARY KEY)")
ADD = text("INSERT INTO things VALUES (:name)")
ALL = text("SELECT name FROM things ORDER BY name")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.at(database_url, wait_s=WAIT_S)
    await opened.write(lambda connection: connection.execute(MAKE))
    yield opened
    await opened.close()


async def names(database: Database) -> list[str]:
    async def work(connection: Connection) -> list[str]:
        return list(await connection.scalars(ALL))

    return await database.read(work)


def adds(name: str) -> Work[object]:
    """A unit of work that adds a row."""
    return lambda connection: connection.execute(ADD, {"name": name})


async def test_it_runs_beside_the_loop_and_tells_memory_in_it(database: Database) -> None:
    told, ran = [], []

    async def work(connection: Connection) -> str:
        await connection.execute(ADD, [{"name": "a"}, {"name": "b"}])
        ran.append(threading.current_thread())
        once_durable(connection, lambda: told.append(threading.current_thread()))
        return "done"

    assert await database.write(work) == "done"
    assert told == [threading.current_thread()]
    assert ran != told
    assert await names(database) == ["a", "b"]


async def test_it_may_await_nothing_but_its_connection(database: Database) -> None:
    told: list[str] = []

    async def work(connection: Connection) -> None:
        await connection.execute(ADD, {"name": "a"})
        once_durable(connection, lambda: told.append("durable"))
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="besides its connection"):
        await database.write(work)
    assert await names(database) == told == []


async def test_a_caller_who_goes_away_leaves_it_to_its_end(database: Database) -> None:
    begun, go_on, told = threading.Event(), threading.Event(), asyncio.Event()

    async def work(connection: Connection) -> None:
        begun.set()
        go_on.wait(10)
        await connection.execute(ADD, {"name": "a"})
        once_durable(connection, told.set)

    caller = asyncio.create_task(database.write(work))
    await asyncio.to_thread(begun.wait, 10)
    caller.cancel()
    go_on.set()
    await asyncio.wait_for(told.wait(), 10)
    assert caller.cancelled()
    assert await names(database) == ["a"]


async def test_nobody_waits_long_for_a_place(database: Database) -> None:
    """Every thread is taken: what has not begun is given up, and what runs goes on."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    async def slow(connection: Connection) -> None:
        begun.release()
        go_on.wait(10)

    async def add(connection: Connection) -> None:
        await connection.execute(ADD, {"name": "too late"})

    at_once = 8 if database.is_postgresql else 1
    busy = [asyncio.create_task(database.write(slow)) for _ in range(at_once)]
    for _ in busy:
        await asyncio.to_thread(begun.acquire, timeout=10)
    with pytest.raises(StorageUnavailable, match="too much waits"):
        await database.write(add)
    go_on.set()
    await asyncio.gather(*busy)
    assert await names(database) == []


async def test_closing_waits_for_what_runs(database_url: str) -> None:
    database = Database.at(database_url, wait_s=10)
    await database.write(lambda connection: connection.execute(MAKE))
    adding = [asyncio.create_task(database.write(adds(f"{number}"))) for number in range(5)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*adding)
    again = Database.at(database_url)
    assert len(await names(again)) == 5
    await again.close()


async def test_memory_is_told_in_the_order_of_the_commits(database: Database) -> None:
    counter = text("CREATE TABLE counter (value INTEGER)")
    await database.write(lambda connection: connection.execute(counter))
    await database.write(lambda c: c.execute(text("INSERT INTO counter VALUES (0)")))
    told: list[int] = []

    async def count(connection: Connection) -> None:
        counted = text("UPDATE counter SET value = value + 1 RETURNING value")
        value = await connection.scalar(counted)
        once_durable(connection, lambda: told.append(value))

    for _ in range(20):
        await asyncio.gather(*(database.write(count) for _ in range(8)))
    assert told == list(range(1, 161))


async def test_what_follows_a_change_is_done_though_a_part_of_it_fails(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    async def work(connection: Connection) -> str:
        await connection.execute(ADD, {"name": "a"})
        once_durable(connection, lambda: told.remove("nothing"))
        once_durable(connection, lambda: told.append("told"))
        return "done"

    assert await database.write(work) == "done"
    assert told == ["told"]
    assert "what was to follow it failed" in caplog.text
