"""Call forwarding as an au subscriber dials it: code and number in one string."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.call.outcome import Outcome
from prompts.catalogue import Prompt
from provisioning.contract import E164, Condition, Diversion, Diversions
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding
from tests.support.scripted_call import AU, DOCOMO, LINES, Network, said
from tests.support.scripted_leg import Ending

TARGET = E164("+81312345678")
KEPT = Diversions(always=Diversion(False, E164("+819011112222")), ring_time_s=30)
HUNG_UP = Ending(None)


def network(diversions: Diversions | None = None) -> Network:
    made = Network()
    if diversions:
        made.forwarding.rows[AU.number] = diversions
    return made


@pytest.mark.rule("FWD-02")
@pytest.mark.parametrize(
    ("code", "condition", "words"),
    [
        ("1424", Condition.CFU, said(Prompt.FORWARDING_ALWAYS, TARGET)),
        ("1422", Condition.CFNR, said(Prompt.FORWARDING_NO_ANSWER, 24, TARGET)),
        ("1423", Condition.CFB, said(Prompt.FORWARDING_BUSY, TARGET)),
    ],
)
@pytest.mark.parametrize("number", ["0312345678", "03-1234-5678"])
def test_one_string_sets_forwarding_and_the_network_hangs_up(
    code: str, condition: Condition, words: str, number: str
) -> None:
    net = network()
    heard = net.dial(AU, code + number)
    assert heard.prompts == [words]
    assert heard.leg.answered
    assert (heard.ending, heard.outcome) == (HUNG_UP, Outcome.COMPLETED)
    expected = Diversions(ring_time_s=24).but({condition: Diversion(True, TARGET)})
    assert net.forwarding.rows[AU.number] == expected


@pytest.mark.rule("FWD-02")
def test_conditions_are_set_one_beside_the_other() -> None:
    net = network()
    for dialled in ("14220312345678", "142309011112222", "14240612345678"):
        net.dial(AU, dialled)
    assert net.forwarding.rows[AU.number] == Diversions(
        always=Diversion(True, E164("+81612345678")),
        busy=Diversion(True, E164("+819011112222")),
        no_answer=Diversion(True, TARGET),
        ring_time_s=24,
    )


@pytest.mark.rule("FWD-02")
def test_1420_clears_every_condition() -> None:
    on = Diversion(True, TARGET)
    net = network(Diversions(on, on, on, on, 24))
    heard = net.dial(AU, "1420")
    assert heard.prompts == [said(Prompt.FORWARDING_ENDED)]
    assert (heard.ending, heard.outcome) == (HUNG_UP, Outcome.COMPLETED)
    off = Diversion(False, TARGET)
    assert net.forwarding.rows[AU.number] == Diversions(off, off, off, off, 24)


@pytest.mark.rule("FWD-02")
@pytest.mark.parametrize("dialled", ["18414240312345678", "tel:14240312345678;phone-context=+81"])
def test_it_is_reached_as_phones_write_it(dialled: str) -> None:
    net = network()
    assert net.dial(AU, dialled).prompts == [said(Prompt.FORWARDING_ALWAYS, TARGET)]


REFUSED = [
    ("", Prompt.TARGET_NOT_A_NUMBER),
    ("0312", Prompt.TARGET_NOT_A_NUMBER),
    ("1840312345678", Prompt.TARGET_NOT_A_NUMBER),
    ("03123456*8", Prompt.TARGET_NOT_A_NUMBER),
    ("9" * 40, Prompt.TARGET_NOT_A_NUMBER),
    ("110", Prompt.TARGET_SHORT_CODE),
    ("118", Prompt.TARGET_SHORT_CODE),
    ("119", Prompt.TARGET_SHORT_CODE),
    ("117", Prompt.TARGET_SHORT_CODE),
    ("177", Prompt.TARGET_SHORT_CODE),
    ("0120123456", Prompt.TARGET_FREEPHONE),
    ("08001234567", Prompt.TARGET_FREEPHONE),
    ("0570123456", Prompt.TARGET_PREMIUM),
    ("0180123456", Prompt.TARGET_PREMIUM),
    ("01012125551234", Prompt.TARGET_INTERNATIONAL),
    ("09000000004", Prompt.TARGET_OWN_LINE),
]


@pytest.mark.rule("FWD-02")
@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize("code", ["1422", "1423", "1424"])
@pytest.mark.parametrize(("number", "reason"), REFUSED)
def test_a_refused_destination_is_explained_and_changes_nothing(
    code: str, number: str, reason: Prompt
) -> None:
    net = network(KEPT)
    heard = net.dial(AU, code + number)
    assert heard.prompts == [said(reason)]
    assert heard.ending == HUNG_UP
    assert net.forwarding.rows[AU.number] == KEPT


@pytest.mark.rule("FWD-06")
def test_a_number_abroad_is_taken_from_a_line_that_contracted_it() -> None:
    line = replace(AU, options=frozenset({"international-forwarding"}))
    net = Network(
        forwarding=InMemoryForwarding([line]), directory=InMemoryDirectory([*LINES, line])
    )
    heard = net.dial(line, "142401012125551234")
    assert heard.prompts == [said(Prompt.FORWARDING_ALWAYS, "+12125551234")]


@pytest.mark.rule("FWD-02")
@pytest.mark.parametrize("dialled", ["14240312345678", "1420"])
def test_a_store_that_fails_leaves_all_as_it_was(dialled: str) -> None:
    net = network(KEPT)
    net.forwarding.unavailable = True
    heard = net.dial(AU, dialled)
    assert heard.prompts == [said(Prompt.TRY_LATER), said(Prompt.GOODBYE)]
    assert heard.outcome is Outcome.TRY_LATER
    assert net.forwarding.rows[AU.number] == KEPT


@pytest.mark.rule("FWD-02")
def test_the_string_is_no_service_of_another_carrier() -> None:
    heard = network().dial(DOCOMO, "14240312345678")
    assert heard.prompts[0] == said(Prompt.TALKIE_UNASSIGNED)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["1422", "1423", "1424"]),
    st.text(alphabet="0123456789*#", max_size=16) | st.from_regex(r"\A0[0-9]{9,10}\Z"),
)
def test_whatever_follows_the_code_is_kept_whole_or_refused(code: str, number: str) -> None:
    net = network(KEPT)
    heard = net.dial(AU, code + number)
    (sentence,) = heard.prompts
    assert heard.ending == HUNG_UP
    kept = net.forwarding.rows[AU.number]
    changed = [on for on in Condition if kept.on(on) != KEPT.on(on)]
    assert bool(changed) == sentence.startswith("forwarding.")
    assert all(kept.on(on) == Diversion(True, E164(f"+81{number[1:]}")) for on in changed)
