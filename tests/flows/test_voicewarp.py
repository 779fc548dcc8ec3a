"""142: call forwarding as an ntt subscriber hears it (ボイスワープ)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from provisioning.contract import E164, Condition, Diversion, Diversions
from tests.support.scripted_call import NTT, Network, said
from tests.support.scripted_leg import Ending

TARGET, OLD = E164("+81612345678"), E164("+819011112222")
MENU, WAYS = said(Prompt.VOICEWARP_MENU), said(Prompt.VOICEWARP_WAYS)
ENTER = said(Prompt.FORWARDING_ENTER_TARGET)
CONFIRM = said(Prompt.VOICEWARP_CONFIRM_TARGET, TARGET)
ALWAYS = said(Prompt.FORWARDING_ALWAYS, OLD)
BUSY = said(Prompt.FORWARDING_BUSY, OLD)
NO_ANSWER = said(Prompt.FORWARDING_NO_ANSWER, 15, OLD)


def aimed(target: E164 | None, *active: Condition, ring_time_s: int = 15) -> Diversions:
    """The one destination, and the conditions that are on."""
    there: dict[Condition, Diversion] = {
        on: Diversion(on in active, target) for on in Condition if on is not Condition.CFNRC
    }
    return Diversions(ring_time_s=ring_time_s).but(there)


def network(diversions: Diversions | None = None) -> Network:
    made = Network()
    if diversions:
        made.forwarding.rows[NTT.number] = diversions
    return made


def setting(of: Network) -> Diversions | None:
    return of.forwarding.rows.get(NTT.number)


@pytest.mark.rule("FWD-03")
def test_a_destination_is_set_and_every_call_forwarded_and_stopped() -> None:
    net = network()
    heard = net.dial(NTT, "142", "2,0612345678#,1,1,1,8,0,8")
    always = said(Prompt.FORWARDING_ALWAYS, TARGET)
    assert heard.prompts[:13] == [
        *(MENU, ENTER, CONFIRM, said(Prompt.FORWARDING_TARGET_SET, TARGET)),
        *(MENU, WAYS, always),
        *(MENU, always),
        *(MENU, said(Prompt.FORWARDING_ENDED)),
        *(MENU, said(Prompt.FORWARDING_NONE)),
    ]
    assert setting(net) == aimed(TARGET)
    assert heard.leg.answered
    assert (heard.ending, heard.outcome) == (Ending(None), Outcome.GAVE_UP)


@pytest.mark.rule("FWD-03")
@pytest.mark.parametrize(
    ("key", "active", "words"),
    [
        ("1", (Condition.CFU,), [ALWAYS]),
        ("2", (Condition.CFNR,), [NO_ANSWER]),
        ("3", (Condition.CFB,), [BUSY]),
        ("4", (Condition.CFB, Condition.CFNR), [BUSY, NO_ANSWER]),
    ],
)
@pytest.mark.parametrize("before", [(), (Condition.CFU,), (Condition.CFB, Condition.CFNR)])
def test_each_way_replaces_the_one_before(
    key: str,
    active: tuple[Condition, ...],
    words: list[str],
    before: tuple[Condition, ...],
) -> None:
    net = network(aimed(OLD, *before))
    heard = net.dial(NTT, "142", f"1,{key},8")
    expected = [MENU, WAYS, *words, MENU, *words]
    assert heard.prompts[: len(expected)] == expected
    assert setting(net) == aimed(OLD, *active)


@pytest.mark.rule("FWD-03")
def test_starting_without_a_destination_is_explained() -> None:
    net = network()
    heard = net.dial(NTT, "142", "1,4")
    assert heard.prompts[:4] == [MENU, WAYS, said(Prompt.FORWARDING_NO_TARGET), MENU]
    assert setting(net) is None


@pytest.mark.rule("FWD-03")
def test_2_asks_for_the_destination_again() -> None:
    net = network(aimed(OLD, Condition.CFB))
    heard = net.dial(NTT, "142", "2,0312345678#,2,0612345678#,1")
    assert heard.prompts[1:5] == [
        ENTER,
        said(Prompt.VOICEWARP_CONFIRM_TARGET, "+81312345678"),
        ENTER,
        CONFIRM,
    ]
    assert setting(net) == aimed(TARGET, Condition.CFB)


@pytest.mark.rule("FWD-03")
def test_an_unconfirmed_destination_is_not_kept() -> None:
    net = network(aimed(OLD))
    heard = net.dial(NTT, "142", "2,0612345678#,9,9,9")
    assert heard.prompts[-1] == said(Prompt.GOODBYE)
    assert setting(net) == aimed(OLD)


@pytest.mark.rule("FWD-03")
@pytest.mark.rule("FWD-05")
def test_the_seconds_are_set_within_the_carrier_s_bounds() -> None:
    net = network(aimed(OLD))
    heard = net.dial(NTT, "142", "3,30#,3,4#,3,61#")
    ask = said(Prompt.FORWARDING_ENTER_RING_TIME, 5, 60)
    refused = [MENU, ask, said(Prompt.FORWARDING_RING_TIME_REFUSED)]
    assert heard.prompts[:3] == [MENU, ask, said(Prompt.FORWARDING_RING_TIME_SET, 30)]
    assert heard.prompts[3:9] == refused * 2
    assert setting(net) == aimed(OLD, ring_time_s=30)


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("110", Prompt.TARGET_SHORT_CODE),
        ("171", Prompt.TARGET_SHORT_CODE),
        ("0120123456", Prompt.TARGET_FREEPHONE),
        ("0570123456", Prompt.TARGET_PREMIUM),
        ("0101212555123", Prompt.TARGET_INTERNATIONAL),
        ("0033010123456", Prompt.TARGET_NOT_A_NUMBER),
        ("0300000003", Prompt.TARGET_OWN_LINE),
    ],
)
def test_a_refused_destination_is_explained_and_not_kept(number: str, reason: Prompt) -> None:
    net = network(aimed(OLD, Condition.CFU))
    heard = net.dial(NTT, "142", f"2,{number}#")
    assert heard.prompts[1:4] == [ENTER, said(reason), MENU]
    assert setting(net) == aimed(OLD, Condition.CFU)


@pytest.mark.rule("FWD-03")
@pytest.mark.parametrize("way", ["0", "1,1", "2,0612345678#,1", "3,30#"])
def test_a_store_that_fails_leaves_all_as_it_was(way: str) -> None:
    net = network(aimed(OLD, Condition.CFB))
    net.forwarding.unavailable = True
    heard = net.dial(NTT, "142", way)
    assert heard.prompts[-2:] == [said(Prompt.TRY_LATER), said(Prompt.GOODBYE)]
    assert setting(net) == aimed(OLD, Condition.CFB)


LIKELY = st.lists(
    st.sampled_from(["0", "1", "2", "3", "4", "8", "0612345678#", "110#", "#", "*", "30#", "5"]),
    max_size=12,
).map(",".join)


@settings(max_examples=100, deadline=None)
@given(LIKELY | st.text(alphabet="0123456789#*,", max_size=40), st.booleans())
def test_whatever_is_keyed_one_destination_serves_every_condition(keys: str, set_: bool) -> None:
    net = Network(limits=CallLimits(longest_call_s=300))
    if set_:
        net.forwarding.rows[NTT.number] = aimed(OLD)
    heard = net.dial(NTT, "142", keys)
    assert heard.ending == Ending(None)
    kept = net.forwarding.rows.get(NTT.number, Diversions())
    assert kept == aimed(kept.always.target, *kept.active, ring_time_s=kept.ring_time_s)
    assert kept.always.target or not kept.active
    assert set(kept.active) in (set(), {Condition.CFU}, {Condition.CFB}, {Condition.CFNR}) or set(
        kept.active
    ) == {Condition.CFB, Condition.CFNR}
