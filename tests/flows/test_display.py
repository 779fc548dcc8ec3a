"""特定番号通知 as an NTT subscriber hears it."""

import pytest

from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from provisioning.contract import E164, NotContracted, NumberDisplay, StorageUnavailable
from tests.support.fakes import InMemoryPresentation
from tests.support.scripted_call import FREEPHONE, NTT, NTT_PLAIN, Network, said
from tests.support.scripted_leg import Ending

MENU = said(Prompt.DISPLAY_MENU)
STARTED = said(Prompt.DISPLAY_STARTED, FREEPHONE)
STOPPED = said(Prompt.DISPLAY_STOPPED)


def network(*, active: bool) -> Network:
    made = Network()
    made.presentation.rows[NTT.number] = NumberDisplay(FREEPHONE, active)
    return made


def shown(of: Network) -> bool:
    return of.presentation.rows[NTT.number].active


@pytest.mark.rule("SHOW-01")
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(
    ("dialled", "keys", "heard", "after"),
    [
        ("1351", "", [STARTED], True),
        ("1350", "", [STOPPED], False),
        ("135", "1", [MENU, STARTED], True),
        ("135", "0", [MENU, STOPPED], False),
    ],
)
def test_a_short_message_confirms_then_the_network_hangs_up(
    before: bool, dialled: str, keys: str, heard: list[str], after: bool
) -> None:
    net = network(active=before)
    call = net.dial(NTT, dialled, keys)
    assert call.prompts == heard
    assert (call.ending, call.outcome) == (Ending(None), Outcome.COMPLETED)
    assert shown(net) is after


@pytest.mark.rule("SHOW-01")
@pytest.mark.parametrize("active", [False, True])
@pytest.mark.parametrize("keys", ["2", "5", "#", "*", "9", "", "21", "51"])
def test_anything_else_gets_a_talkie_and_changes_nothing(active: bool, keys: str) -> None:
    net = network(active=active)
    call = net.dial(NTT, "135", keys)
    assert call.prompts == [MENU, said(Prompt.DISPLAY_UNCHANGED)]
    assert call.ending == Ending(None)
    assert shown(net) is active


@pytest.mark.rule("SHOW-01")
@pytest.mark.parametrize("dialled", ["135", "1351", "1350"])
def test_without_the_contract_a_free_talkie_says_so(dialled: str) -> None:
    net = Network()
    call = net.dial(NTT_PLAIN, dialled, "1")
    assert call.prompts == [said(Prompt.DISPLAY_NOT_CONTRACTED)] * 2
    assert call.early_media
    assert not call.leg.answered
    assert call.ending == Ending(403)
    assert net.presentation.rows.keys() == {NTT.number}


@pytest.mark.rule("SHOW-01")
@pytest.mark.parametrize(("dialled", "keys"), [("1351", ""), ("1350", ""), ("135", "1")])
def test_a_store_that_fails_changes_nothing(dialled: str, keys: str) -> None:
    net = network(active=True)
    net.presentation.unavailable = True
    call = net.dial(NTT, dialled, keys)
    assert call.prompts[-2:] == [said(Prompt.TRY_LATER), said(Prompt.GOODBYE)]
    assert call.outcome is Outcome.TRY_LATER
    assert shown(net) is True


class AwayPresentation(InMemoryPresentation):
    """A store that does not even answer questions."""

    async def of(self, line: E164) -> NumberDisplay:
        raise StorageUnavailable("the database is away")


@pytest.mark.rule("SHOW-01")
def test_a_store_that_is_away_is_told_before_anything_is_answered() -> None:
    call = Network(presentation=AwayPresentation()).dial(NTT, "1351")
    assert call.prompts == [said(Prompt.TRY_LATER)]
    assert call.early_media
    assert (call.ending, call.outcome) == (Ending(503), Outcome.TRY_LATER)


class LateRefusal(InMemoryPresentation):
    """A contract that ends between the question and the change."""

    async def start(self, line: E164) -> NumberDisplay:
        raise NotContracted("the contract has ended")

    stop = start


@pytest.mark.rule("SHOW-01")
@pytest.mark.parametrize("dialled", ["1351", "1350"])
def test_a_contract_that_ends_meanwhile_is_said(dialled: str) -> None:
    net = Network(presentation=LateRefusal({NTT.number: FREEPHONE}))
    call = net.dial(NTT, dialled)
    assert call.prompts == [said(Prompt.DISPLAY_NOT_CONTRACTED)] * 2
    assert (call.ending, call.outcome) == (Ending(None), Outcome.REFUSED)
