"""Tickets, codes and sessions under any order of events and any jump of both clocks (N050-05).

The machine beside it says in its own words what must hold; it knows nothing of tables.
"""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from provisioning.db.unit_of_work import Database
from provisioning.selfcare.model import (
    Limits,
    Session,
    Slowdown,
    TicketGone,
    TooManyTries,
    WrongCode,
)
from tests.support.selfcare import (
    CUSTOMER,
    HOME,
    ID,
    OPERATOR,
    PASSWORD,
    STRANGER,
    Counter,
    open_counter,
    wrong,
)

T = TypeVar("T")

ONE_ADDRESS_COUNTS_FOR_LITTLE = Limits(address=Slowdown(10_000, 1, 1))
PASSWORDS = (PASSWORD, "second-password-2", "third-password-33")


@dataclass
class Pending:
    """A ticket as its holder may know it; `code` is the only one that may open it."""

    value: str
    is_real: bool
    code: str | None
    issued_at: float
    refused: int = 0
    is_over: bool = False


@dataclass
class Living:
    """A session that must be alive until one of its lives ends."""

    cookie: str
    session: Session
    made_at: float
    seen_at: float
    is_over: bool = False


@dataclass
class Known:
    """Everything that must be true now."""

    password: str = PASSWORD
    tickets: list[Pending] = field(default_factory=list)
    sessions: list[Living] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    tries: int = 0


@cache
def template() -> Path:
    """A database with the two logins, made once."""
    folder = Path(tempfile.mkdtemp(prefix="tokuban-selfcare-"))
    atexit.register(shutil.rmtree, folder)

    async def make() -> list[str]:
        async with open_counter(f"sqlite:///{folder}/made.sqlite3") as counter:
            return counter.contracts

    (folder / "contracts").write_text(" ".join(asyncio.run(make())))
    return folder


class SelfCareMachine(RuleBasedStateMachine):
    """One login, guessed at and used."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tokuban-selfcare-"))
        shutil.copy(template() / "made.sqlite3", self.folder / "used.sqlite3")
        self.runner = asyncio.Runner()
        self.open = AsyncExitStack()
        self.counter = self.wait(self._counter())
        self.counter.contracts = (template() / "contracts").read_text().split()
        self.known = Known()

    async def _counter(self) -> Counter:
        database = Database.at(f"sqlite:///{self.folder}/used.sqlite3")
        self.open.push_async_callback(database.close)
        return Counter(database, limits=ONE_ADDRESS_COUNTS_FOR_LITTLE)

    def teardown(self) -> None:
        self.counter.selfcare.close()
        self.wait(self.open.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` answers."""
        return self.runner.run(work)

    # --- the login -----------------------------------------------------------

    @rule(address=st.sampled_from([HOME, STRANGER]), password=st.sampled_from(PASSWORDS))
    def begin(self, address: str, password: str) -> None:
        counter, known = self.counter, self.known
        mails = len(counter.letterbox.mails)
        try:
            ticket = self.wait(counter.selfcare.begin(ID, password, address=address))
        except TooManyTries as refused:
            self.may_refuse(refused)
            return
        known.tries += 1
        is_real = password == known.password
        assert len(counter.letterbox.mails) == mails + is_real
        code = self.new_code() if is_real else None
        known.tickets.append(Pending(ticket.value, is_real, code, counter.business))

    @precondition(lambda self: self.known.tickets)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        counter, known = self.counter, self.known
        ticket = data.draw(st.sampled_from(known.tickets))
        mails = len(counter.letterbox.mails)
        try:
            self.wait(counter.selfcare.resend(ticket.value, address=HOME))
        except TooManyTries as refused:
            self.may_refuse(refused)
        except TicketGone:
            assert self.is_over(ticket)
        else:
            assert not self.is_over(ticket)
            known.tries += 1
            assert len(counter.letterbox.mails) == mails + ticket.is_real
            ticket.refused, ticket.issued_at = 0, counter.business
            ticket.code = self.new_code() if ticket.is_real else None

    @precondition(lambda self: self.known.tickets)
    @rule(data=st.data(), how=st.sampled_from(["its own", "any seen", "wrong"]))
    def finish(self, data: st.DataObject, how: str) -> None:
        counter, known = self.counter, self.known
        ticket = data.draw(st.sampled_from(known.tickets))
        own = ticket.code or "000000"
        seen = data.draw(st.sampled_from(known.codes or ["000000"]))
        code = {"its own": own, "any seen": seen, "wrong": wrong(own)}[how]
        try:
            cookie, session = self.wait(counter.selfcare.finish(ticket.value, code, address=HOME))
        except TicketGone:
            assert self.is_over(ticket)
        except WrongCode as error:
            assert not self.is_over(ticket)
            assert code != ticket.code
            self.was_refused(ticket, error.tries_left)
        else:
            assert not self.is_over(ticket)
            assert code == ticket.code
            ticket.is_over, known.tries = True, 0
            assert cookie not in {each.cookie for each in known.sessions}
            known.sessions.append(Living(cookie, session, counter.wall, counter.wall))

    # --- the session ---------------------------------------------------------

    @precondition(lambda self: self.known.sessions)
    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        living = data.draw(st.sampled_from(self.known.sessions))
        found = self.wait(self.counter.selfcare.session(living.cookie))
        assert (found is not None) == self.is_alive(living)
        if found is not None:
            living.seen_at = found.seen_at
            assert self.counter.wall - found.seen_at <= self.counter.limits.touch_s
            assert found.csrf == living.session.csrf

    @precondition(lambda self: self.known.sessions)
    @rule(data=st.data())
    def log_out(self, data: st.DataObject) -> None:
        living = data.draw(st.sampled_from(self.known.sessions))
        self.wait(self.counter.selfcare.logout(living.cookie))
        living.is_over = True

    @precondition(lambda self: any(self.is_alive(each) for each in self.known.sessions))
    @rule(data=st.data(), new=st.sampled_from(PASSWORDS))
    def change_password(self, data: st.DataObject, new: str) -> None:
        counter, known = self.counter, self.known
        alive = [each for each in known.sessions if self.is_alive(each)]
        living = data.draw(st.sampled_from(alive))
        cookie, session = self.wait(
            counter.selfcare.change_password(living.session, known.password, new, origin=CUSTOMER)
        )
        self.all_over(new)
        known.sessions.append(Living(cookie, session, counter.wall, counter.wall))

    @rule()
    def reset(self) -> None:
        counter = self.counter
        self.all_over(
            self.wait(counter.selfcare.reset(counter.contracts[0], origin=OPERATOR)).password
        )
        self.known.tries = 0

    # --- time ----------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 29, 31, 299, 600, 899, 901, 3600]))
    def time_passes(self, seconds: float) -> None:
        self.counter.passes(seconds)

    @rule(seconds=st.sampled_from([-86_400, -300, 300, 599, 601, 86_400]))
    def business_time_jumps(self, seconds: float) -> None:
        self.counter.business += seconds

    @rule()
    def due_work_is_done(self) -> None:
        self.wait(self.counter.selfcare.run_due(self.counter.business))
        for ticket in self.known.tickets:
            ticket.is_over = ticket.is_over or self.counter.business - ticket.issued_at >= 600
        due = self.wait(self.counter.selfcare.next_due())
        assert due is None or due > self.counter.business

    # --- what must hold ------------------------------------------------------

    @invariant()
    def exactly_these_sessions_live(self) -> None:
        for living in self.known.sessions:
            found = self.wait(self.counter.selfcare.session(living.cookie, touch=False))
            assert (found is not None) == self.is_alive(living)

    def may_refuse(self, refused: TooManyTries) -> None:
        """Nobody waits before the fifth failure, nor longer than a quarter of an hour."""
        assert self.known.tries >= 5
        assert 1 <= refused.retry_after_s <= 900

    def was_refused(self, ticket: Pending, tries_left: int) -> None:
        """Five wrong codes are counted down, then the ticket is over."""
        ticket.refused += 1
        assert tries_left == 5 - ticket.refused
        ticket.is_over = ticket.refused == 5

    def new_code(self) -> str:
        """A code was mailed: every other one is void."""
        code = self.counter.letterbox.code_seen
        for each in self.known.tickets:
            each.code = None
        self.known.codes.append(code)
        return code

    def is_over(self, ticket: Pending) -> bool:
        return ticket.is_over or abs(self.counter.business - ticket.issued_at) >= 600

    def is_alive(self, living: Living) -> bool:
        idle, age = self.counter.wall - living.seen_at, self.counter.wall - living.made_at
        living.is_over = living.is_over or idle >= 900 or age >= 28_800
        return not living.is_over

    def all_over(self, password: str) -> None:
        """Another password: no session, and no code of the old one."""
        self.known.password = password
        for living in self.known.sessions:
            living.is_over = True
        for ticket in self.known.tickets:
            ticket.is_over = ticket.is_over or ticket.is_real


SelfCareMachine.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.rule("N050-05")
class TestSelfCare(SelfCareMachine.TestCase):  # type: ignore[misc, valid-type]
    """Runs the machine."""
