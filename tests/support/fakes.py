"""The office in memory, for tests of what stands above it.

Each passes the same contract suite as the stored one (tests/contract). `unavailable = True`
makes every change fail as a locked database does.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping

from provisioning.contract import (
    E164,
    Account,
    Binding,
    CarrierProfile,
    Condition,
    ContractError,
    Diversions,
    Line,
    NumberDisplay,
    OutOfRange,
    StorageUnavailable,
    UnknownLine,
)
from provisioning.forwarding import model as forwarding
from provisioning.lines.model import UNI_OPTION, Networks
from provisioning.presentation import model as presentation
from provisioning.profiles.store import ProfileFiles


class _Breakable:
    unavailable = False

    def _check(self) -> None:
        if self.unavailable:
            raise StorageUnavailable("the database is locked; try again later")


class InMemoryDirectory:
    """Lines and accounts as they were given."""

    def __init__(self, lines: Iterable[Line] = (), accounts: Iterable[Account] = ()) -> None:
        self._lines = {line.number: line for line in lines}
        self._accounts = {account.user: account for account in accounts}

    def line(self, number: E164) -> Line | None:
        return self._lines.get(number)

    def account(self, user: str) -> Account | None:
        return self._accounts.get(user)

    def accounts_of(self, number: E164) -> tuple[Account, ...]:
        found = (a for a in self._accounts.values() if a.line == number)
        return tuple(sorted(found, key=lambda account: account.user))

    def accounts_at(self, host: str) -> tuple[Account, ...]:
        lines, accounts = self._lines, Networks(self._accounts.values()).at(host)
        return tuple(a for a in accounts if UNI_OPTION in lines[a.line].options)


class InMemoryBindings(_Breakable):
    """Bindings by user; with `users` given, others are unknown."""

    def __init__(self, users: Collection[str] | None = None) -> None:
        self.rows: dict[str, tuple[Binding, ...]] = {}
        self.users = users

    async def load(self) -> Mapping[str, tuple[Binding, ...]]:
        return dict(self.rows)

    def save(self, user: str, bindings: tuple[Binding, ...]) -> asyncio.Future[None]:
        saved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._replace(user, bindings)
        except ContractError as error:
            saved.set_exception(error)
        else:
            saved.set_result(None)
        return saved

    def _replace(self, user: str, bindings: tuple[Binding, ...]) -> None:
        self._check()
        if self.users is not None and user not in self.users:
            raise UnknownLine("no such account")
        if len({binding.contact for binding in bindings}) < len(bindings):
            raise OutOfRange("a contact stands twice among the bindings")
        if bindings:
            self.rows[user] = bindings
        else:
            self.rows.pop(user, None)


class InMemoryForwarding(_Breakable):
    """Diversions of `lines`, by number; others are unknown."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.rows: dict[E164, Diversions] = {}
        self._lines = {line.number: line for line in lines}
        self._profiles = ProfileFiles.load()

    async def of(self, line: E164) -> Diversions:
        _, profile = self._known(line)
        return self.rows.get(line, Diversions(ring_time_s=profile.ring_times.default))

    async def start(
        self, line: E164, conditions: Collection[Condition] = (Condition.CFNR,)
    ) -> Diversions:
        rules = self._known(line)[1].forwarding
        return await self._change(line, lambda old: forwarding.started(old, rules, conditions))

    async def stop(self, line: E164) -> None:
        await self._change(line, forwarding.stopped)

    async def set_target(self, line: E164, target: E164) -> None:
        rules = self._known(line)[1].forwarding
        checked = self._checked(line, target)
        await self._change(line, lambda old: forwarding.aimed(old, rules, checked))

    async def forward(self, line: E164, condition: Condition, target: E164) -> Diversions:
        rules, only = self._known(line)[1].forwarding, (condition,)
        checked = self._checked(line, target)
        return await self._change(
            line,
            lambda old: forwarding.started(
                forwarding.aimed(old, rules, checked, only), rules, only
            ),
        )

    async def set_ring_time(self, line: E164, seconds: int) -> None:
        bounds = self._known(line)[1].ring_times
        await self._change(line, lambda old: forwarding.ringing(old, seconds, bounds))

    def _known(self, number: E164) -> tuple[Line, CarrierProfile]:
        line = self._lines.get(number)
        if line is None:
            raise UnknownLine(f"no line {number}")
        return line, self._profiles.of(line.profile)

    def _checked(self, number: E164, target: E164) -> E164:
        abroad = forwarding.ABROAD in self._known(number)[0].options
        return forwarding.checked(target, number, abroad=abroad)

    async def _change(self, line: E164, change: Callable[[Diversions], Diversions]) -> Diversions:
        self._check()
        self.rows[line] = change(await self.of(line))
        return self.rows[line]


class InMemoryPresentation(_Breakable):
    """Number displays of the lines in `contracts` (freephone number by line).

    With `lines` given, lines that are neither there nor contracted are unknown.
    """

    def __init__(
        self,
        contracts: Mapping[E164, E164] | None = None,
        lines: Collection[E164] | None = None,
    ) -> None:
        self.rows = {line: NumberDisplay(number) for line, number in (contracts or {}).items()}
        self._lines = lines

    async def of(self, line: E164) -> NumberDisplay:
        if self._lines is not None and line not in self._lines and line not in self.rows:
            raise UnknownLine(f"no line {line}")
        return self.rows.get(line, NumberDisplay())

    async def start(self, line: E164) -> NumberDisplay:
        return await self._switch(line, active=True)

    async def stop(self, line: E164) -> NumberDisplay:
        return await self._switch(line, active=False)

    async def _switch(self, line: E164, *, active: bool) -> NumberDisplay:
        self._check()
        self.rows[line] = presentation.switched(await self.of(line), active=active)
        return self.rows[line]
