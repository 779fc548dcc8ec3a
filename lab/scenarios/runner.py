"""Plays scenarios on a carrier, with the phones one wants, some of them side by side."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab.errors import Refused
from lab.scenarios import evidence, results
from lab.scenarios.cast import Company, Player
from lab.scenarios.model import Scenario, Step
from lab.scenarios.office import CarrierOffice
from lab.scenarios.own_phone import OwnPhone
from lab.scenarios.phones.errors import PhoneError
from lab.scenarios.phones.handset import Handset
from lab.scenarios.phones.handsets import HANDSETS
from lab.scenarios.phones.remote import RemotePhone
from lab.scenarios.results import Failure, Result
from lab.scenarios.stage import Actor, Failed, Patience, Stage
from lab.scenarios.voices import HERTZ
from lab.trace import Seen
from prompts.catalogue import Voices
from provisioning.instants import JST

OWN = "own"
KINDS = (OWN, *HANDSETS)


@dataclass(frozen=True, slots=True)
class PhoneKind:
    """Which phones play: our own, a softphone of this host, or one served at an address."""

    name: str
    address: tuple[str, int] | None = None

    def make(self, folder: Path, hertz: int) -> Handset:
        """A phone, which keeps its files in the folder and speaks a tone."""
        if self.address is not None:
            return RemotePhone(self.address, hertz)
        if self.name == OWN:
            return OwnPhone(hertz)
        folder.mkdir(parents=True)
        return HANDSETS[self.name](folder, hertz)


@dataclass(frozen=True, slots=True)
class Ground:
    """What scenarios are played on: the carrier, its lines and its voice."""

    office: CarrierOffice
    server: tuple[str, int]
    company: Company
    voices: Voices
    results: Path | None
    patience: Patience = field(default_factory=Patience)


def run(
    ground: Ground,
    scenarios: Sequence[Scenario],
    kinds: Sequence[PhoneKind],
    jobs: int,
    told: Callable[[Result], None],
) -> list[Result]:
    """Play every scenario with every kind of phone; the results in that order.

    `told` hears each result as it comes. An interrupt ends every phone; what came out before it is
    written all the same.

    Raises:
        Refused: a scenario asks for a line that the seed has not; or the results find no place.
    """
    ground.company.check(scenarios)
    stopping = threading.Event()
    plays = [(scenario, kind) for scenario in scenarios for kind in kinds]
    done: dict[int, Result] = {}
    with ThreadPoolExecutor(jobs, "scenario") as pool:
        waiting: dict[Future[Result], int] = {
            pool.submit(_Play(ground, *play, stopping).result): index
            for index, play in enumerate(plays)
        }
        try:
            for future in as_completed(waiting):
                done[waiting[future]] = future.result()
                told(done[waiting[future]])
        except BaseException:
            stopping.set()
            pool.shutdown(wait=True, cancel_futures=True)
            _write(ground.results, done)
            raise
    return _write(ground.results, done)


def _write(folder: Path | None, done: Mapping[int, Result]) -> list[Result]:
    """The results that there are, in order, written where they are wanted."""
    ordered = [done[index] for index in sorted(done)]
    if folder is not None:
        try:
            results.write(folder, ordered)
        except OSError as error:
            raise Refused(f"{folder}: the results cannot be written: {error.strerror}") from None
    return ordered


class _Play:
    """One scenario with one kind of phone."""

    def __init__(
        self, ground: Ground, scenario: Scenario, kind: PhoneKind, stopping: threading.Event
    ) -> None:
        self._ground, self._scenario, self._kind = ground, scenario, kind
        self._stopping = stopping
        self._step: Step | None = None
        self._actors: dict[str, Actor] = {}
        self._logs: Mapping[str, bytes] = {}

    def result(self) -> Result:
        """Play it, and tell how it came out."""
        scenario, folder = self._scenario, self._folder()
        if folder is not None:  # it may tell of an earlier run
            shutil.rmtree(folder, ignore_errors=True)
        with self._ground.company.cast(scenario) as players:
            began, since = time.monotonic(), self._begins_at()
            failure = self._failure(players)
            result = Result(
                scenario.name, scenario.title, self._kind.name, scenario.rules,
                time.monotonic() - began, failure,
            )  # fmt: skip
            if failure is None or folder is None:
                return result
            try:
                self._keep(folder, failure, players, since)
            except OSError as error:
                unkept = f"{failure.reason}\n{folder} takes nothing: {error.strerror}"
                return replace(result, failure=replace(failure, reason=unkept))
            return replace(result, kept=folder)

    def _folder(self) -> Path | None:
        """Where what helps to understand a failure is kept."""
        kept = self._ground.results
        return kept / f"{self._scenario.name}-{self._kind.name}" if kept is not None else None

    def _begins_at(self) -> float:
        """When, by the carrier's clock; what it remembers of before is of other plays."""
        try:
            return self._ground.office.wall_time()
        except Refused:  # it went away; the first step says so
            return 0.0

    def _failure(self, players: Mapping[str, Player]) -> Failure | None:
        with tempfile.TemporaryDirectory(prefix="scenario-", ignore_cleanup_errors=True) as folder:
            try:
                self._perform(players, Path(folder))
            except (Failed, PhoneError, Refused, OSError) as error:
                self._logs = evidence.logs(Path(folder))
                step = self._step
                return Failure(step.place if step else "", step.text if step else "", str(error))
            return None

    def _perform(self, players: Mapping[str, Player], folder: Path) -> None:
        voice = self._ground.voices.of(self._scenario.language)
        with ExitStack() as closing:
            for (role, player), hertz in zip(players.items(), HERTZ, strict=False):
                phone = self._kind.make(folder / role, hertz)
                closing.callback(phone.close)
                self._actors[role] = Actor(player, phone, hertz, voice)
            closing.callback(self._put_away)
            ground = self._ground
            stage = Stage(self._actors, ground.office, ground.server, ground.patience)
            for actor in self._actors.values():
                stage.register(actor)
            for step in self._scenario.steps:
                self._step = step
                if self._stopping.is_set():
                    raise Failed("interrupted")
                stage.play(step)

    def _put_away(self) -> None:
        for actor in self._actors.values():
            with suppress(PhoneError):
                actor.put_away()

    def _keep(
        self, folder: Path, failure: Failure, players: Mapping[str, Player], since: float
    ) -> None:
        seen: list[Seen] = []
        with suppress(Refused):  # a carrier that went away has no messages to show
            seen = [item for item in self._ground.office.seen() if item.at >= since]
        theirs = evidence.of_players(seen, players)
        files = evidence.sounds({role: each.recordings for role, each in self._actors.items()})
        names = evidence.addresses(theirs, players)
        evidence.keep(folder, failure, theirs, names, {**files, **self._logs}, JST)
