"""What every test is held to: it leaves no task, thread or socket behind."""

import asyncio
import gc
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.support.schema import Upgrade, repeated_migrations
from tests.support.storage import database_url, office, office_settings, postgres_server

__all__ = ["database_url", "office", "office_settings", "postgres_server"]

RELEASED_WITHIN_S = 5.0

FIRST = (
    "tests/interop/test_three_phones.py",
    "tests/interop",
    "tests/unit/net",
    "tests/contract",
    "tests/unit/lab/test_up.py",
)
"""What begins: the longest of all, and where phones and sockets are waited for, mostly idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of two processes both wait at the same time, and leave the cores to what computes later."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    places = (place for place, start in enumerate(FIRST) if item.nodeid.startswith(start))
    return next(places, len(FIRST))


def pytest_collection_finish() -> None:
    """Keep what the modules and thousands of tests are made of out of every collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def real_upgrade() -> Iterator[Upgrade]:
    """The migrations themselves; all other tests have what they send sent again."""
    with repeated_migrations() as upgrade:
        yield upgrade


@pytest.fixture(autouse=True)
def nothing_open_left() -> Iterator[None]:
    """Sockets and threads of the test are gone soon after it; a module's fixtures may stay."""
    sockets, threads = _sockets(), _threads()
    yield
    _soon_empty(lambda: _sockets() - sockets, "sockets left open")
    _soon_empty(lambda: _threads() - threads, "threads left running")


@pytest.fixture(autouse=True)
def nothing_running_left(request: pytest.FixtureRequest, nothing_open_left: None) -> None:
    """The same for the tasks of a test that runs in a loop."""
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("no_task_left")


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Every task the test made has ended when its other fixtures have."""
    before = asyncio.all_tasks()
    yield
    for _ in range(10):  # a cancelled task needs a turn or two to end
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks left running: {sorted(str(task) for task in left)}"


def _soon_empty(leftovers: Callable[[], set[str]], what: str) -> None:
    """Poll until nothing is left over; what a collection frees was not held."""
    deadline = time.monotonic() + RELEASED_WITHIN_S
    while left := leftovers():
        gc.collect()
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: {sorted(left)}")
        threading.Event().wait(0.01)


def _sockets() -> set[str]:
    """The open sockets of this process, by inode."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def _threads() -> set[str]:
    """The running threads that would keep the process alive."""
    return {f"{each.name} {each.ident}" for each in threading.enumerate() if not each.daemon}
