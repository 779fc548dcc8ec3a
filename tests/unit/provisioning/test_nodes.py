"""Two nodes at one PostgreSQL: what is changed at one, the other soon knows."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from ivr.numbering.shares import next_turn
from provisioning.audit.model import Origin
from provisioning.contract import (
    E164,
    NATION,
    Freephone,
    FreephoneOption,
    Group,
    Line,
    LineStatus,
    Reception,
    Shares,
    Trunk,
    TrunkClass,
    Turns,
)
from provisioning.db import news, watch
from provisioning.db.connection import Connection
from provisioning.db.news import News, Topic
from provisioning.db.unit_of_work import Database
from provisioning.freephone.document import FreephoneDocument
from provisioning.office import Office, OfficeSettings
from provisioning.upkeep.model import LineChanges
from tests.support import postgres
from tests.support.freephones import GEOGRAPHY, NUMBER
from tests.support.orders import contract
from tests.support.storage import AU, DOCOMO, NTT, REALM, SOMEWHERE, seed

KEY = "jU5ks2YyVV4xF8WvH5EEkv3bIvBS3SVfDqvlJbgKx2I="
OPERATOR = Origin("operator", "test")
PATIENCE_S = 10.0
"""On a machine that does other things too; alone it takes half a second at most."""


class Nodes(NamedTuple):
    """Two offices, and the address of their database."""

    one: Office
    other: Office
    url: str


@pytest.fixture
async def nodes(postgres_server: str, tmp_path: Path) -> AsyncIterator[Nodes]:
    """Both opened, seeded and listening."""
    with postgres.database(postgres_server) as url:
        async with AsyncExitStack() as opened:

            async def node(name: str) -> Office:
                settings = OfficeSettings(
                    tmp_path / name, REALM, database=url, key=KEY, geography=GEOGRAPHY
                )
                office = await Office.open(settings)
                opened.push_async_callback(office.close)
                return office

            one, other = await node("one"), await node("other")
            await one.seed(seed())
            await soon(lambda: one._watch.listens and other._watch.listens)
            await soon(lambda: other.directory.line(DOCOMO) is not None)
            yield Nodes(one, other, url)


async def soon(met: Callable[[], object]) -> None:
    """Poll until it is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def target(office: Office) -> E164 | None:
    """Where the docomo line's unanswered calls go, as this node knows."""
    found = office.forwarding._memory.get(DOCOMO)
    return found.no_answer.target if found else None


async def change_all(nodes: Nodes) -> None:
    """Change a forwarding, a line, a password and a trunk at one node; the other knows each."""
    one, other = nodes.one, nodes.other
    await one.forwarding.set_target(DOCOMO, SOMEWHERE)
    await soon(lambda: target(other) == SOMEWHERE)
    await one.upkeep.change(AU, LineChanges(status=LineStatus.SUSPENDED), origin=OPERATOR)
    await soon(lambda: _line(other).status is LineStatus.SUSPENDED)
    await one.upkeep.change(AU, LineChanges(options=frozenset()), origin=OPERATOR)
    await soon(lambda: not _line(other).options)
    gone: list[str] = []
    other.directory.watchers.append(gone.append)
    await one.upkeep.reset_password("docomo", origin=OPERATOR)
    known = one.directory.account("docomo")
    await soon(lambda: other.directory.account("docomo") == known)
    assert gone == ["docomo"]
    trunk = Trunk("elsewhere", TrunkClass.FIXED, peers=("192.0.2.7:5060",), prefixes=("0311",))
    await one.trunking.create(trunk, origin=OPERATOR)
    await soon(lambda: other.trunks.of("elsewhere"))
    await one.upkeep.remove(NTT, origin=OPERATOR)
    await soon(lambda: other.directory.line(NTT) is None and not other.directory.account("ntt"))


def _line(office: Office) -> Line:
    line = office.directory.line(AU)
    assert line is not None
    return line


async def test_the_other_node_knows(nodes: Nodes) -> None:
    await change_all(nodes)


async def test_a_new_account_serves_at_both(nodes: Nodes) -> None:
    await nodes.one.upkeep.add_account(AU, "second-phone", origin=OPERATOR)
    await soon(lambda: nodes.other.directory.account("second-phone"))
    await nodes.other.upkeep.remove_account("second-phone", origin=OPERATOR)
    await soon(lambda: nodes.one.directory.account("second-phone") is None)


@pytest.mark.rule("FREE-08")
async def test_both_know_a_freephone_number_and_share_its_turns(nodes: Nodes) -> None:
    one, other = nodes.one.freephones, nodes.other.freephones
    payer = await contract(nodes.one)
    shares = Shares((NTT, DOCOMO), (2, 1))
    several = frozenset({FreephoneOption.SEVERAL_LINES, FreephoneOption.SHARE_SPLIT})
    lines = Reception(NTT), Reception(DOCOMO)
    wanted = Freephone(NUMBER, (Group("all", (NATION,), shares=shares),), lines, several)
    await one.create(NUMBER, payer.id, FreephoneDocument.of(wanted), origin=OPERATOR)
    await soon(lambda: other.of(NUMBER) == wanted)

    def next_of(turns: Turns) -> tuple[int, Turns]:
        place, saved = next_turn((2, 1), turns.get(("all", (2, 1)), ()))
        return place, {("all", (2, 1)): saved}

    for _ in range(3):
        calls = [office.with_turns(NUMBER, next_of) for office in (one, other, one)]
        assert Counter(await asyncio.gather(*calls)) == {0: 2, 1: 1}
    plain = Freephone(NUMBER, (Group("all", (NATION,), NTT),), lines[:1])
    await other.change(NUMBER, FreephoneDocument.of(plain), origin=OPERATOR)
    await soon(lambda: one.of(NUMBER) == plain)
    await other.remove(NUMBER, origin=OPERATOR)
    await soon(lambda: one.of(NUMBER) is None)


async def test_after_the_listening_connection_was_lost(nodes: Nodes) -> None:
    """What is changed meanwhile is looked for, and once it listens again it is told."""
    cut(nodes.url)
    await nodes.one.forwarding.set_target(DOCOMO, SOMEWHERE)
    await soon(lambda: target(nodes.other) == SOMEWHERE)
    await soon(lambda: nodes.other._watch.listens)
    await nodes.one.forwarding.set_target(DOCOMO, NTT)
    await soon(lambda: target(nodes.other) == NTT)


async def test_a_node_that_cannot_listen_looks(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pool of connections that belong to nobody."""
    monkeypatch.setattr(watch, "_LISTEN", b"LISTEN nothing; SELECT 1/0")
    cut(nodes.url)
    await soon(lambda: not nodes.other._watch.listens)
    await change_all(nodes)
    assert not nodes.other._watch.listens


async def test_nothing_is_told_of_a_change_that_failed(nodes: Nodes) -> None:
    database: Database = nodes.one._database

    async def fail(connection: Connection) -> None:
        news.tell(connection, Topic.LINES, [DOCOMO])
        raise ZeroDivisionError

    with psycopg.connect(nodes.url, autocommit=True) as listener:
        listener.execute(f"LISTEN {news.CHANNEL}")
        with pytest.raises(ZeroDivisionError):
            await database.write(fail)
        await nodes.one.forwarding.set_target(DOCOMO, SOMEWHERE)
        (told,) = listener.notifies(timeout=PATIENCE_S, stop_after=1)
    assert news.heard(told.payload) == News(Topic.FORWARDING, frozenset({DOCOMO}))


@pytest.mark.parametrize("payload", ["", "{}", "[]", '{"topic":"weather","keys":[]}'])
def test_what_cannot_be_read_may_be_anything(payload: str) -> None:
    assert news.heard(payload) == News(Topic.EVERYTHING)


def cut(url: str) -> None:
    """End every listening connection, as a server that restarts would."""
    with psycopg.connect(url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND (query LIKE 'LISTEN %' OR query = 'SELECT 1')"
        ).fetchall()
    assert ended
