"""Who plays what: lines are found by what they are, and nobody plays twice at once."""

import threading
from pathlib import Path

import pytest

from lab import seeds
from lab.errors import Refused
from lab.scenarios import cast, files
from lab.scenarios.cast import Company, Player, filled
from lab.scenarios.model import Scenario

OFFICE = "office: ntt tokutei-notify"


def scenario(phones: str) -> Scenario:
    text = f"scenario: x\nphones: {{{phones}}}\nsteps: [{phones.split(':')[0]} registers]\n"
    return files.parse(Path("a.yaml"), text)


def company(lines: int | None = None) -> Company:
    seed = seeds.parse(Path("lines.yaml"), cast.seed_text())
    kept = [line for line in seed.lines if line.line.profile.value == "docomo"]
    return Company(seed if lines is None else type(seed)(tuple(kept[:lines]), (), (), ()))


def test_the_suite_has_a_line_for_each_of_its_scenarios() -> None:
    company().check(files.chosen([]))


def test_lines_are_found_by_profile_options_and_access() -> None:
    with company().cast(scenario(f"{OFFICE}, app: rakuten link, man: docomo")) as players:
        assert players["office"] == Player(
            "0300000200", "0300000200", "scenario-0300000200", "0120000100"
        )
        assert players["app"].user == "09000004000-link"
        assert players["man"].e164 == "+819000001000"
        assert filled("a <man> b <man.e164> <office.freephone>", players) == (
            "a 09000001000 b +819000001000 0120000100"
        )
        with pytest.raises(Refused, match=r"<man\.freephone>: the line 09000001000 has none"):
            filled("<man.freephone>", players)


def test_no_password_is_shown() -> None:
    assert "secret" not in repr(Player("1", "1", "secret"))


def test_the_least_used_line_plays_next() -> None:
    troupe, one = company(2), scenario("a: docomo")
    with troupe.cast(one) as first, troupe.cast(one) as second:
        assert {first["a"].number, second["a"].number} == {"09000001000", "09000001001"}
    with troupe.cast(one) as third:
        assert third["a"].number == "09000001001"


def test_who_finds_nobody_waits_until_one_is_free() -> None:
    troupe, one = company(1), scenario("a: docomo")
    played = threading.Event()

    def play() -> None:
        with troupe.cast(one):
            played.set()

    waiting = threading.Thread(target=play)
    with troupe.cast(one):
        waiting.start()
        assert not played.is_set()
    waiting.join(10)
    assert played.is_set()


def test_what_can_never_be_cast_is_refused_at_once() -> None:
    with pytest.raises(Refused, match=r"a\.yaml: no line of the seed is left for b: docomo os"):
        company(1).check([scenario("a: docomo, b: docomo")])
