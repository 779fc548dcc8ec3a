"""Voicemail in a seed file."""

from pathlib import Path

import pytest

from lab import seeds
from provisioning.contract import Condition, Greeting, Profile
from provisioning.seeds import SeedVoicemail
from tests.unit.lab.test_seeds import GOOD, refusal, write


@pytest.mark.rule("VM-01")
def test_the_demo_has_voicemail_where_the_carrier_offers_it() -> None:
    having = {s.line.profile for s in seeds.demo().lines if "voicemail" in s.line.options}
    assert having == {Profile.DOCOMO, Profile.AU, Profile.RAKUTEN}


BOX = GOOD.replace("profile: ntt", "profile: docomo\n    options: [voicemail]\n    voicemail: {}")


@pytest.mark.rule("VM-02")
def test_a_box_is_set_on_its_first_day(tmp_path: Path) -> None:
    wanted = "{conditions: [busy], ring_time_s: 0, greeting: plain, pin: 0123}"
    (line,) = seeds.load(write(tmp_path, BOX.format(wanted))).lines
    assert line.voicemail == SeedVoicemail(frozenset({Condition.CFB}), 0, Greeting.PLAIN, "0123")
    assert "0123" not in repr(line)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("{ring_time_s: 121}", "the ring time lies between 0 and 120 seconds"),
        ("{pin: 123}", "it has four digits"),
        ("{pin: 12a4}", "it has four digits"),
        ("{greeting: own}", "greeting"),
        ("{conditions: [sometimes]}", "conditions"),
    ],
)
def test_a_box_that_no_carrier_has_is_refused(tmp_path: Path, wanted: str, said: str) -> None:
    assert said in refusal(tmp_path, BOX.format(wanted))


@pytest.mark.rule("FWD-09")
def test_a_line_does_not_begin_with_both(tmp_path: Path) -> None:
    both = BOX.format("{conditions: [busy]}").replace(
        "    voicemail:",
        "    forwarding: {no_answer: {to: 0398765432, active: true}}\n    voicemail:",
    )
    assert "forwarding stops it" in refusal(tmp_path, both)
    assert seeds.load(write(tmp_path, both.replace("conditions: [busy]", "ring_time_s: 9"))).lines


def test_a_box_needs_its_option(tmp_path: Path) -> None:
    text = BOX.format("{}").replace("    options: [voicemail]\n", "")
    assert "add options: [voicemail] to the line" in refusal(tmp_path, text)
