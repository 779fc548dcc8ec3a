"""Processes that die in the middle of things: children of the test, killed or stopped by it."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from provisioning.office import Office, OfficeSettings
from tests.support.orders import before_each_statement
from tests.support.storage import REALM

Act = Callable[[Office], Awaitable[object]]


def run(folder: Path, act: Act, database: str | None = None) -> object:
    """What `act` answers in an office on `folder`, which is closed afterwards."""

    async def main() -> object:
        office = await Office.open(OfficeSettings(folder, REALM, database=database))
        try:
            return await act(office)
        finally:
            await office.close()

    return asyncio.run(main())


def killed(folder: Path, act: Act, at: int, database: str | None = None) -> bool:
    """Do `act` in a process that kills itself before its statement `at`; whether it came to that.

    Statements and commits of the writer are counted from 1; the end of `act` counts as one more.
    """

    async def until_killed(office: Office) -> None:
        left = at

        def count(_statement: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        with before_each_statement(office, count):
            await act(office)
        count("end")

    status = in_child(lambda: run(folder, until_killed, database))
    if status not in (0, -signal.SIGKILL):
        raise AssertionError(f"the child failed with status {status}")
    return status != 0


def in_child(act: Callable[[], object]) -> int:
    """Run `act` in a forked child; its exit status, negative for a signal."""
    child = fork(act)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fork(act: Callable[[], object]) -> int:
    """Start `act` in a child process; its id. The child never returns to the test."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        act()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
