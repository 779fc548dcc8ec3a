"""Where lines and contracts are: an MA and a prefecture that belong together (LINE-01)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab import areas
from provisioning.audit.model import Origin
from provisioning.contract import (
    E164,
    ContractKind,
    Geography,
    Line,
    Location,
    OutOfRange,
    Profile,
)
from provisioning.customers.model import NewContract, NewCustomer
from provisioning.office import Office, OfficeSettings
from provisioning.upkeep.model import LineChanges
from tests.support.storage import NTT, REALM, TOKYO, seed

pytestmark = pytest.mark.rule("LINE-01")

OPERATOR = Origin("operator", "test")
NAHA = Location("那覇", "沖縄県")
SMALL = Geography(
    {}, {"東京都": frozenset({"東京", "府中"}), "広島県": frozenset({"府中", "広島"})}
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    settings = replace(OfficeSettings(tmp_path, REALM), geography=areas.geography())
    opened = await Office.open(settings)
    try:
        await opened.seed(seed())
        yield opened
    finally:
        await opened.close()


@pytest.mark.parametrize(
    ("ma", "prefecture", "wrong"),
    [
        ("東京", "東京都", None),
        ("府中", "広島県", None),
        ("広島", "東京都", ("prefecture", "the MA 広島 lies in 広島県, not in 東京都")),
        (
            "府中",
            "府中",
            ("prefecture", "府中 is no prefecture of Japan: 広島県 or 東京都"),
        ),
        ("何処", "何処", ("prefecture", "何処 is no prefecture of Japan: as 東京都")),
        ("何処", "広島県", ("ma", "広島県 has no MA 何処; it has: 広島, 府中")),
    ],
)
def test_what_fits_is_said(ma: str, prefecture: str, wrong: tuple[str, str] | None) -> None:
    assert SMALL.misplaced(ma, prefecture) == wrong


def test_where_no_areas_are_known_every_place_is_one() -> None:
    assert Geography({}, {}).misplaced("何処", "何処") is None


async def test_a_line_is_made_and_moved_to_places_alone(office: Office) -> None:
    line = Line(E164("+81988000001"), Profile.NTT, Location("那覇", "東京都"))
    with pytest.raises(OutOfRange, match="prefecture: the MA 那覇 lies in 沖縄県"):
        await office.upkeep.create(line, origin=OPERATOR)
    assert office.directory.line(line.number) is None
    await office.upkeep.create(replace(line, location=NAHA), origin=OPERATOR)
    with pytest.raises(OutOfRange, match="prefecture: "):
        await office.upkeep.change(NTT, LineChanges(ma="那覇"), origin=OPERATOR)
    moved = LineChanges(ma="那覇", prefecture="沖縄県")
    assert (await office.upkeep.change(NTT, moved, origin=OPERATOR)).location == NAHA


async def test_so_is_a_contract(office: Office) -> None:
    customer = await office.customers.create(
        NewCustomer(
            ContractKind.CONSUMER, "特番太郎", "100-0001", "東京都", "03-1234-5678", "a@b.jp"
        ),
        origin=OPERATOR,
    )
    new = NewContract(customer.id, "business", Profile.NTT, Location("東京", "大阪府"))
    with pytest.raises(OutOfRange, match="prefecture: the MA 東京 lies in 東京都"):
        await office.customers.open_contract(new, origin=OPERATOR)
    made = await office.customers.open_contract(replace(new, location=TOKYO), origin=OPERATOR)
    assert made.location == TOKYO
