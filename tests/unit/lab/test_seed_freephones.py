"""Freephone numbers in a seed file."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lab import seeds
from lab.areas import packaged
from provisioning.contract import E164, FreephoneOption
from provisioning.freephone.document import FreephoneDocument
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import Seed
from tests.support.orders import OPERATOR
from tests.support.storage import REALM
from tests.unit.lab.test_seeds import GOOD, refusal, write

NUMBER, LINE = E164("+81120000003"), E164("+81300000003")

ALWAYS = "[{begins: 00:00, ends: 24:00, value: false}]"
WEEK = ", ".join(
    f"{day}: {ALWAYS}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
)
SETUP = f"""
freephones:
  - number: 0120-000-003
    contract: K00000001
    setup:
      options: [off-hours, share-split]
      mobile: no
      groups:
        - name: 東
          areas:
            - {{level: region, name: 関東・甲信越}}
            - {{level: ma, name: 大阪, prefecture: 大阪府}}
          shares: {{lines: [0312345678], weights: [9]}}
      receptions:
        - line: 0312345678
          channels: 2
          off_hours: {{days: {{{WEEK}}}, dates: {{2026-12-31: {ALWAYS}}}}}
"""
"""As people write YAML: hardly anything is in quotes."""


def test_the_demo_has_a_freephone_number_that_its_line_shows() -> None:
    demo = seeds.demo()
    (only,) = demo.freephones
    assert (only.freephone.number, only.contract) == (NUMBER, "K00000001")
    assert only.freephone.groups[0].lines == (LINE,)
    assert NUMBER in {each.line.freephone for each in demo.lines}


def test_a_set_up_is_read_as_the_api_takes_it(tmp_path: Path) -> None:
    (found,) = seeds.load(write(tmp_path, GOOD + SETUP)).freephones
    one = found.freephone
    assert one.options == {FreephoneOption.OFF_HOURS, FreephoneOption.SHARE_SPLIT}
    assert (one.mobile, one.phs, one.receptions[0].channels) == (False, True, 2)
    shares, off_hours = one.groups[0].shares, one.receptions[0].off_hours
    assert shares is not None
    assert shares.weights == (9,)
    assert off_hours is not None
    assert date(2026, 12, 31) in off_hours.dates


@pytest.mark.rule("FREE-03")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weights: [9]", "weights: [10]", "setup, group 1, shares, weights: A weight is a whole"),
        ("weights: [9]", "weights: [many]", "weights 1: Input should be a valid integer"),
        ("name: 大阪,", "name: 江戸,", "group 1, areas: There is no area 大阪府江戸 (ma)."),
        ("ends: 24:00", "ends: 25:00", "A band lies between 00:00 and 24:00"),
        ("share-split]", "area-split]", "group 1, shares: This needs the option split by shares"),
        ("share-split]", "share-splits]", "share-splits"),
        ("channels: 2", "canals: 2", "canals: no such field; did you mean channels?"),
        ("number: 0120-000-003", "number: 0312345678", "must be a freephone number"),
        ("contract: K00000001", "", "contract: missing; every freephone has one"),
        ("line: 0312345678", "line: 0120000003", "0120000003 is a freephone number"),
    ],
)
def test_what_is_no_set_up_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert said in refusal(tmp_path, GOOD + SETUP.replace(old, new))


def test_a_number_stands_once(tmp_path: Path) -> None:
    twice = SETUP + SETUP.replace("\nfreephones:", "")
    assert "freephone 0120000003 stands twice" in refusal(tmp_path, GOOD + twice)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    settings = OfficeSettings(tmp_path / "data", REALM, geography=packaged().geography)
    opened = await Office.open(settings)
    try:
        yield opened
    finally:
        await opened.close()


async def test_a_number_is_contracted_once_and_is_the_office_s_from_then_on(
    office: Office,
) -> None:
    demo, freephones = seeds.demo(), office.freephones
    await office.plant(demo)
    kept = freephones.kept(NUMBER)
    assert (kept.contract, kept.version, kept.freephone) == (
        "K00000001",
        1,
        demo.freephones[0].freephone,
    )
    changed = replace(kept.freephone, guidance=False)
    await freephones.change(NUMBER, FreephoneDocument.of(changed), origin=OPERATOR)
    await office.plant(demo)
    assert freephones.of(NUMBER) == changed
    assert [fee.fee.item for fee in await freephones.owed(NUMBER)] == ["base", "base"]
    await freephones.remove(NUMBER, origin=OPERATOR)
    await office.plant(demo)
    assert freephones.of(NUMBER) is None


async def test_a_seed_that_leaves_it_out_leaves_it(office: Office) -> None:
    demo = seeds.demo()
    await office.plant(demo)
    await office.plant(Seed(demo.lines))
    assert office.freephones.of(NUMBER) is not None
