"""The test numbers, alike on every line."""

import pytest

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from ivr.media import tones
from prompts.catalogue import Prompt
from provisioning.contract import Line
from tests.support.scripted_call import AU, DOCOMO, FADING_S, NTT, RAKUTEN, Network, said
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of

EVERYONE = pytest.mark.parametrize(
    "line", [DOCOMO, RAKUTEN, NTT, AU], ids=lambda line: line.profile
)


class EchoWatch(ScriptedLeg):
    """Remembers what the echo was told."""

    def __init__(self, line: Line, dialled: str) -> None:
        super().__init__(account_of(line.number), dialled)
        self.told: list[bool] = []

    def echo(self, on: bool) -> None:
        super().echo(on)
        self.told.append(on)


@EVERYONE
@pytest.mark.rule("LINE-04")
def test_the_echo_lasts_until_the_caller_hangs_up(line: Line) -> None:
    leg = EchoWatch(line, "000001")
    heard = Network().dial(line, "000001", leg=leg, hang_up_after_s=60)
    assert heard.prompts == [said(Prompt.ECHO_TEST)]
    assert leg.told == [True, False]
    assert heard.outcome is None


@EVERYONE
@pytest.mark.rule("CALL-03")
def test_the_tone_is_400_hz_until_the_caller_hangs_up(line: Line) -> None:
    heard = Network().dial(line, "000002", hang_up_after_s=60)
    assert heard.leg.looped == [tones.dial()]
    assert heard.leg.answered
    assert heard.lasted_s == pytest.approx(60)


def test_a_test_call_ends_at_the_longest_time() -> None:
    net = Network(limits=CallLimits(longest_call_s=120))
    heard = net.dial(DOCOMO, "000001")
    assert heard.prompts == [said(Prompt.ECHO_TEST), said(Prompt.GOODBYE)]
    assert (heard.ending, heard.outcome) == (Ending(None), Outcome.TOO_LONG)
    assert heard.lasted_s == pytest.approx(123 + FADING_S, abs=0.1)


@EVERYONE
def test_keys_are_read_back_until_none_comes(line: Line) -> None:
    heard = Network().dial(line, "000003", "12#,*0,AB7#")
    assert heard.prompts == [
        said(Prompt.KEYS_TEST),
        said(Prompt.KEYS_HEARD, "12#"),
        said(Prompt.KEYS_HEARD, "*0"),
        said(Prompt.KEYS_HEARD, "7#"),
        said(Prompt.GOODBYE),
    ]
    assert heard.outcome is Outcome.GAVE_UP


def test_keys_without_a_name_are_not_read() -> None:
    heard = Network().dial(DOCOMO, "000003", "ABCD")
    assert heard.prompts == [
        said(Prompt.KEYS_TEST),
        said(Prompt.INVALID_KEY),
        said(Prompt.GOODBYE),
    ]
