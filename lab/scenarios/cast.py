"""The lines that scenarios play on: the suite's own, and who has which of them at the moment."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab.errors import Refused
from lab.scenarios.grammar import FORMS, NAMED
from lab.scenarios.model import Role, Scenario
from lab.seeds import national
from provisioning.seeds import Seed, SeedLine

LINES_OF_A_KIND = 24
"""So many lines of each kind has the suite: a scenario finds one that none has played on."""

_CUSTOMER = """\
# The lines of the scenarios. Their passwords are public: for laboratories alone.
customers:
  - id: C00000001
    kind: corporate
    name: 特番シナリオ商事
    postal_code: 100-0001
    address: 東京都千代田区千代田1-1
    phone: 03-0000-0000
    mail: scenarios@tokuban.example
    contact: 総務部
    contracts:
      - {id: K00000001, plan: standard, profile: ntt, ma: 東京, prefecture: 東京都}

lines:
"""
_TOKYO, _OSAKA = "ma: 東京, prefecture: 東京都", "ma: 大阪, prefecture: 大阪府"


def seed_text() -> str:
    """The suite's lines as a seed file."""
    return _CUSTOMER + "".join(
        line for index in range(LINES_OF_A_KIND) for line in _of_each_kind(f"{index:02}")
    )


def _of_each_kind(index: str) -> Iterator[str]:
    yield _line(f"090000010{index}", "docomo", f"{_TOKYO}, options: [voicemail]")
    office = f'freephone: "01200001{index}", options: [tokutei-notify]'
    yield _line(f"03000002{index}", "ntt", f"{_TOKYO}, kind: corporate, {office}")
    yield _line(f"090000030{index}", "au", f"{_OSAKA}, options: [voicemail]")
    number = f"090000040{index}"
    link = f', {{user: {number}-link, access: link, password: "scenario-{number}"}}'
    yield _line(number, "rakuten", f"{_TOKYO}, options: [voicemail]", link)


def _line(number: str, profile: str, more: str, further: str = "") -> str:
    account = f'{{user: "{number}", password: "scenario-{number}"}}'
    return (
        f'  - {{number: "{number}", profile: {profile}, {more},\n'
        f"     accounts: [{account}{further}]}}\n"
    )


@dataclass(frozen=True, slots=True)
class Player:
    """Who plays a role: the line and the account of its phone."""

    number: str
    user: str
    password: str = field(repr=False)
    freephone: str = ""

    @property
    def e164(self) -> str:
        """The number with its country."""
        return "+81" + self.number.removeprefix("0")


def filled(text: str, players: Mapping[str, Player]) -> str:
    """A text with the numbers of those who are named in it.

    Raises:
        Refused: a line has no freephone number.
    """

    def number(name: str, form: str | None) -> str:
        if form is None:
            return players[name].number
        found: str = getattr(players[name], form)
        if not found:
            raise Refused(f"<{name}.{form}>: the line {players[name].number} has none")
        return found

    assert set(FORMS) <= {"e164", "freephone"}
    return NAMED.sub(lambda found: number(found[1], found[2]), text)


class Company:
    """Hands out lines of a seed; each plays in one scenario at a time, the least used first."""

    def __init__(self, seed: Seed) -> None:
        self._idle: list[SeedLine] = list(seed.lines)
        self._all = tuple(seed.lines)
        self._returned = threading.Condition()

    def check(self, scenarios: Sequence[Scenario]) -> None:
        """Refuse what can never be cast.

        Raises:
            Refused: which role of which scenario finds no line.
        """
        for scenario in scenarios:
            _cast(scenario, list(self._all))

    @contextmanager
    def cast(self, scenario: Scenario) -> Iterator[Mapping[str, Player]]:
        """The players of a scenario, who are its own until it is over."""
        with self._returned:
            while (taken := self._take(scenario)) is None:
                self._returned.wait()
        try:
            yield {name: _player(scenario.roles[name], line) for name, line in taken.items()}
        finally:
            with self._returned:
                self._idle += taken.values()
                self._returned.notify_all()

    def _take(self, scenario: Scenario) -> dict[str, SeedLine] | None:
        try:
            taken = _cast(scenario, list(self._idle))
        except Refused:
            return None
        self._idle = [line for line in self._idle if line not in taken.values()]
        return taken


def _cast(scenario: Scenario, idle: list[SeedLine]) -> dict[str, SeedLine]:
    """A line for each role; who wants more options chooses first."""
    taken: dict[str, SeedLine] = {}
    for role in sorted(scenario.roles.values(), key=lambda role: -len(role.options)):
        line = next((line for line in idle if _fits(role, line)), None)
        if line is None:
            wants = " ".join([role.profile.value, *sorted(role.options), role.access.value])
            raise Refused(
                f"{scenario.path}: no line of the seed is left for {role.name}: {wants}; "
                "name a seed file that has one with --seed"
            )
        idle.remove(line)
        taken[role.name] = line
    return taken


def _fits(role: Role, line: SeedLine) -> bool:
    has_phone = any(account.access is role.access for account in line.accounts)
    return line.line.profile is role.profile and role.options <= line.line.options and has_phone


def _player(role: Role, line: SeedLine) -> Player:
    account = next(each for each in line.accounts if each.access is role.access)
    freephone = national(line.line.freephone) if line.line.freephone else ""
    return Player(national(line.line.number), account.user, account.password, freephone)
