"""Diversions, whoever keeps them."""

import pytest

from provisioning.contract import (
    E164,
    Condition,
    Diversion,
    Diversions,
    NoTarget,
    OutOfRange,
    UnknownLine,
)
from tests.contract.conftest import Ports
from tests.support.diversions import unanswered
from tests.support.storage import AU, DOCOMO, NOBODY, NTT, RAKUTEN, SOMEWHERE


@pytest.mark.rule("FWD-05")
async def test_a_new_line_forwards_nothing_and_rings_fifteen_seconds(ports: Ports) -> None:
    assert await ports.forwarding.of(DOCOMO) == unanswered(False, None, 15)


@pytest.mark.rule("FWD-01")
async def test_forwarding_starts_once_it_has_a_target(ports: Ports) -> None:
    with pytest.raises(NoTarget):
        await ports.forwarding.start(DOCOMO)
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    assert await ports.forwarding.start(DOCOMO) == unanswered(True, SOMEWHERE, 15)
    assert await ports.forwarding.of(DOCOMO) == unanswered(True, SOMEWHERE, 15)


@pytest.mark.rule("FWD-01")
async def test_the_target_outlives_a_stop(ports: Ports) -> None:
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    await ports.forwarding.start(DOCOMO)
    await ports.forwarding.stop(DOCOMO)
    assert await ports.forwarding.of(DOCOMO) == unanswered(False, SOMEWHERE, 15)


@pytest.mark.rule("FWD-01")
async def test_a_new_target_leaves_forwarding_on(ports: Ports) -> None:
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    await ports.forwarding.start(DOCOMO)
    await ports.forwarding.set_target(DOCOMO, AU)
    assert await ports.forwarding.of(DOCOMO) == unanswered(True, AU, 15)


@pytest.mark.rule("FWD-01")
async def test_one_line_does_not_change_another(ports: Ports) -> None:
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    assert (await ports.forwarding.of(AU)).no_answer.target is None


@pytest.mark.rule("FWD-05")
@pytest.mark.parametrize("seconds", [0, 120])
async def test_ring_times_within_the_bounds_are_kept(ports: Ports, seconds: int) -> None:
    await ports.forwarding.set_ring_time(DOCOMO, seconds)
    assert (await ports.forwarding.of(DOCOMO)).ring_time_s == seconds


@pytest.mark.rule("FWD-05")
@pytest.mark.parametrize("seconds", [-1, 121])
async def test_ring_times_outside_change_nothing(ports: Ports, seconds: int) -> None:
    with pytest.raises(OutOfRange):
        await ports.forwarding.set_ring_time(DOCOMO, seconds)
    assert (await ports.forwarding.of(DOCOMO)).ring_time_s == 15


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize(
    "target", [DOCOMO, "+81120000003", "+818001234567", "+81570000000", "+14155550100", "110", ""]
)
async def test_a_refused_target_changes_nothing(ports: Ports, target: str) -> None:
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    with pytest.raises(OutOfRange):
        await ports.forwarding.set_target(DOCOMO, E164(target))
    assert (await ports.forwarding.of(DOCOMO)).no_answer.target == SOMEWHERE


@pytest.mark.rule("FWD-06")
async def test_a_number_abroad_needs_its_option(ports: Ports) -> None:
    abroad = E164("+14155550100")
    await ports.forwarding.set_target(AU, abroad)
    assert (await ports.forwarding.of(AU)).no_answer.target == abroad


async def test_an_unknown_line_is_said_so(ports: Ports) -> None:
    for asking in (
        ports.forwarding.of(NOBODY),
        ports.forwarding.start(NOBODY),
        ports.forwarding.stop(NOBODY),
        ports.forwarding.set_target(NOBODY, SOMEWHERE),
        ports.forwarding.set_ring_time(NOBODY, 20),
        ports.forwarding.forward(NOBODY, Condition.CFU, SOMEWHERE),
    ):
        with pytest.raises(UnknownLine):
            await asking


ELSEWHERE = E164("+81612345678")
ON_AU = (Condition.CFU, Condition.CFNRC, Condition.CFB, Condition.CFNR)


@pytest.mark.rule("FWD-02")
@pytest.mark.parametrize("condition", ON_AU)
async def test_a_condition_is_aimed_and_started_at_once(ports: Ports, condition: Condition) -> None:
    wanted = Diversions(ring_time_s=24).but({condition: Diversion(True, SOMEWHERE)})
    assert await ports.forwarding.forward(AU, condition, SOMEWHERE) == wanted
    assert await ports.forwarding.of(AU) == wanted


@pytest.mark.rule("FWD-02")
@pytest.mark.rule("FWD-05")
async def test_each_condition_of_au_has_its_own_destination(ports: Ports) -> None:
    await ports.forwarding.forward(AU, Condition.CFB, SOMEWHERE)
    await ports.forwarding.forward(AU, Condition.CFNR, ELSEWHERE)
    await ports.forwarding.set_ring_time(AU, 55)
    assert await ports.forwarding.of(AU) == Diversions(
        busy=Diversion(True, SOMEWHERE), no_answer=Diversion(True, ELSEWHERE), ring_time_s=55
    )
    await ports.forwarding.stop(AU)
    assert await ports.forwarding.of(AU) == Diversions(
        busy=Diversion(False, SOMEWHERE), no_answer=Diversion(False, ELSEWHERE), ring_time_s=55
    )


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize("target", [AU, "+81120000003", "+81570000000", "+81110", ""])
async def test_a_refused_target_starts_nothing(ports: Ports, target: str) -> None:
    await ports.forwarding.forward(AU, Condition.CFU, SOMEWHERE)
    with pytest.raises(OutOfRange):
        await ports.forwarding.forward(AU, Condition.CFB, E164(target))
    assert (await ports.forwarding.of(AU)).active == (Condition.CFU,)


@pytest.mark.rule("FWD-03")
async def test_what_starts_on_ntt_replaces_what_was_on(ports: Ports) -> None:
    with pytest.raises(NoTarget):
        await ports.forwarding.start(NTT, (Condition.CFU,))
    await ports.forwarding.set_target(NTT, SOMEWHERE)
    started = await ports.forwarding.start(NTT, (Condition.CFB, Condition.CFNR))
    assert started.active == (Condition.CFB, Condition.CFNR)
    assert (await ports.forwarding.start(NTT, (Condition.CFU,))).active == (Condition.CFU,)
    everywhere = Diversion(False, SOMEWHERE)
    await ports.forwarding.stop(NTT)
    assert await ports.forwarding.of(NTT) == Diversions(
        always=everywhere, busy=everywhere, no_answer=everywhere
    )


@pytest.mark.rule("FWD-05")
@pytest.mark.parametrize(
    ("line", "condition"),
    [(DOCOMO, Condition.CFU), (DOCOMO, Condition.CFB), (NTT, Condition.CFNRC)],
)
async def test_a_condition_that_the_carrier_lacks_is_refused(
    ports: Ports, line: E164, condition: Condition
) -> None:
    before = await ports.forwarding.of(line)
    with pytest.raises(OutOfRange):
        await ports.forwarding.start(line, (condition,))
    assert await ports.forwarding.of(line) == before


@pytest.mark.rule("FWD-05")
@pytest.mark.parametrize(("line", "least", "most"), [(AU, 5, 55), (NTT, 5, 60), (RAKUTEN, 0, 120)])
async def test_ring_times_have_the_bounds_of_the_carrier(
    ports: Ports, line: E164, least: int, most: int
) -> None:
    for outside in (least - 1, most + 1):
        with pytest.raises(OutOfRange):
            await ports.forwarding.set_ring_time(line, outside)
    for within in (least, most):
        await ports.forwarding.set_ring_time(line, within)
        assert (await ports.forwarding.of(line)).ring_time_s == within
