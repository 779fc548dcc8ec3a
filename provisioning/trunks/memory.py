"""Trunks as telephony asks for them: by name, by number, by address."""

from collections.abc import Callable, Iterable, Mapping

from provisioning.contract import Trunk, TrunkAccount, TrunkLogin
from provisioning.trunks.model import national, sources_of

_STREAMS = frozenset(("TCP", "TLS"))
"""Not WebSockets: a page in a browser at the trunk's address could open one."""

_LEAST_BEHIND = {"00": 4}
"""A prefix of fewer digits is none of a number that begins so: 0 is no way to another carrier's."""


class MemoryTrunks:
    """The trunks in memory; whoever changes the rows tells it once they are durable.

    `changes` grows with each change. Every one of `watchers` is told the account of a trunk that
    is gone or has another password; each of `altered` of every change.
    """

    def __init__(self) -> None:
        self._trunks: dict[str, Trunk] = {}
        self._accounts: dict[str, TrunkAccount] = {}
        self._logins: dict[str, TrunkLogin] = {}
        self._by_prefix: dict[str, Trunk] = {}
        self._by_source: dict[str, Trunk] = {}
        self._longest = 0
        self.changes = 0
        self.watchers: list[Callable[[str], None]] = []
        self.altered: list[Callable[[], None]] = []

    def of(self, name: str) -> Trunk | None:
        """The trunk of this name."""
        return self._trunks.get(name)

    def all(self) -> tuple[Trunk, ...]:
        """Every trunk, by name."""
        return tuple(self._trunks[name] for name in sorted(self._trunks))

    def account(self, user: str) -> TrunkAccount | None:
        """The account with this AOR user part."""
        return self._accounts.get(user)

    def login(self, name: str) -> TrunkLogin | None:
        """Who we are to the trunk of this name, as `Trunks` says."""
        return self._logins.get(name)

    def toward(self, digits: str) -> Trunk | None:
        """The trunk with the longest prefix of a dialled number, as `Trunks` says."""
        number = national(digits)
        if number[:1] not in {"0", "+"} or number.startswith("000"):
            return None
        least = _LEAST_BEHIND.get(number[:2], 1)
        for length in range(min(len(number), self._longest), least - 1, -1):
            trunk = self._by_prefix.get(number[:length])
            if trunk is not None:
                return trunk
        return None

    def from_peer(self, host: str, port: int, transport: str = "UDP") -> Trunk | None:
        """The trunk that sends from an address, as `Trunks` says."""
        if not self._by_source:
            return None
        if transport != "UDP":
            return self._by_source.get(f"stream:{host}") if transport in _STREAMS else None
        exact = self._by_source.get(f"udp:{host}:{port}")
        return exact or self._by_source.get(f"udp:{host}")

    def replace(
        self,
        trunks: Iterable[Trunk],
        accounts: Iterable[TrunkAccount],
        logins: Mapping[str, TrunkLogin] | None = None,
    ) -> None:
        """Take over new contents at once; `logins` by the names of their trunks."""
        old = self._accounts
        self._trunks = {trunk.name: trunk for trunk in trunks}
        self._accounts = {account.user: account for account in accounts}
        self._logins = dict(logins or {})
        self._index()
        self._tell(old)

    def put(
        self, trunk: Trunk, account: TrunkAccount | None, login: TrunkLogin | None = None
    ) -> None:
        """Know one trunk more."""
        self._trunks[trunk.name] = trunk
        if account is not None:
            self._accounts[account.user] = account
        if login is not None:
            self._logins[trunk.name] = login
        self._index()

    def remove(self, name: str) -> None:
        """Forget a trunk and its account."""
        gone = self._trunks.pop(name, None)
        self._logins.pop(name, None)
        old = self._accounts
        self._accounts = {user: each for user, each in old.items() if each.trunk != name}
        if gone is not None:
            self._index()
            self._tell(old)

    def _index(self) -> None:
        self.changes += 1
        trunks = self._trunks.values()
        self._by_prefix = {prefix: trunk for trunk in trunks for prefix in trunk.prefixes}
        self._by_source = {source: trunk for trunk in trunks for source in sources_of(trunk)}
        self._longest = max(map(len, self._by_prefix), default=0)
        for told in self.altered:
            told()

    def _tell(self, old: Mapping[str, TrunkAccount]) -> None:
        for user, account in old.items():
            if self._accounts.get(user) != account:
                for watcher in self.watchers:
                    watcher(user)
