"""Scenarios on a carrier, with each phone: our own, those of others, and one on a server."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import seeds
from lab.scenarios import cast, files, runner
from lab.scenarios.cast import Company
from lab.scenarios.office import CarrierOffice
from lab.scenarios.own_carrier import OwnCarrier, own_carrier
from lab.scenarios.phones.handsets import HANDSETS
from lab.scenarios.phones.server import Server
from lab.scenarios.results import Result
from lab.scenarios.runner import Ground, PhoneKind
from lab.scenarios.stage import Patience
from prompts.voice import VoiceBank
from tests.support.ports import LOOPBACK

pytestmark = [pytest.mark.interop, pytest.mark.listens]

CALL = """\
scenario: One calls another twice, and both are heard
phones: {caller: docomo, friend: au}
steps:
  - caller dials: <friend>
  - friend rings
  - friend is shown: <caller>
  - friend answers
  - caller is answered
  - caller and friend talk
  - caller hangs up
  - friend is hung up
  - caller is charged: {cause: dialler, yen: 20, each_s: 30}
  - friend is not charged
  - caller dials: 184<friend>
  - friend rings
  - friend is shown: anonymous
  - friend answers
  - friend hangs up
  - caller is hung up
"""
REFUSED = """\
scenario: Not what came
phones: {caller: docomo}
steps:
  - caller dials: 0399999999
  - caller hears the beginning of: talkie.unassigned
  - caller is refused: 486
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A carrier of the suite, and where results go."""

    carrier: OwnCarrier
    folder: Path

    def play(
        self,
        text: str,
        *kinds: PhoneKind,
        patience: Patience | None = None,
        told: Callable[[Result], None] = lambda result: None,
    ) -> list[Result]:
        """Play one scenario with each of the phones, side by side."""
        scenario = files.parse(self.folder / "played.yaml", text)
        company = Company(seeds.parse(Path("lines.yaml"), cast.seed_text()))
        office, voices = CarrierOffice(self.carrier.url), VoiceBank(("ja",))
        ground = Ground(
            office, self.carrier.server, company, voices, self.folder, patience or Patience()
        )
        return runner.run(ground, [scenario], kinds, len(kinds), told)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("scenarios")
    with pytest.MonkeyPatch.context() as patch:
        # What another carrier is told is no matter of this one's: it would not come up.
        patch.setenv("TOKUBAN__STORAGE__URL", "postgresql://nobody@127.0.0.1:1/none")
        with own_carrier(folder, cast.seed_text()) as carrier:
            yield Place(carrier, folder / "results")


@contextmanager
def served(kind: str) -> Iterator[PhoneKind]:
    """Phones of a kind behind a server, as a container has them."""
    with Server((LOOPBACK, 0), HANDSETS[kind], None) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield PhoneKind(f"{kind}-served", (LOOPBACK, server.port))
        server.shutdown()
        serving.join()


@pytest.mark.rule("CALL-01")
@pytest.mark.rule("CALL-04")
def test_a_call_is_played_with_every_phone(place: Place) -> None:
    with served("pjsua2") as remote:
        kinds = [*map(PhoneKind, runner.KINDS), remote]
        came = place.play(CALL, *kinds)
    assert [result.failure for result in came] == [None] * len(kinds)
    assert [result.phone for result in came] == [*runner.KINDS, "pjsua2-served"]


def test_what_came_out_otherwise_is_told_and_kept(place: Place) -> None:
    earlier = place.folder / "played-own" / "of-an-earlier-run.wav"
    earlier.parent.mkdir(parents=True, exist_ok=True)
    earlier.touch()
    (result,) = place.play(REFUSED, PhoneKind("own"))
    assert result.failure is not None
    assert result.failure.step == "caller is refused: 486"
    assert result.failure.reason == "was refused with 404 Not Found, not 486"
    assert result.failure.place.endswith("played.yaml:6:5")
    assert result.kept is not None
    ladder = (result.kept / "ladder.txt").read_text().splitlines()
    assert ladder[0].split() == ["caller", "09000001000", "carrier"]
    assert "- INVITE 0399999999 -" in "".join(ladder)
    assert "< 404 Not Found (INVITE) -" in "".join(ladder)
    kept = {path.name for path in result.kept.iterdir()}
    assert kept == {"failure.txt", "ladder.txt", "trace.pcap", "caller-call-1.wav"}
    assert (result.kept / "caller-call-1.wav").stat().st_size > 2 * 8000
    assert {"junit.xml", "results.json"} <= {path.name for path in place.folder.iterdir()}


def test_a_place_that_takes_nothing_is_told_of(place: Place) -> None:
    taken = place.folder / "played-baresip"
    taken.parent.mkdir(parents=True, exist_ok=True)
    taken.touch()
    (result,) = place.play(REFUSED, PhoneKind("baresip", (LOOPBACK, 1)))
    assert result.failure is not None
    assert result.failure.reason.endswith("played-baresip takes nothing: File exists")
    assert result.kept is None


def test_what_came_out_before_an_interrupt_is_written(place: Place) -> None:
    def interrupted(result: Result) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place.play(REFUSED, PhoneKind("linphone", (LOOPBACK, 1)), told=interrupted)
    written = json.loads((place.folder / "results.json").read_text("utf-8"))
    assert [each["phone"] for each in written["results"]] == ["linphone"]


def test_no_charge_is_found_before_the_call_is_over(place: Place) -> None:
    going_on = REFUSED.replace("0399999999", "000002").split("  - caller hears")[0]
    steps = "  - caller is answered\n  - caller is not charged\n"
    (result,) = place.play(going_on + steps, PhoneKind("own"), patience=Patience(books=1.0))
    assert result.failure is not None
    assert result.failure.reason == "the end of 1 calls in the books: not within 1 s"


def test_a_value_that_no_voice_says_fails_its_scenario_alone(place: Place) -> None:
    unsaid = REFUSED.replace("talkie.unassigned", "voicemail.new 1000")
    (result,) = place.play(unsaid, PhoneKind("own"))
    assert result.failure is not None
    assert result.failure.reason == "count is a whole number from 0 to 999, not 1000"


def test_a_phone_that_is_not_there_fails_its_scenario_alone(place: Place) -> None:
    nowhere = PhoneKind("baresip", (LOOPBACK, 1))
    (result,) = place.play(REFUSED, nowhere)
    assert result.failure is not None
    assert result.failure.reason.startswith("no phone is served at 127.0.0.1:1: ")
