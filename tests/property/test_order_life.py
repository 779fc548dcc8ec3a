"""Orders, cancellations, leaps of the clock and crashes in any sequence: what always holds."""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from provisioning.contract import E164
from provisioning.numbers.model import NumberState, national
from provisioning.office import Office, OfficeSettings
from provisioning.orders.model import CapReached, InventoryEmpty, NumberOrder
from tests.support import postgres
from tests.support.crash import killed
from tests.support.orders import OPERATOR, contract, order, ordered, stock
from tests.support.storage import REALM

NUMBERS, CAP = 12, 8
T = TypeVar("T")


class OrderLife(RuleBasedStateMachine):
    """Two contracts on twelve numbers; the model knows who holds what, and until when.

    `server`: the PostgreSQL server that has the office's database; None for SQLite.
    """

    server: ClassVar[str | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.own = ExitStack()
        folder = self.own.enter_context(tempfile.TemporaryDirectory(prefix="tokuban-"))
        url = self.own.enter_context(postgres.database(self.server)) if self.server else None
        self.settings = OfficeSettings(Path(folder), REALM, database=url)
        self.runner = asyncio.Runner()
        self.office = self.do(Office.open(self.settings))
        self.held: dict[E164, str] = {}
        self.free_from: dict[E164, float] = {}
        self.added: dict[str, int] = {}
        self.orders: dict[tuple[str, str], NumberOrder] = {}

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a piece of the office's work to its end."""
        return self.runner.run(work)

    @initialize()
    def open_shop(self) -> None:
        """Numbers, contracts, and a clock that stands until it is moved."""
        self.do(stock(self.office, NUMBERS))
        for _ in range(2):
            self.added[self.do(contract(self.office, cap=CAP)).id] = 0
        self.do(self.office.clock.freeze())

    @rule(who=st.integers(0, 1), count=st.integers(1, 4), key=st.sampled_from("abcdef"))
    def place(self, who: int, count: int, key: str) -> None:
        """Order; the key may have ordered before."""
        owner = sorted(self.added)[who]
        known = self.orders.get((owner, key))
        wanted = known.count if known else count
        try:
            placed = self.do(order(self.office, owner, wanted, key))
        except (CapReached, InventoryEmpty) as refused:
            assert known is None
            self.check_refusal(owner, wanted, refused)
            return
        if known is not None:
            assert placed.id == known.id
            assert {added.line_password for added in placed.numbers} == {None}
        else:
            self.note(owner, key, placed)

    def check_refusal(self, owner: str, count: int, refused: Exception) -> None:
        """A refusal has its reason."""
        if isinstance(refused, CapReached):
            assert self.added[owner] + count > CAP
        else:
            now = self.office.clock.seconds()
            free = NUMBERS - len(self.held)
            waiting = sum(until > now for until in self.free_from.values())
            assert free - waiting < count

    def note(self, owner: str, key: str, placed: NumberOrder) -> None:
        """Take a new order into the model; nothing of it may be another's, or early."""
        now = self.office.clock.seconds()
        for number in ordered([placed]):
            assert number not in self.held, "a number with two customers"
            assert self.free_from.pop(number, now) <= now, "issued again before its time"
            self.held[number] = owner
        self.added[owner] += placed.count
        self.orders[owner, key] = placed

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """End one of the numbers."""
        number = data.draw(st.sampled_from(sorted(self.held)))
        record = self.do(self.office.orders.cancel(number, form_reference="F", origin=OPERATOR))
        del self.held[number]
        assert record.until is not None
        assert record.until - self.office.clock.seconds() > timedelta(days=180).total_seconds()
        self.free_from[number] = record.until

    @rule(days=st.integers(0, 400))
    def advance(self, days: int) -> None:
        """Let time pass."""
        self.do(self.office.clock.advance(days * 86_400.0))

    @rule(days=st.integers(1, 100))
    def go_back(self, days: int) -> None:
        """Set the clock back."""
        self.do(self.office.clock.set(self.office.clock.now() - timedelta(days=days)))

    @rule(who=st.integers(0, 1), key=st.sampled_from("ghi"), at=st.integers(1, 24))
    def crash(self, who: int, key: str, at: int) -> None:
        """Kill the process in the middle of an order, and start again."""
        owner = sorted(self.added)[who]
        if (owner, key) in self.orders or self.added[owner] + 2 > CAP or self.free() < 2:
            return
        self.do(self.office.close())
        self.runner.close()
        folder, url = self.settings.data, self.settings.database
        killed(folder, lambda office: order(office, owner, 2, key), at, url)
        self.runner = asyncio.Runner()
        self.office = self.do(Office.open(self.settings))
        page = self.do(self.office.orders.list(contract=owner))
        for placed in page.items:
            if placed.id not in {each.id for each in self.orders.values()}:
                self.note(owner, key, placed)

    def free(self) -> int:
        """How many numbers can be issued now."""
        now = self.office.clock.seconds()
        waiting = sum(until > now for until in self.free_from.values())
        return NUMBERS - len(self.held) - waiting

    @invariant()
    def the_office_is_as_the_model(self) -> None:
        """Every number is where the model has it, and telephony knows it."""
        records = self.do(self.office.numbers.list()).items
        assigned = {r.number: r.contract for r in records if r.state is NumberState.ASSIGNED}
        assert assigned == self.held
        assert {line.number for line in self.office.directory.lines()} == set(self.held)
        assert set(self.office.directory.users()) == {national(number) for number in self.held}
        for record in records:
            if record.state is NumberState.QUARANTINED:
                assert record.until == self.free_from[record.number]
                assert record.until > self.office.clock.seconds()

    @invariant()
    def no_cap_is_broken(self) -> None:
        """What was added stays counted, whatever was cancelled."""
        for owner, added in self.added.items():
            assert self.do(self.office.customers.contract(owner)).numbers_added == added <= CAP

    def teardown(self) -> None:
        """Close everything."""
        self.do(self.office.close())
        self.runner.close()
        self.own.close()


pytestmark = [pytest.mark.rule(rule) for rule in ("N050-01", "N050-02", "N050-03")]


def test_no_sequence_breaks_a_rule() -> None:
    explore(OrderLife, examples=5, steps=25)


def test_no_sequence_breaks_a_rule_at_a_server(postgres_server: str) -> None:
    at_server = type("OrderLifeAtServer", (OrderLife,), {"server": postgres_server})
    explore(at_server, examples=4, steps=25)


def explore(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    """Take so many ways of so many steps."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.generate],  # every step is slow: a failure is told as it was found
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
