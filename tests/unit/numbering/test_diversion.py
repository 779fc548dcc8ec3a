"""Forwarding at call time: what is still allowed, how long it rings, what takes a busy one."""

from dataclasses import replace

import pytest

from ivr.numbering.diversion import Happened, falls_back_to, forbidden, rings_for_s, without
from ivr.numbering.plan import FORWARDING_ABROAD, WhyNot
from provisioning.contract import E164, Access, Condition, Diversion, Diversions, Profile
from provisioning.profiles.store import ProfileFiles
from tests.support.scripted_call import DOCOMO

PROFILES = ProfileFiles.load()
DOCOMO_RULES = PROFILES.of(Profile.DOCOMO).forwarding
RAKUTEN_RULES = PROFILES.of(Profile.RAKUTEN).forwarding
GOOD = Diversion(True, E164("+81312345678"))


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("+12125551234", WhyNot.INTERNATIONAL),
        ("+81120000003", WhyNot.FREEPHONE),
        ("+81570000003", WhyNot.PREMIUM),
        (DOCOMO.number, WhyNot.OWN_LINE),
        ("+81110", WhyNot.NOT_A_NUMBER),
    ],
)
def test_a_destination_is_judged_again_when_a_call_comes(target: str, why: WhyNot) -> None:
    diversions = Diversions(always=Diversion(True, E164(target)), busy=GOOD)
    assert forbidden(diversions, DOCOMO) == {Condition.CFU: why}
    stays = without(diversions, forbidden(diversions, DOCOMO))
    assert stays.active == (Condition.CFB,)
    assert stays.always.target == target


@pytest.mark.rule("FWD-06")
def test_what_is_off_or_contracted_is_not_judged() -> None:
    abroad = Diversion(True, E164("+12125551234"))
    off = replace(abroad, active=False)
    assert forbidden(Diversions(always=off, no_answer=GOOD), DOCOMO) == {}
    contracted = replace(DOCOMO, options=frozenset({FORWARDING_ABROAD}))
    assert forbidden(Diversions(always=abroad), contracted) == {}


@pytest.mark.rule("FWD-05")
def test_a_line_rings_for_its_own_time_where_that_forwards() -> None:
    waits = Diversions(no_answer=GOOD, ring_time_s=7)
    assert rings_for_s(waits, RAKUTEN_RULES, access=Access.OS, otherwise=120) == 7
    assert rings_for_s(waits, RAKUTEN_RULES, access=Access.LINK, otherwise=120) == 120
    off = Diversions(no_answer=replace(GOOD, active=False), busy=GOOD, ring_time_s=7)
    assert rings_for_s(off, RAKUTEN_RULES, access=Access.OS, otherwise=120) == 120


@pytest.mark.rule("FWD-09")
@pytest.mark.parametrize(
    ("contracted", "happened", "service"),
    [
        ({"voicemail", "x"}, Happened.BUSY, "voicemail"),
        ({"voicemail"}, Happened.NO_ANSWER, None),
        ({"voicemail"}, Happened.UNREACHABLE, None),
        (set(), Happened.BUSY, None),
    ],
)
def test_a_busy_destination_falls_back_to_voicemail_on_docomo(
    contracted: set[str], happened: Happened, service: str | None
) -> None:
    assert falls_back_to(DOCOMO_RULES, contracted, happened) == service
    assert falls_back_to(RAKUTEN_RULES, contracted, happened) is None
