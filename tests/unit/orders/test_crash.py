"""A process that dies in the middle of an order leaves it whole or undone (N050-03)."""

import os
import random
import select
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from provisioning.customers.model import Contract
from provisioning.numbers.model import NumberState, national
from provisioning.office import DATABASE_FILE, Office
from provisioning.orders.model import NumberOrder
from tests.support.crash import fork, killed, run
from tests.support.orders import OPERATOR, contract, order, ordered, stock

COUNT, NUMBERS = 3, 40


def _prepared(folder: Path) -> Contract:
    """A carrier's data with a contract that may add five numbers."""

    async def prepare(office: Office) -> Contract:
        await stock(office, NUMBERS)
        return await contract(office, cap=5)

    owner = run(folder, prepare)
    assert isinstance(owner, Contract)
    return owner


@pytest.mark.rule("N050-03")
def test_a_kill_between_any_two_steps_leaves_the_order_whole_or_undone(tmp_path: Path) -> None:
    owner = _prepared(tmp_path / "first")
    seen = {}
    for at in count(1):
        folder = tmp_path / str(at)
        shutil.copytree(tmp_path / "first", folder)
        died = killed(folder, lambda office: order(office, owner.id, COUNT), at)
        seen[at] = run(folder, lambda office: _whole_or_undone(office, owner))
        shutil.rmtree(folder)
        if not died:
            break
    assert len(seen) > 15, "an order has that many steps"
    kept = [at for at, whole in seen.items() if whole]
    assert kept == list(range(kept[0], len(seen) + 1)), "durable from one step on"
    assert 1 < len(kept) < 4, "the commit is one of the last"


async def _whole_or_undone(office: Office, owner: Contract) -> bool:
    """Whether the order is there; whatever is there, the same key ends in that one order."""
    orders = (await office.orders.list()).items
    if orders:
        await _check_whole(office, owner, orders[0])
    else:
        await _check_undone(office, owner)
    again = await order(office, owner.id, COUNT)
    if orders:
        assert again == orders[0]
    else:
        assert all(added.line_password for added in again.numbers)
    await _check_whole(office, owner, await office.orders.get(again.id))
    return bool(orders)


async def _check_whole(office: Office, owner: Contract, placed: NumberOrder) -> None:
    assert [each.id for each in (await office.orders.list()).items] == [placed.id]
    assert (await office.customers.contract(owner.id)).numbers_added == COUNT
    held = (await office.numbers.list(contract=owner.id)).items
    assert {record.number for record in held} == set(ordered([placed]))
    for number in ordered([placed]):
        assert office.directory.line(number) is not None
        assert office.directory.account(national(number)) is not None
        assert (await office.forwarding.of(number)).active == ()
        assert [change.what for change in await office.audit.of(number)] == ["number assigned"]
    assert {added.line_password for added in placed.numbers} == {None}
    assert len(await office.audit.of_contract(owner.id)) == 2


async def _check_undone(office: Office, owner: Contract) -> None:
    assert await office.customers.contract(owner.id) == owner
    assert (await office.numbers.counts())[NumberState.FREE] == NUMBERS
    assert office.directory.lines() == ()
    assert office.directory.users() == ()
    assert len(await office.audit.of_contract(owner.id)) == 1


class TestCopies:
    """Copies of the database under load: each is sound, and has what was acknowledged."""

    COPIES, BACKUPS = 12, 4

    def test_of_the_files_at_a_random_instant(self, tmp_path: Path) -> None:
        """As a power cut would leave them."""
        acknowledged = b""
        with _loaded(tmp_path / "live") as (child, read):
            for number in range(self.COPIES):
                acknowledged += _wait(read, random.uniform(0.001, 0.2))
                acknowledged += _stopped(child, read)
                copy = tmp_path / str(number)
                shutil.copytree(tmp_path / "live", copy)
                os.kill(child, signal.SIGCONT)
                _check_copy(copy, acknowledged.decode().split())
                shutil.rmtree(copy)
        assert len(acknowledged.split()) >= self.COPIES

    def test_of_the_database_while_it_goes_on(self, tmp_path: Path) -> None:
        """By SQLite's own backup, as a carrier that runs is copied."""
        acknowledged = b""
        with _loaded(tmp_path / "live") as (_, read):
            for number in range(self.BACKUPS):
                acknowledged += _wait(read, random.uniform(0.001, 0.2))
                copy = tmp_path / str(number)
                copy.mkdir()
                with (
                    closing(sqlite3.connect(tmp_path / "live" / DATABASE_FILE)) as live,
                    closing(sqlite3.connect(copy / DATABASE_FILE)) as kept,
                ):
                    live.backup(kept)
                _check_copy(copy, acknowledged.decode().split())
            acknowledged += _wait(read, 0.001)
        assert len(acknowledged.split()) > self.BACKUPS


@contextmanager
def _loaded(folder: Path) -> Iterator[tuple[int, int]]:
    """A process that orders and cancels; its id, and where its acknowledgements are read."""
    _prepared(folder)
    read, write = os.pipe()
    child = fork(lambda: run(folder, lambda office: _load(office, write)))
    os.close(write)
    try:
        yield child, read
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(read)


async def _load(office: Office, write: int) -> None:
    """Order and cancel for ever; each line tells an order that was acknowledged."""
    for key in count():
        owner = await contract(office)
        placed = await order(office, owner.id, 2, key=str(key))
        os.write(write, f"{placed.id}\n".encode())
        for number in ordered([placed]):
            await office.orders.cancel(number, form_reference="F-1", origin=OPERATOR)
        await office.clock.advance(200 * 86_400)


def _wait(read: int, most_s: float) -> bytes:
    """At least one acknowledgement, then what comes within a random time."""
    found = os.read(read, 65_536)
    while select.select([read], [], [], most_s)[0]:
        found += os.read(read, 65_536)
        most_s /= 2
    return found


def _stopped(child: int, read: int) -> bytes:
    """Stop the child wherever it is; what it had acknowledged by then."""
    os.kill(child, signal.SIGSTOP)
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "the load ended by itself"
    found = b""
    while select.select([read], [], [], 0)[0]:
        found += os.read(read, 65_536)
    return found


def _check_copy(copy: Path, acknowledged: list[str]) -> None:
    database = sqlite3.connect(copy / DATABASE_FILE)
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        kept = {row[0] for row in database.execute("SELECT id FROM number_orders")}
        added = database.execute("SELECT order_id FROM added_numbers").fetchall()
    finally:
        database.close()
    assert set(acknowledged) <= kept
    assert len(added) == 2 * len(kept)
