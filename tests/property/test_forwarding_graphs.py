"""However lines forward to each other, a call ends, within its hops, and leaves nobody ringing."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from ivr.numbering.plan import national
from provisioning.contract import E164, Diversion, Diversions, Line
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding
from tests.support.scripted_call import AU, DOCOMO, NTT, RAKUTEN, Network
from tests.support.scripted_leg import account_of
from tests.support.scripted_party import behaves

LINES = tuple(
    replace(line, number=E164(f"+8190000002{n:02}"))
    for n, line in enumerate((AU, NTT, RAKUTEN, DOCOMO, AU, RAKUTEN))
)
NUMBERS = [line.number for line in LINES]
OUTSIDE = [DOCOMO.number, E164("+81312345678"), E164("+12125551234"), E164("+81120000003")]
LIMITS = CallLimits(ring_s=30, forwardings=3)
PHONES = {
    "answers": behaves(answers_s=2, talks_s=5),
    "rings": behaves(),
    "busy": behaves(rings_s=None, refuses=486),
    "declines": behaves(refuses=603),
    "dead": behaves(rings_s=None),
    "late": behaves(rings_s=None, early_media_s=3, answers_s=25, talks_s=5),
}
FINAL = {403, 404, 480, 482, 486, 488, 503, 603}

diversion = st.builds(Diversion, st.booleans(), st.none() | st.sampled_from([*NUMBERS, *OUTSIDE]))
diversions = st.builds(
    Diversions,
    always=diversion,
    unreachable=diversion,
    busy=diversion,
    no_answer=diversion,
    ring_time_s=st.sampled_from([0, 5, 40]),
)


@pytest.mark.rule("FWD-05")
@pytest.mark.rule("FWD-06")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(diversions, min_size=len(LINES), max_size=len(LINES)),
    st.lists(st.none() | st.sampled_from(sorted(PHONES)), min_size=len(LINES), max_size=len(LINES)),
)
def test_every_call_comes_to_an_end(set_up: list[Diversions], phones: list[str | None]) -> None:
    every: tuple[Line, ...] = (*LINES, DOCOMO)
    net = Network(InMemoryForwarding(every), limits=LIMITS)
    net.directory = InMemoryDirectory(every, tuple(account_of(line.number) for line in LINES))
    net.forwarding.rows.update(zip(NUMBERS, set_up, strict=True))
    there = {
        national(number): PHONES[phone]
        for number, phone in zip(NUMBERS, phones, strict=True)
        if phone
    }
    heard = net.dial(DOCOMO, national(NUMBERS[0]), phones=there)

    assert heard.outcome in {Outcome.FAR_HUNG_UP, Outcome.REFUSED}
    assert heard.ending is not None
    assert heard.ending.status in ({None} if heard.leg.answered else FINAL)
    for target in heard.leg.targets:
        forwarders = [diverted.number for diverted in target.diversions]
        assert len(forwarders) <= LIMITS.forwardings
        assert len(set(forwarders)) == len(forwarders)
        assert target.payer == (forwarders[-1] if forwarders else None)
    invitations = [each for party in heard.leg.parties.values() for each in party.invitations]
    assert all(each.final.done() for each in invitations)
    assert all(each.far.gone.done() for each in invitations if each.far)
    assert heard.lasted_s < (LIMITS.forwardings + 1) * 40 + 60
    legs_between = max(0, max((len(t.diversions) for t in heard.leg.targets), default=0) - 1)
    assert len(heard.leg.records.all) >= legs_between
