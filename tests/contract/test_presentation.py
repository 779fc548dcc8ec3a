"""Number displays, whoever keeps them."""

import pytest

from provisioning.contract import NotContracted, NumberDisplay, UnknownLine
from tests.contract.conftest import Ports
from tests.support.storage import DOCOMO, FREEPHONE, NOBODY, NTT

pytestmark = pytest.mark.rule("SHOW-01")


async def test_a_contracted_number_is_not_shown_at_first(ports: Ports) -> None:
    assert await ports.presentation.of(NTT) == NumberDisplay(FREEPHONE, False)


async def test_it_starts_and_stops(ports: Ports) -> None:
    assert await ports.presentation.start(NTT) == NumberDisplay(FREEPHONE, True)
    assert await ports.presentation.of(NTT) == NumberDisplay(FREEPHONE, True)
    assert await ports.presentation.stop(NTT) == NumberDisplay(FREEPHONE, False)
    assert await ports.presentation.of(NTT) == NumberDisplay(FREEPHONE, False)


async def test_a_repeated_start_is_the_same_as_one(ports: Ports) -> None:
    await ports.presentation.start(NTT)
    assert await ports.presentation.start(NTT) == NumberDisplay(FREEPHONE, True)


async def test_without_a_contract_nothing_changes(ports: Ports) -> None:
    for switch in (ports.presentation.start, ports.presentation.stop):
        with pytest.raises(NotContracted):
            await switch(DOCOMO)
    assert await ports.presentation.of(DOCOMO) == NumberDisplay()


async def test_an_unknown_line_is_said_so(ports: Ports) -> None:
    for asking in (
        ports.presentation.of(NOBODY),
        ports.presentation.start(NOBODY),
        ports.presentation.stop(NOBODY),
    ):
        with pytest.raises(UnknownLine):
            await asking
