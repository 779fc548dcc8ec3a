"""Two carriers, each a process, at one PostgreSQL: what one is told, the other goes by."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.support import postgres
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WirePhone

pytestmark = [pytest.mark.interop, pytest.mark.rule("LINE-01")]

LINE = lines.WIRE
KEY = "jU5ks2YyVV4xF8WvH5EEkv3bIvBS3SVfDqvlJbgKx2I="
STORAGE = f'\n[storage]\nkey = "{KEY}"\nurl = "'


@pytest.fixture(scope="module")
def database(postgres_server: str) -> Iterator[str]:
    with postgres.database(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def nodes(
    tmp_path_factory: pytest.TempPathFactory, seed: Path, database: str
) -> Iterator[tuple[Carrier, Carrier]]:
    """Both up, one after the other, as nodes are started that make the schema."""
    with ExitStack() as stack:
        settings = f'{SETTINGS}{STORAGE}{database}"\n'
        one, other = (
            stack.enter_context(
                Carrier(tmp_path_factory.mktemp(name), settings=settings, seed=seed)
            )
            for name in ("one", "other")
        )
        yield one, other


def forward(carrier: Carrier, target: str) -> None:
    """Tell a node where the line's unanswered calls go."""
    wanted = {"ring_time_s": 20, "no_answer": {"active": True, "target": target}}
    carrier.send("PUT", f"/v1/lines/{LINE.number}/forwarding", wanted)


def goes_to(carrier: Carrier) -> Any:
    """Where a node forwards them to."""
    found = carrier.get(f"/v1/lines/{LINE.number}/forwarding")["no_answer"]
    return found and found["target"]


def registers(carrier: Carrier, password: str) -> bool:
    with WirePhone(carrier.address, LINE.number, password) as phone:
        return phone.register().status == 200


def test_a_change_at_one_counts_at_the_other(nodes: tuple[Carrier, Carrier]) -> None:
    one, other = nodes
    forward(one, "+81311112222")
    until(lambda: goes_to(other) == "+81311112222", "the forwarding at the other node")
    forward(other, "+81311113333")
    until(lambda: goes_to(one) == "+81311113333", "the forwarding at the first node")


def test_a_new_password_opens_the_other_and_the_old_one_no_more(
    nodes: tuple[Carrier, Carrier],
) -> None:
    one, other = nodes
    assert registers(other, LINE.password)
    path = f"/v1/accounts/{LINE.number}/password-resets"
    one.send("POST", path, {"password": "another-one-1"})
    until(lambda: registers(other, "another-one-1"), "the new password at the other node")
    assert not registers(other, LINE.password)
    other.send("POST", path, {"password": LINE.password})
    until(lambda: registers(one, LINE.password), "the old password at the first node")


def test_a_change_while_nobody_can_be_heard(nodes: tuple[Carrier, Carrier], database: str) -> None:
    one, other = nodes
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    forward(one, "+81311114444")
    until(lambda: goes_to(other) == "+81311114444", "the forwarding at the other node")
    assert "news of other nodes is not heard" in other.log
