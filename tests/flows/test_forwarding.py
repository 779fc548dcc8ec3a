"""Call forwarding as a docomo subscriber hears it."""

import pytest

from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from provisioning.contract import E164, Diversions
from tests.support.diversions import unanswered
from tests.support.scripted_call import DOCOMO, FADING_S, PROMPT_S, Network, said
from tests.support.scripted_leg import Ending

TARGET = E164("+81312345678")
OLD_TARGET = E164("+819011112222")
MENU = said(Prompt.FORWARDING_MENU)
ENTER = said(Prompt.FORWARDING_ENTER_TARGET)
CONFIRM = said(Prompt.FORWARDING_CONFIRM_TARGET, TARGET)
HUNG_UP = Ending(None)


def network(diversion: Diversions | None = None) -> Network:
    made = Network()
    if diversion:
        made.forwarding.rows[DOCOMO.number] = diversion
    return made


def setting(of: Network) -> Diversions | None:
    return of.forwarding.rows.get(DOCOMO.number)


@pytest.mark.rule("FWD-01")
def test_a_destination_is_read_back_confirmed_started_and_heard() -> None:
    net = network()
    heard = net.dial(DOCOMO, "1429", "3,0312345678#,#,1,4")
    assert heard.prompts[:10] == [
        MENU,
        ENTER,
        CONFIRM,
        said(Prompt.FORWARDING_TARGET_SET, TARGET),
        MENU,
        said(Prompt.FORWARDING_STARTED, TARGET),
        MENU,
        said(Prompt.FORWARDING_ON, TARGET, 15),
        MENU,
        said(Prompt.NO_INPUT),
    ]
    assert setting(net) == unanswered(active=True, target=TARGET)
    assert heard.leg.answered
    assert heard.ending == HUNG_UP


@pytest.mark.rule("FWD-01")
def test_the_silent_caller_hears_the_menu_thrice_and_goodbye() -> None:
    heard = network().dial(DOCOMO, "1429")
    unanswered = [MENU, said(Prompt.NO_INPUT)]
    assert heard.prompts == [*unanswered * 3, said(Prompt.GOODBYE)]
    assert heard.outcome is Outcome.GAVE_UP
    assert heard.lasted_s == pytest.approx(7 * 3.0 + 3 * 8.0 + FADING_S, abs=0.1)


@pytest.mark.rule("FWD-01")
def test_star_asks_for_the_destination_again() -> None:
    net = network()
    heard = net.dial(DOCOMO, "1429", "3,09011112222#,*,0312345678#,#")
    assert heard.prompts[1:5] == [
        ENTER,
        said(Prompt.FORWARDING_CONFIRM_TARGET, OLD_TARGET),
        ENTER,
        CONFIRM,
    ]
    assert setting(net) == unanswered(active=False, target=TARGET)


@pytest.mark.rule("FWD-01")
def test_an_unconfirmed_destination_is_not_kept() -> None:
    net = network(unanswered(target=OLD_TARGET))
    heard = net.dial(DOCOMO, "1429", "3,0312345678#,9,8,7")
    assert heard.prompts[2:8] == [CONFIRM, said(Prompt.INVALID_KEY)] * 3
    assert heard.prompts[8:] == [said(Prompt.GOODBYE)]
    assert setting(net) == unanswered(target=OLD_TARGET)


@pytest.mark.rule("FWD-01")
def test_starting_without_a_destination_is_explained() -> None:
    net = network()
    heard = net.dial(DOCOMO, "1429", "1")
    assert heard.prompts[:3] == [MENU, said(Prompt.FORWARDING_NO_TARGET), MENU]
    assert setting(net) is None


@pytest.mark.rule("FWD-01")
def test_stopping_keeps_the_destination() -> None:
    net = network(unanswered(active=True, target=TARGET))
    heard = net.dial(DOCOMO, "1429", "2,4")
    assert heard.prompts[1] == said(Prompt.FORWARDING_STOPPED)
    assert heard.prompts[3] == said(Prompt.FORWARDING_OFF)
    assert setting(net) == unanswered(active=False, target=TARGET)


@pytest.mark.rule("FWD-01")
@pytest.mark.rule("FWD-05")
def test_the_ring_time_is_set_within_the_carrier_s_bounds() -> None:
    net = network(unanswered(target=TARGET))
    heard = net.dial(DOCOMO, "1429", "5,30#,5,121#")
    ask = said(Prompt.FORWARDING_ENTER_RING_TIME, 0, 120)
    assert heard.prompts[1:3] == [ask, said(Prompt.FORWARDING_RING_TIME_SET, 30)]
    assert heard.prompts[4:6] == [ask, said(Prompt.FORWARDING_RING_TIME_REFUSED)]
    assert setting(net) == unanswered(target=TARGET, ring_time_s=30)


@pytest.mark.rule("FWD-01")
def test_1421_starts_and_reads_the_destination_back() -> None:
    net = network(unanswered(target=TARGET))
    heard = net.dial(DOCOMO, "1421")
    assert heard.prompts == [said(Prompt.FORWARDING_STARTED, TARGET)]
    assert (heard.ending, heard.outcome) == (HUNG_UP, Outcome.COMPLETED)
    assert setting(net) == unanswered(active=True, target=TARGET)


@pytest.mark.rule("FWD-01")
def test_1421_without_a_destination_starts_nothing() -> None:
    net = network()
    assert net.dial(DOCOMO, "1421").prompts == [said(Prompt.FORWARDING_NO_TARGET)]
    assert setting(net) is None


@pytest.mark.rule("FWD-01")
def test_1420_stops() -> None:
    net = network(unanswered(active=True, target=TARGET))
    heard = net.dial(DOCOMO, "1420")
    assert heard.prompts == [said(Prompt.FORWARDING_STOPPED)]
    assert (heard.ending, heard.lasted_s) == (HUNG_UP, PROMPT_S + FADING_S)
    assert setting(net) == unanswered(active=False, target=TARGET)


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("110", Prompt.TARGET_SHORT_CODE),
        ("117", Prompt.TARGET_SHORT_CODE),
        ("1417", Prompt.TARGET_SHORT_CODE),
        ("0120123456", Prompt.TARGET_FREEPHONE),
        ("08001234567", Prompt.TARGET_FREEPHONE),
        ("0570123456", Prompt.TARGET_PREMIUM),
        ("0180123456", Prompt.TARGET_PREMIUM),
        ("0101212555123", Prompt.TARGET_INTERNATIONAL),
        ("09000000001", Prompt.TARGET_OWN_LINE),
        ("0312", Prompt.TARGET_NOT_A_NUMBER),
    ],
)
def test_a_refused_destination_is_explained_and_not_kept(number: str, reason: Prompt) -> None:
    net = network(unanswered(target=OLD_TARGET))
    heard = net.dial(DOCOMO, "1429", f"3,{number}#")
    assert heard.prompts[1:4] == [ENTER, said(reason), MENU]
    assert setting(net) == unanswered(target=OLD_TARGET)


@pytest.mark.rule("FWD-06")
def test_keys_typed_ahead_of_a_refusal_start_nothing() -> None:
    """`#1` was meant to confirm and start another destination than the one that is kept."""
    net = network(unanswered(target=OLD_TARGET))
    heard = net.dial(DOCOMO, "1429", "30120123456##1")
    assert said(Prompt.TARGET_FREEPHONE) in heard.prompts
    assert setting(net) == unanswered(target=OLD_TARGET)


@pytest.mark.rule("FWD-01")
def test_a_caller_who_knows_the_way_hears_little() -> None:
    net = network(unanswered(target=TARGET))
    heard = net.dial(DOCOMO, "1429", "124")
    assert heard.prompts[:2] == [MENU, said(Prompt.FORWARDING_STARTED, TARGET)]
    assert setting(net) == unanswered(active=False, target=TARGET)


@pytest.mark.rule("FWD-01")
def test_nobody_confirms_what_they_have_not_begun_to_hear() -> None:
    net = network()
    heard = net.dial(DOCOMO, "1429", "3,0312345678##")
    assert CONFIRM in heard.prompts


@pytest.mark.rule("FWD-01")
@pytest.mark.parametrize("way", ["1", "2", "3,0312345678#,#", "5,30#"])
def test_a_store_that_fails_leaves_all_as_it_was(way: str) -> None:
    net = network(unanswered(active=True, target=OLD_TARGET))
    net.forwarding.unavailable = True
    heard = net.dial(DOCOMO, "1429", way)
    assert heard.prompts[-2:] == [said(Prompt.TRY_LATER), said(Prompt.GOODBYE)]
    assert (heard.ending, heard.outcome) == (HUNG_UP, Outcome.TRY_LATER)
    assert setting(net) == unanswered(active=True, target=OLD_TARGET)
