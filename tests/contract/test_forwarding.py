"""Diversions, whoever keeps them."""

import pytest

from provisioning.contract import E164, Diversion, NoTarget, OutOfRange, UnknownLine
from tests.contract.conftest import Ports
from tests.support.storage import AU, DOCOMO, NOBODY, SOMEWHERE


@pytest.mark.rule("FWD-05")
async def test_a_new_line_forwards_nothing_and_rings_fifteen_seconds(ports: Ports) -> None:
    assert await ports.forwarding.of(DOCOMO) == Diversion(False, None, 15)


@pytest.mark.rule("FWD-01")
async def test_forwarding_starts_once_it_has_a_target(ports: Ports) -> None:
    with pytest.raises(NoTarget):
        await ports.forwarding.start(DOCOMO)
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    assert await ports.forwarding.start(DOCOMO) == Diversion(True, SOMEWHERE, 15)
    assert await ports.forwarding.of(DOCOMO) == Diversion(True, SOMEWHERE, 15)


@pytest.mark.rule("FWD-01")
async def test_the_target_outlives_a_stop(ports: Ports) -> None:
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    await ports.forwarding.start(DOCOMO)
    await ports.forwarding.stop(DOCOMO)
    assert await ports.forwarding.of(DOCOMO) == Diversion(False, SOMEWHERE, 15)


@pytest.mark.rule("FWD-01")
async def test_a_new_target_leaves_forwarding_on(ports: Ports) -> None:
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    await ports.forwarding.start(DOCOMO)
    await ports.forwarding.set_target(DOCOMO, AU)
    assert await ports.forwarding.of(DOCOMO) == Diversion(True, AU, 15)


@pytest.mark.rule("FWD-01")
async def test_one_line_does_not_change_another(ports: Ports) -> None:
    await ports.forwarding.set_target(DOCOMO, SOMEWHERE)
    assert (await ports.forwarding.of(AU)).target is None


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
    assert (await ports.forwarding.of(DOCOMO)).target == SOMEWHERE


@pytest.mark.rule("FWD-06")
async def test_a_number_abroad_needs_its_option(ports: Ports) -> None:
    abroad = E164("+14155550100")
    await ports.forwarding.set_target(AU, abroad)
    assert (await ports.forwarding.of(AU)).target == abroad


async def test_an_unknown_line_is_said_so(ports: Ports) -> None:
    for asking in (
        ports.forwarding.of(NOBODY),
        ports.forwarding.start(NOBODY),
        ports.forwarding.stop(NOBODY),
        ports.forwarding.set_target(NOBODY, SOMEWHERE),
        ports.forwarding.set_ring_time(NOBODY, 20),
    ):
        with pytest.raises(UnknownLine):
            await asking
